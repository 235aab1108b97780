"""`preau class plan` and `preau school plan`: choose, inherit again, and say which plans there are."""

import pytest

from appliance import cli
from appliance.school.models import Classroom


@pytest.fixture
def preau(world, monkeypatch, capsys):
    """Runs a command on the world's database; gives its exit code, what it printed and what it complained of."""
    monkeypatch.setattr("appliance.cli.service.open_database", lambda options: None)

    def run(*arguments):
        code = cli.main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_class_says_its_plan_and_its_storage(preau):
    code, out, _err = preau("class", "plan", "CM1 A")
    assert code == 0 and "standard (inherited)" in out and "0.00 GB, of 10 GB" in out and "comfort  no" in out


def test_a_plan_and_comfort_are_chosen_and_given_back(preau, world):
    assert "plan     libre\nstorage  0.00 GB, no limit" in preau("class", "plan", "CM1 A", "libre")[1]
    out = preau("class", "plan", "CM1 A", "--comfort", "yes")[1]
    assert "plan     libre\n" in out and "comfort  yes" in out
    assert "standard (inherited)" in preau("class", "plan", "CM1 A", "--inherit")[1]
    assert Classroom.get(Classroom.name == "CM1 A").family_comfort


def test_a_school_s_plan_is_that_of_its_classes(preau):
    assert "plan     initiale\n" in preau("school", "plan", "0750001A", "initiale")[1]
    assert "initiale (inherited)" in preau("class", "plan", "CE1")[1]
    assert "standard (the default)" in preau("school", "plan", "École Jules-Ferry", "--inherit")[1]


def test_an_unknown_plan_is_refused_with_those_that_exist(preau, world):
    for command in (("class", "plan", "CM1 A", "gold"), ("school", "plan", "0750001A", "gold")):
        code, _out, err = preau(*command)
        assert code == 1 and "initiale, standard, plus, libre" in err and "[plans.gold]" in err
    assert preau("class", "plan", "CM1 A", "plus", "--inherit")[0] == 1
    assert world.cm1.plan == ""
