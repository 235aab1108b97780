"""`preau class`: creates, lists, shows, staffs; and says what to do when it cannot."""

import json

import pytest

from appliance import cli
from appliance.school.models import Classroom, Membership


@pytest.fixture
def preau(world, monkeypatch, capsys):
    """Runs a command on the world's database; gives its exit code, what it printed and what it complained of."""
    monkeypatch.setattr("appliance.cli.service.open_database", lambda options: None)

    def run(*arguments):
        code = cli.main(["class", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_class_is_created_with_its_key_and_the_next_step(preau, world):
    code, out, _err = preau("create", "--school", "0750001A", "--name", "CE2 B", "--level", "CE2")
    made = Classroom.get(Classroom.name == "CE2 B")
    assert code == 0 and made.join_code in out and 'class teacher "CE2 B"' in out
    code, _out, err = preau("create", "--school", "École Jules-Ferry", "--name", "CE2 B")
    assert code == 1 and "porte déjà ce nom" in err


@pytest.mark.parametrize(("name", "level"), [("", "CE2"), ("x" * 101, "CE2"), ("CE2 B", "x" * 51)])
def test_a_name_or_a_level_that_no_column_holds_is_refused(preau, name, level):
    code, _out, err = preau("create", "--school", "0750001A", "--name", name, "--level", level)
    assert code == 1 and "signs" in err


def test_the_school_must_be_named_when_there_are_several(preau):
    code, _out, err = preau("create", "--name", "CE2 B")
    assert code == 1 and "--school" in err and "École du Moulin" in err


def test_the_list_is_readable_by_people_and_programs(preau):
    assert "CM1 A" in preau("list")[1]
    rows = json.loads(preau("list", "--json", "--school", "0750001A")[1])
    assert {row["name"]: row["pupils"] for row in rows} == {"CE1": 2, "CM1 A": 3}


def test_a_class_shows_its_team_and_no_pupil(preau, world):
    out = preau("show", "cm1 a")[1]
    assert "teacher@demo.test" in out and world.cm1.join_code in out and "Léa" not in out
    assert preau("show", "CM9")[0] == 1


def test_a_teacher_is_given_and_taken_away(preau, world):
    assert preau("teacher", "CM1 A", "Teacher2@demo.test")[0] == 0
    assert Membership.get(account=world.account("teacher2"), classroom=world.cm1).role == "teacher"
    assert preau("teacher", "CM1 A", "teacher2@demo.test", "--remove")[0] == 0
    code, _out, err = preau("teacher", "CM1 A", "teacher@demo.test", "--remove")
    assert code == 1 and "au moins un enseignant" in err
    code, _out, err = preau("teacher", "CM1 A", "nobody")
    assert code == 1 and "account create" in err


def test_the_help_teaches(preau, capsys):
    with pytest.raises(SystemExit):
        cli.main(["class", "--help"])
    assert "preau --config F class create" in capsys.readouterr().out
