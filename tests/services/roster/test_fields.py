"""A cell is read as what it says or left out; it is never repaired."""

from datetime import date

import pytest

from appliance.services.roster.fields import read_date, read_email, read_flag, read_gender, read_ine, read_phone


@pytest.mark.parametrize(
    "text", ["2015-03-02", "02/03/2015", "2/3/2015", "02-03-2015", "02.03.2015", "2015-03-02 00:00:00", "2015/03/02"]
)
def test_both_ways_of_writing_a_date_are_read(text):
    assert read_date(text) == (date(2015, 3, 2), None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("31/02/2015", "bad_date"),
        ("2015-02-29", "bad_date"),
        ("03/17/2015", "bad_date"),
        ("0000-00-00", "bad_date"),
        ("02/03/15", "short_year"),
        ("1015-03-02", "bad_date"),
        ("42065", "bad_date"),
        ("2 mars 2015", "bad_date"),
        ("٠٢/٠٣/٢٠١٥", "bad_date"),
    ],
)
def test_an_impossible_date_is_no_date(text, kind):
    assert read_date(text) == (None, kind)


def test_an_empty_date_is_no_problem():
    assert read_date("") == (None, None)


def test_a_flag_is_yes_no_or_not_said():
    assert [read_flag(text) for text in ("Oui", "OUI ", "o")] == [(True, True)] * 3
    assert [read_flag(text) for text in ("Non", "NON", "n")] == [(False, True)] * 3
    assert read_flag("") == (None, True)
    assert read_flag("peut-être") == (None, False)


def test_gender_is_read_in_the_old_and_the_new_way():
    assert [read_gender(text)[0] for text in ("F", "H", "M", "Garçon", "", "?")] == ["F", "M", "M", "M", "", ""]
    assert read_gender("?")[1] is False


def test_an_ine_has_eleven_signs():
    assert read_ine("1111111111A") == ("1111111111A", True)
    assert read_ine("120890177 fk") == ("120890177FK", True)
    assert read_ine("") == (None, True)
    assert read_ine("123") == (None, False)


@pytest.mark.parametrize("text", ["anne@exemple.fr", "anne.o-brien+ecole@sous.exemple.fr", "éva@exemple.fr"])
def test_an_address_is_kept_as_written(text):
    assert read_email(text) == (text, True)


@pytest.mark.parametrize("text", ["anne", "a@", "@exemple.fr", "a b@exemple.fr", "a@b", "a@b.fr, c@d.fr", "<a@b.fr>"])
def test_what_is_no_address_is_left_out(text):
    assert read_email(text) == ("", False)


def test_a_telephone_is_mostly_digits():
    assert read_phone("06 12 34 56 78") == ("06 12 34 56 78", True)
    assert read_phone("+33 (0)6.12.34.56.78") == ("+33 (0)6.12.34.56.78", True)
    assert read_phone("rappeler") == ("", False)
    assert read_phone("06 12 34 56 78 <script>") == ("", False)
