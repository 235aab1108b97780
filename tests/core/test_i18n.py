"""Texts: French is the source, zero is singular in French, an unknown language is French."""

from appliance.core import i18n


def test_zero_is_singular_in_french():
    with i18n.speaking("fr"):
        assert i18n.ngettext("%(num)s photo", "%(num)s photos", 0) == "0 photo"
        assert i18n.ngettext("%(num)s photo", "%(num)s photos", 2) == "2 photos"


def test_an_unknown_language_is_french():
    with i18n.speaking("xx"):
        assert i18n.current() == "fr"


def test_a_letter_speaks_its_readers_language_and_gives_it_back():
    before = i18n.current()
    with i18n.speaking("ar"):
        assert i18n.direction() in ("rtl", "ltr")
    assert i18n.current() == before


def test_a_percent_sign_in_a_text_without_values_stays():
    assert i18n._("100 %") == "100 %"


def test_an_error_whose_text_is_lazy_is_said_in_every_language():
    from appliance.core.errors import DomainError
    from appliance.core.i18n import languages, lazy_, speaking

    class Damaged(DomainError):
        default = lazy_("Ce fichier est abîmé.")

    for language in languages():
        with speaking(language):
            assert Damaged().message and isinstance(Damaged().message, str)
