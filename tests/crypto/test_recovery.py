"""Codes on paper: read without doubt, a typo told apart from a wrong code, only a keyed hash kept."""

import itertools

import pytest

from appliance.crypto import recovery
from appliance.crypto.errors import BadCode, CodeProblem

KEY = bytes(range(32))


def problem_of(text):
    with pytest.raises(BadCode) as caught:
        recovery.parse_code(text)
    return caught.value.problem


def test_a_new_code_is_printed_in_three_groups_and_reads_back():
    codes = {recovery.new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert len(code) == 14 and code[4] == code[9] == "-"
        assert not set(code) & set("ILOU")
        assert recovery.format_code(recovery.parse_code(code)) == code


@pytest.mark.parametrize(
    "typed",
    ["0123-4567-89AK", "0123 4567 89ak", "o1234567 89ak", "oI23\u202f4567–89Ak", " 0l23-4567-89AK\n", "0123.4567.89ak"],
)
def test_case_separators_and_look_alikes_do_not_matter(typed):
    assert recovery.parse_code(typed) == "0123456789AK"
    assert recovery.hash_code(KEY, typed) == recovery.hash_code(KEY, "0123456789AK")


def test_any_single_wrong_character_is_noticed():
    code = recovery.parse_code(recovery.new_code())
    for position, character in itertools.product(range(12), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"):
        if character != code[position]:
            assert problem_of(code[:position] + character + code[position + 1 :]) is CodeProblem.CHECK


def test_any_two_exchanged_characters_are_noticed():
    code = "0123456789AK"
    for first, second in itertools.combinations(range(12), 2):
        swapped = list(code)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        assert problem_of("".join(swapped)) is CodeProblem.CHECK


def test_what_is_no_code_is_said_so():
    assert problem_of("") is CodeProblem.LENGTH
    assert problem_of("0123-4567-89A") is CodeProblem.LENGTH
    assert problem_of("0123-4567-89AKK") is CodeProblem.LENGTH
    assert problem_of("0" * 10_000) is CodeProblem.LENGTH
    for odd in ("U", "é", "!", "\0", "٣", "𝟙"):
        assert problem_of(f"0123-4567-89A{odd}") is CodeProblem.CHARACTER


def test_longer_codes_work_the_same():
    code = recovery.new_code(20)
    assert code.count("-") == 4
    assert len(recovery.hash_code(KEY, code, 20)) == 32
    for length in (4, 13, 32):
        with pytest.raises(ValueError):
            recovery.new_code(length)


def test_the_stored_hash_depends_on_the_key_and_the_code():
    first, second = recovery.new_code(), recovery.new_code()
    hashes = {recovery.hash_code(KEY, first), recovery.hash_code(KEY, second), recovery.hash_code(bytes(32), first)}
    assert len(hashes) == 3
