import random
import time

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.diffs import list_changes

OLD = "Sortie le lundi 12 mai à la piscine.\nPrévoir un maillot."


def test_changed_words_are_shown_between_the_ones_that_stay():
    new = "Sortie le mardi 13 mai à la piscine.\nPrévoir un maillot et une serviette."
    assert list_changes(OLD, new) == [
        ("same", "Sortie le "),
        ("removed", "lundi 12"),
        ("added", "mardi 13"),
        ("same", " mai à la piscine.\nPrévoir un maillot"),
        ("added", " et une serviette"),
        ("same", "."),
    ]


def test_a_changed_word_is_shown_whole_and_never_by_its_letters():
    assert list_changes("à 8h30 précises", "à 8h45 précises") == [
        ("same", "à "),
        ("removed", "8h30"),
        ("added", "8h45"),
        ("same", " précises"),
    ]


def test_equal_texts_have_no_change():
    assert list_changes(OLD, OLD) == [("same", OLD)]
    assert list_changes("", "") == []


def test_a_text_that_appears_or_disappears_is_one_piece():
    assert list_changes("", OLD) == [("added", OLD)]
    assert list_changes(OLD, "") == [("removed", OLD)]


def test_a_long_text_is_compared_line_by_line():
    lines = [f"ligne {number} : rendez-vous devant l’école avec un goûter" for number in range(700)]
    changed = [*lines[:100], "une autre ligne", *lines[101:600], *lines[601:]]
    changes = list_changes("\n".join(lines), "\n".join(changed))
    assert ("added", "une autre ligne\n") in changes
    assert ("removed", lines[600] + "\n") in changes


few_words = st.lists(st.sampled_from(["a", "b", "é", ".", " ", "\n", "  ", "’", "mot"]), max_size=60).map("".join)


@given(old=few_words | st.text(max_size=80), new=few_words | st.text(max_size=80))
def test_nothing_is_invented_or_lost(old, new):
    changes = list_changes(old, new)
    assert "".join(text for kind, text in changes if kind != "added") == old
    assert "".join(text for kind, text in changes if kind != "removed") == new
    assert all(text for _, text in changes)
    assert all(one[0] != other[0] for one, other in zip(changes, changes[1:], strict=False))


def test_the_worst_texts_cost_no_more_than_ordinary_patience():
    chance = random.Random(1)

    def letters(count, alphabet, end):
        return "".join(chance.choice(alphabet) + end for _ in range(count))

    pairs = [
        (letters(50_000, "ab", " "), letters(50_000, "ab", " ")),
        (letters(50_000, "ab", "\n"), letters(50_000, "ab", "\n")),
        (letters(230, "ab", " "), letters(230, "ab", " ")),
        ("a" * 100_000, "b" * 100_000),
        (" \n" * 50_000, "\n " * 50_000),
    ]
    began = time.process_time()
    for old, new in pairs:
        list_changes(old, new)
    assert time.process_time() - began < 5
