"""`preau account`: opens, lists, closes, resets and appoints; and no password ever stands on a command line."""

import io
import json
import re

import pytest

from appliance import cli
from appliance.cli import accounts as group
from appliance.school.models import Account, Office
from appliance.services.people import accounts, resets

GOOD = "quatre chevaux bleus dansent"


@pytest.fixture
def preau(world, monkeypatch, capsys):
    """Runs a command on the world's database; gives its exit code, what it printed and what it complained of."""
    monkeypatch.setattr("appliance.cli.service.open_database", lambda options: None)

    def run(*arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = cli.main(["account", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_an_account_without_password_gets_a_one_time_code_that_works(preau, world):
    code, out, _err = preau("create", "--email", "Claire.Fontaine@ecole.test", "--office", "admin")
    assert code == 0
    printed = re.search(r"code ([0-9A-Z-]{14})", out)[1]
    account = resets.reset_password(printed, GOOD)
    assert (account.identifier, account.first_name, account.last_name) == (
        "claire.fontaine@ecole.test",
        "Claire",
        "Fontaine",
    )
    assert Office.get(Office.account == account).role == "admin"


def test_a_password_comes_from_standard_input_or_a_prompt_and_is_never_printed(preau, monkeypatch):
    code, out, err = preau("create", "--identifier", "ada", "--password-stdin", typed=f"{GOOD}\n")
    assert code == 0 and GOOD not in out + err
    assert accounts.authenticate("ada", GOOD)
    monkeypatch.setattr(group.getpass, "getpass", lambda _question: GOOD)
    assert preau("create", "--identifier", "bob", "--password-prompt")[0] == 0
    assert accounts.authenticate("bob", GOOD)


def test_two_different_passwords_create_nothing(preau, monkeypatch):
    answers = iter([GOOD, "another one altogether"])
    monkeypatch.setattr(group.getpass, "getpass", lambda _question: next(answers))
    code, _out, err = preau("create", "--identifier", "bob", "--password-prompt")
    assert code == 1 and "differ" in err
    assert not Account.select().where(Account.identifier == "bob").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "--email", "guardian1@demo.test"),
        ("create", "--email", "not an address"),
        ("create", "--email", "a@b.test", "--office", "admin", "--school", "Nowhere"),
        ("disable", "nobody"),
        ("reset", "nobody"),
        ("office", "guardian1@demo.test", "admin", "--withdraw"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(preau, arguments):
    before = Account.select().count(), Office.select().count()
    code, _out, err = preau(*arguments)
    assert code == 1 and err.startswith("preau: ") and len(err) > 20
    assert (Account.select().count(), Office.select().count()) == before


def test_a_weak_password_is_refused_before_anything_is_written(preau):
    assert preau("create", "--identifier", "ada", "--password-stdin", typed="court\n")[0] == 1
    assert not Account.select().where(Account.identifier == "ada").exists()


def test_closing_and_opening_again(preau, world):
    assert preau("disable", "Guardian1@demo.test")[0] == 0
    assert world.account("guardian1").disabled_at is not None
    assert preau("enable", "guardian1@demo.test")[0] == 0
    assert world.account("guardian1").disabled_at is None


def test_a_reset_prints_a_code_and_nothing_else(preau, world):
    code, out, _err = preau("reset", "guardian1@demo.test")
    assert code == 0 and resets.check_code(out.strip()) == world.account("guardian1")


def test_an_office_over_one_school_is_given_and_withdrawn(preau, world):
    arguments = ("office", "teacher@demo.test", "principal", "--school", "0750001A")
    assert preau(*arguments)[0] == 0
    office = Office.get(Office.account == world.account("teacher"))
    assert office.school.name == "École Jules-Ferry"
    assert preau(*arguments, "--withdraw")[0] == 0
    assert not Office.select().where(Office.account == world.account("teacher")).exists()


def test_the_list_tells_offices_and_states_and_no_hash(preau):
    code, out, _err = preau("list", "--json")
    rows = {row["identifier"]: row for row in json.loads(out)}
    assert code == 0 and rows["dpo@demo.test"]["offices"] == ["dpo"] and rows["dpo@demo.test"]["state"] == "open"
    assert "argon2" not in out and "argon2" not in preau("list")[1]


def test_no_option_takes_a_password_and_the_help_teaches(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["account", "create", "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert "--password-stdin" in text and "--password-prompt" in text and "/reinitialiser" in text
    assert not re.search(r"--password[ =]\S*[A-Z]", text)


def test_a_password_that_nobody_is_there_to_type_names_the_other_way(preau, monkeypatch):
    def closed(_prompt):
        raise EOFError

    monkeypatch.setattr(group.getpass, "getpass", closed)
    code, _out, err = preau("create", "--email", "a@ecole.test", "--password-prompt")
    assert code == 1 and "--password-stdin" in err and not Account.select().where(Account.email == "a@ecole.test")
