"""Two spellings of one name are one key; two names are two."""

import pytest

from appliance.services.roster.matching import address_key, civility_key, header_key, name_key, phone_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LEFÈVRE", "Lefevre"),
        ("LE  COQ", " le coq "),
        ("Jean-Paul", "JEAN PAUL"),
        ("Jean‑Paul", "jean–paul"),
        ("O'BRIEN", "O’Brien"),
        ("O BRIEN", "O`Brien"),
        ("D'\u00a0Arc", "d arc"),
        ("Cœur", "COEUR"),
        ("LÆTITIA", "Laetitia"),
        ("e\u0301le\u0300ve", "ÉLÈVE"),
        ("Weiß", "WEISS"),
        ("Łukasz", "Lukasz"),
        ("Ana\u200bïs", "anais"),
        ("ﬁona", "Fiona"),
    ],
)
def test_spellings_of_one_name_are_one_key(one, other):
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("Léa", "Léo"), ("CE1", "CE2"), ("OBRIEN", "O'BRIEN"), ("محمد", "أحمد")])
def test_different_names_are_different_keys(one, other):
    assert name_key(one) != name_key(other)


def test_only_what_shows_nothing_has_no_key():
    assert [name_key(text) for text in ("", " \u00a0", "\u200b\ufeff")] == ["", "", ""]
    assert name_key("-") and name_key("'") and name_key("👩‍👧")


def test_titles_are_letters_and_digits():
    assert header_key(" Cycle") == "cycle"
    assert header_key("Né(e) le") == "neele"
    assert header_key("NOM D’USAGE  ÉLÈVE *") == header_key("Nom d'usage Elève")


def test_punctuation_does_not_make_two_addresses():
    assert address_key("12, rue de l'Église", "61000", "Alençon") == address_key(
        "12 RUE DE L EGLISE", "61000", "ALENCON"
    )
    assert address_key("12 rue X", "61000", "A") != address_key("1 2 rue X", "61000", "A")


def test_civilities_and_telephones_are_compared_by_what_they_say():
    assert {civility_key(text) for text in ("Mme", "MME", "Mlle", "Madame")} == {"F"}
    assert {civility_key(text) for text in ("M.", "Mr", "monsieur")} == {"M"} and civility_key("Dr") == ""
    assert phone_key("+33 6 12 34 56 78") == phone_key("0033612345678") == phone_key("06.12.34.56.78")
    assert phone_key("12") == ""
