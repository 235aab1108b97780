"""What a command line names is found in the same way by every command; what isn't is answered with what there is."""

from datetime import date

import pytest

from appliance import cli
from appliance.cli import finding
from appliance.core.errors import ConfigError


@pytest.fixture
def preau(world, monkeypatch, capsys):
    """Runs a command on the world's database; gives its exit code, what it printed and what it complained of."""
    monkeypatch.setattr("appliance.cli.service.open_database", lambda options: None)

    def run(*arguments):
        code = cli.main(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("school", ["École Jules-Ferry", "ecole jules ferry", "0750001a"])
@pytest.mark.parametrize(
    "command",
    [
        ("class", "create", "--name", "CE2 B", "--school"),
        ("class", "show", "CM1 A", "--school"),
        ("account", "create", "--email", "a@b.test", "--office", "principal", "--school"),
        ("school", "plan"),
    ],
    ids=" ".join,
)
def test_every_command_knows_a_school_by_its_name_however_typed_and_by_its_number(preau, command, school):
    code, _out, err = preau(*command, school)
    assert code == 0, err


def test_a_school_that_is_not_there_is_answered_with_those_that_are(preau):
    code, _out, err = preau("account", "create", "--email", "a@b.test", "--office", "admin", "--school", "Nowhere")
    assert code == 1 and "no school 'Nowhere'" in err and "École du Moulin" in err and "École Jules-Ferry" in err


def test_a_class_of_another_year_is_found_by_that_year_only(world):
    year = world.cm1.year.name
    assert finding.get_classroom("cm1 a", None, year) == world.cm1
    with pytest.raises(ConfigError, match="in 1999-2000. See: preau class list --all-years"):
        finding.get_classroom("CM1 A", None, "1999-2000")


def test_in_august_a_name_means_the_class_of_the_year_that_begins(preau, world, clock):
    clock.advance(days=(date(2026, 8, 25) - clock.today()).days)
    code, _out, err = preau("class", "show", "CM1 A")
    assert code == 1 and "this school year" in err
    assert preau("class", "create", "--name", "CM1 A", "--school", "0750001A")[0] == 0
    assert finding.get_classroom("CM1 A", None).year.name == "2026-2027"
    assert finding.get_classroom("CM1 A", None, "2025-2026").year.name == "2025-2026"
    assert preau("class", "teacher", "CM1 A", "teacher2@demo.test")[0] == 0


def test_a_class_is_closed_once_its_name_was_typed_again(preau, world):
    year = world.cm1.year.name
    code, out, _err = preau("class", "close", "CM1 A", "--year", year, "--confirm", "CM1 B")
    assert code == 1 and "Nothing was destroyed" in out and "posts" in out
    assert preau("class", "close", "CM1 A", "--year", year, "--confirm", "CM1 A")[0] == 0
    code, _out, err = preau("class", "close", "CM1 A", "--year", year, "--confirm", "CM1 A")
    assert code == 1 and "closed already" in err
