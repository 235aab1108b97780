"""New passwords: twelve characters of any kind, neither known to everyone nor guessed from who the person is."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.crypto.password_rule import PasswordProblem, blocklist, check_password

PERSON = ["Marie", "Dupont-Lévêque", "marie.dupont@orange.fr", "École Jean-Jaurès", "CM1 B"]


@pytest.mark.parametrize(
    "password",
    [
        "preau-demo-password",
        "cheval correct pile agrafe",
        "les chats dorment au grenier",
        "tN7#qLw9!xPz",
        "été-à-la-plage",
        "une vache bleue à Nantes",
        "Marie mange 12 tomates",
        "xK2 azertyuiop vRt8q",
        "пароль-из-двенадцати",
        "密码密码一二三四五六七八九十",
        "a" * 100 + "tu viens demain ?",
        "🐈 dort 🐕 aboie la nuit",
    ],
)
def test_long_passwords_of_any_kind_are_taken(password):
    assert check_password(password, PERSON) is None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", PasswordProblem.TOO_SHORT),
        ("tN7#qLw9!xP", PasswordProblem.TOO_SHORT),
        ("x" * 257, PasswordProblem.TOO_LONG),
        ("x" * 100_000, PasswordProblem.TOO_LONG),
        ("tN7#qLw9!\0xPz", PasswordProblem.UNREADABLE),
        ("tN7#qLw9!\nxPz", PasswordProblem.UNREADABLE),
        ("\ud800tN7#qLw9!xPz", PasswordProblem.UNREADABLE),
        ("aaaaaaaaaaaa", PasswordProblem.REPEATED),
        ("abababababab", PasswordProblem.REPEATED),
        ("AbcabCabcabcab", PasswordProblem.REPEATED),
        ("            ", PasswordProblem.REPEATED),
        ("123456789012", PasswordProblem.SEQUENCE),
        ("0987654321098", PasswordProblem.SEQUENCE),
        ("azertyuiop12", PasswordProblem.SEQUENCE),
        ("Qsdfghjklm1!", PasswordProblem.SEQUENCE),
        ("abcdefghijkl", PasswordProblem.SEQUENCE),
        ("poiuytrezaAZ", PasswordProblem.SEQUENCE),
        ("azerty123456", PasswordProblem.SEQUENCE),
        ("&é\"'(-è_çà)=", PasswordProblem.SEQUENCE),
        ("1q2w3e4r5t6y", PasswordProblem.SEQUENCE),
        ("motdepasse2024!", PasswordProblem.COMMON),
        ("MotDePasse1234", PasswordProblem.COMMON),
        ("M0td3p4ss3!!!", PasswordProblem.COMMON),
        ("p@ssw0rdp@ssw0rd", PasswordProblem.COMMON),
        ("soleilsoleil", PasswordProblem.COMMON),
        ("Soleil2024!!", PasswordProblem.COMMON),
        ("jetaimemonamour", PasswordProblem.COMMON),
        ("Une souris verte", PasswordProblem.COMMON),
        ("Doudou-10/05/2018", PasswordProblem.COMMON),
        ("marie.dupont@orange.fr", PasswordProblem.CONTEXT),
        ("MarieDupont1984", PasswordProblem.CONTEXT),
        ("leveque-marie", PasswordProblem.CONTEXT),
        ("mdupontleveque", PasswordProblem.CONTEXT),
        ("École Jean-Jaurès", PasswordProblem.CONTEXT),
        ("ecolejeanjaures2025", PasswordProblem.CONTEXT),
        ("Préau-École-2025", PasswordProblem.CONTEXT),
    ],
)
def test_passwords_that_are_tried_first_are_refused(password, problem):
    assert check_password(password, PERSON) is problem


def test_length_is_counted_in_composed_characters():
    eleven = unicodedata.normalize("NFD", "éàèùçêîôûëï")
    assert len(eleven) == 22
    assert check_password(eleven) is PasswordProblem.TOO_SHORT
    assert check_password(unicodedata.normalize("NFD", "éàèù çêîô ûëïü")) is None


def test_who_the_person_is_matters_only_to_that_person():
    assert check_password("gwendal.kerguelen", ["Gwendal", "Kerguelen"]) is PasswordProblem.CONTEXT
    assert check_password("gwendal.kerguelen", PERSON) is None


def test_odd_context_words_are_harmless():
    assert check_password("les chats dorment au grenier", ["", " ", "@", "l", "les", "é"]) is None


def test_the_list_holds_what_it_says():
    words = blocklist()
    assert len(words) > 1000
    assert {"motdepasse", "azertyuiop", "doudou", "jetaime", "allezlom"} <= words
    assert all(word == word.casefold() and word.isalnum() for word in words)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_gets_an_answer(password, words):
    answer = check_password(password, words)
    assert answer is None or isinstance(answer, PasswordProblem)
