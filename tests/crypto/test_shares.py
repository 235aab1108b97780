"""Shares of the master key: any k give it back, fewer give nothing, a typo is told."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.crypto import shares
from appliance.crypto.errors import KeyFileError
from appliance.crypto.keyring import Kek, new_key


@given(st.binary(min_size=32, max_size=32), st.integers(2, 5), st.integers(0, 3), st.randoms())
def test_any_k_of_n_give_the_key_back(key, need, more, luck):
    texts = shares.split(Kek(key), need, need + more)
    chosen = luck.sample(texts, need)
    assert shares.combine("\n".join(chosen)).key == key


def test_every_choice_of_two_of_four_works_and_one_does_not():
    kek = Kek(new_key())
    texts = shares.split(kek, 2, 4)
    for pair in itertools.combinations(texts, 2):
        assert shares.combine("".join(pair)) == kek
    with pytest.raises(KeyFileError, match="1 of 2 shares"):
        shares.combine(texts[0] + texts[0])


def test_one_share_less_says_nothing_about_the_key():
    """Every byte of a share is spread evenly whatever the key: chi-squared over 256 values."""
    counts = [0] * 256
    for _ in range(400):
        text = shares.split(Kek(bytes(32)), 2, 2)[0]
        digits = text.split("data: ")[1].split("\n")[0].replace(" ", "")
        for value in bytes.fromhex(digits):
            counts[value] += 1
    expected = sum(counts) / 256
    assert sum((count - expected) ** 2 / expected for count in counts) < 400  # 255 degrees: p < 1e-7


def test_a_wrong_character_names_its_share():
    texts = shares.split(Kek(new_key()), 2, 3)
    digits = texts[1].split("data: ")[1][0]
    wrong = texts[1].replace(f"data: {digits}", f"data: {'0' if digits != '0' else '1'}")
    with pytest.raises(KeyFileError, match="share 2 has a wrong character"):
        shares.combine(texts[0] + wrong)


def test_shares_of_two_keys_are_not_mixed():
    first, second = shares.split(Kek(new_key()), 2, 2), shares.split(Kek(new_key()), 2, 2)
    with pytest.raises(KeyFileError, match="different keys"):
        shares.combine(first[0] + second[1])


@pytest.mark.parametrize("numbers", [(1, 3), (4, 3), (2, 17)])
def test_impossible_splits_are_refused(numbers):
    with pytest.raises(ValueError):
        shares.split(Kek(new_key()), *numbers)


def test_case_and_line_ends_do_not_matter():
    kek = Kek(new_key())
    text = "".join(random.sample(shares.split(kek, 2, 2), 2))
    assert shares.combine(text.upper().replace("\n", "\r\n").replace("PREAU-KEY-SHARE V1", shares.HEADER)) == kek


def test_a_share_that_is_not_whole_is_not_said_to_be_missing():
    """Whoever holds both sheets must not be sent for a third one."""
    texts = shares.split(Kek(new_key()), 2, 3)
    cut = texts[1].replace(texts[1].split("data: ")[1][:9], "", 1)
    with pytest.raises(KeyFileError, match="only 1 of the 2 shares that were typed can be read"):
        shares.combine(texts[0] + cut)


def test_sheets_of_another_day_do_not_hide_those_that_go_together():
    """Printed anew for the same key, by the same number of people: the older sheets are still in somebody's safe."""
    kek = Kek(new_key())
    older, newer = shares.split(kek, 2, 3), shares.split(kek, 2, 3)
    assert shares.combine(newer[0] + newer[1] + older[0]) == kek
    assert shares.combine(older[2] + newer[0] + newer[1]) == kek
    with pytest.raises(KeyFileError, match="not printed together"):
        shares.combine(older[0] + newer[1])


def test_a_share_typed_by_hand_is_known_by_its_first_line():
    kek = Kek(new_key())
    typed = "\n\n".join(shares.split(kek, 2, 2)).upper().replace("V1", " v1")
    assert shares.are_in(typed) and shares.combine(typed) == kek


def test_a_share_of_no_sheet_is_refused():
    """One made up, with a right check: numbers that no split gives must not be reckoned with."""
    kek = Kek(new_key())
    made_up = [shares._format(kek.id, 2, 3, number, bytes(32)) for number in (0, 300)]
    with pytest.raises(KeyFileError, match="there is no share"):
        shares.combine("".join(made_up))
