"""Accounts: who may open one, what a password must be, and how guessing is slowed."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.core import clock as core_clock
from appliance.core.config import Security
from appliance.core.errors import Refused
from appliance.crypto.passwords import PasswordProblem
from appliance.school.models import Account, Session
from appliance.school.policy import SYSTEM
from appliance.services import audit
from appliance.services.people import accounts, identifiers, joining, passwords, resets, throttle
from appliance.services.people.models import SignInAttempt
from appliance.storage.database import transaction
from tests.support.world import PASSWORD

GOOD = "quatre chevaux bleus dansent"


@pytest.fixture(autouse=True)
def _limits():
    accounts.configure(Security())
    yield
    accounts.configure(Security())


def person(**changes):
    return accounts.Person(**{"first_name": "Ada", "last_name": "Byron", "identifier": "ada@demo.test", **changes})


def last_event() -> str:
    row = audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).first()
    return re.search(rb'"event":"([a-z_]+)"', row.entry)[1].decode()


def test_an_opened_account_signs_in_with_its_password_only(world):
    account = accounts.create_account(None, person(), GOOD)
    assert last_event() == "user_created"
    assert accounts.authenticate("ADA@demo.test", GOOD) == account
    with pytest.raises(accounts.WrongPassword):
        accounts.authenticate("ada@demo.test", GOOD + "!")
    assert GOOD not in Account.get_by_id(account.id).password_hash


def newcomer(first="Marc", last="Lefort", email="") -> Account:
    return accounts.open_account(accounts.Person(first, last, email=email), "")


@pytest.mark.parametrize(
    ("first", "last", "made"),
    [
        ("Marc", "Lefort", "marc.lefort"),
        ("Hélène", "L’Œuvré de Saint-Éloi", "helene.l-oeuvre-de-saint-eloi"),
        ("نادية", "Ben Ali", "ben-ali"),
        ("نادية", "بن علي", "compte"),
        ("x" * 100, "y" * 100, f"{'x' * 60}.{'y' * 60}"),
    ],
)
def test_a_made_identifier_is_the_name_without_accents_and_four_digits(world, first, last, made):
    assert re.fullmatch(re.escape(made) + r"\.[0-9]{4}", newcomer(first, last).identifier)


def test_made_identifiers_are_never_the_same_and_a_taken_one_is_passed_over_in_silence(world, monkeypatch):
    drawn = iter([7, 7, 7, 8])
    monkeypatch.setattr(identifiers.secrets, "randbelow", lambda _most: next(drawn))
    with transaction():  # the rows around it are kept
        assert [newcomer().identifier for _i in range(2)] == ["marc.lefort.0007", "marc.lefort.0008"]
    assert Account.select().where(Account.last_name == "Lefort").count() == 3


def test_a_name_whose_numbers_are_all_taken_gets_a_longer_one(world, monkeypatch):
    monkeypatch.setattr(identifiers.secrets, "randbelow", lambda most: most - 1)
    assert [newcomer().identifier for _i in range(2)] == ["marc.lefort.9999", "marc.lefort.99999999"]


def test_whoever_opens_an_account_may_have_anybodys_address(world):
    account = newcomer(email="Guardian2@demo.test")
    assert account.email == "guardian2@demo.test"
    assert accounts.authenticate("guardian2@demo.test", PASSWORD) == world.account("guardian2")


def test_an_address_given_as_identifier_is_also_the_address_for_mail(world):
    assert accounts.create_account(None, person(), GOOD).email == "ada@demo.test"
    assert accounts.create_account(None, person(identifier="ada.b"), GOOD).email == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_name": " \t"}, "first_name"),
        ({"last_name": "x" * 101}, "last_name"),
        ({"identifier": ""}, "identifier"),
        ({"identifier": "ab"}, "identifier"),
        ({"identifier": "x" * 255}, "identifier"),
        ({"identifier": "guardian1@demo.test"}, "identifier"),
        ({"email": "not an address"}, "email"),
        ({"email": "a@b.c, d@e.f"}, "email"),
        ({"email": "é@demo.test"}, "email"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_written(world, changes, field):
    before = Account.select().count()
    with pytest.raises(Refused) as refused:
        accounts.create_account(None, person(**changes), GOOD)
    assert refused.value.field == field and refused.value.message
    assert Account.select().count() == before


def test_a_name_is_kept_without_its_control_signs(world):
    account = accounts.create_account(None, person(first_name="A\x00d\u202ea\r\n", last_name="  By  ron "), GOOD)
    assert (account.first_name, account.last_name) == ("Ada", "By ron")


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("court", PasswordProblem.TOO_SHORT),
        ("x" * 300, PasswordProblem.TOO_LONG),
        ("bonjour\x00bonsoir", PasswordProblem.UNREADABLE),
        ("abababababab", PasswordProblem.REPEATED),
        ("azertyuiop12345", PasswordProblem.SEQUENCE),
        ("AdaByron2025", PasswordProblem.CONTEXT),
        ("motdepasse123", PasswordProblem.COMMON),
    ],
)
def test_each_reason_to_refuse_a_password_has_its_own_plain_words(world, password, problem):
    with pytest.raises(Refused) as refused:
        accounts.create_account(None, person(), password)
    assert refused.value.message == str(passwords.WORDS[problem])
    assert refused.value.field == "password"


@pytest.mark.parametrize("key", ["guardian1", "teacher", "principal"])
@pytest.mark.parametrize("way", ["change", "reset"])
def test_no_password_is_made_of_the_name_of_ones_school(world, key, way):
    guessed = "ecole-jules-ferry-2025"
    code = resets.create_code(SYSTEM, world.account(key))
    with pytest.raises(Refused) as refused:
        if way == "change":
            accounts.change_password(world.actor(key), PASSWORD, guessed)
        else:
            resets.reset_password(code, guessed)
    assert refused.value.field in ("new", "password")
    assert resets.check_code(code) == world.account(key)


def test_nor_by_someone_who_joins_with_the_class_key(world):
    fields = joining.JoinFields(world.cm1.join_code, "Léa Dubois")
    with pytest.raises(Refused) as refused:
        joining.ask_to_join(None, fields, accounts.Person("Iris", "Blanc"), "ecole-jules-ferry-2025")
    assert refused.value.field == "password"


def test_every_password_problem_has_words():
    assert set(passwords.WORDS) == set(PasswordProblem)
    assert len({str(text) for text in passwords.WORDS.values()}) == len(PasswordProblem)


def test_changing_the_password_asks_the_present_one_and_closes_the_other_devices(world):
    browser, other = world.sign_in("guardian1"), world.sign_in("guardian1")
    row = Session.get(Session.token_sha256 == _hash(browser.token))
    actor = replace(world.actor("guardian1"), session_id=row.id, session_public_id=row.public_id)
    with pytest.raises(Refused) as refused:
        accounts.change_password(actor, "wrong", GOOD)
    assert refused.value.field == "present" and last_event() == "authn_password_change_fail"
    accounts.change_password(actor, PASSWORD, GOOD)
    assert last_event() == "authn_password_change"
    assert browser.get("/compte").status_code == 200
    assert other.get("/compte").status_code == 303
    with pytest.raises(accounts.WrongPassword):
        accounts.authenticate("guardian1@demo.test", PASSWORD)
    assert accounts.authenticate("guardian1@demo.test", GOOD)
    assert accounts.authenticate("guardian2@demo.test", PASSWORD), "theirs is as it was"


def _hash(token):
    from appliance.web.sessions import hash_token

    return hash_token(token)


def test_the_present_password_cannot_be_guessed_from_an_open_session(world):
    actor = world.actor("guardian1")
    for _i in range(10):
        with pytest.raises(Refused):
            accounts.change_password(actor, "guess", GOOD)
    with pytest.raises(throttle.TooManyAttempts):
        accounts.change_password(actor, PASSWORD, GOOD)


def test_a_closed_account_loses_its_sessions_at_once(world):
    browser = world.sign_in("guardian1")
    accounts.disable(world.actor("admin"), world.account("guardian1"))
    assert browser.get("/compte").status_code == 303
    assert Session.select().where(Session.account == world.account("guardian1")).count() == 0


NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "2001:db8::/48")
attempts = st.lists(
    st.tuples(
        st.sampled_from(("ada", "bob", "eve")), st.sampled_from(NETWORKS), st.integers(min_value=0, max_value=400)
    ),
    max_size=60,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attempts)
def test_never_more_failures_than_the_limits_in_any_quarter_of_an_hour_and_never_for_good(world, tries):
    throttle.configure(replace(Security(), attempts_per_account=4, attempts_per_address=9))
    SignInAttempt.delete().execute()
    let_through = []
    for who, network, pause in tries:
        core_clock.advance(seconds=pause)
        subject = throttle.subject_of(throttle.PASSWORD, who)
        try:
            throttle.require_calm(throttle.PASSWORD, subject, network)
        except throttle.TooManyAttempts:
            recent = [each for each in let_through if core_clock.now() - each[0] < throttle.WINDOW]
            assert sum(each[1] == who for each in recent) >= 4 or sum(each[2] == network for each in recent) >= 9
            continue
        with transaction():
            throttle.note_failure(throttle.PASSWORD, subject, network)
        let_through.append((core_clock.now(), who, network))
    for at, who, network in let_through:
        window = [each for each in let_through if at <= each[0] < at + throttle.WINDOW]
        assert sum(each[1] == who for each in window) <= 4
        assert sum(each[2] == network for each in window) <= 9
    core_clock.advance(minutes=15, seconds=1)
    for who in ("ada", "bob", "eve"):
        throttle.require_calm(throttle.PASSWORD, throttle.subject_of(throttle.PASSWORD, who), NETWORKS[0])


def test_a_success_clears_the_failures_of_that_person_only(world):
    for identifier in ("guardian1@demo.test", "guardian2@demo.test"):
        with pytest.raises(accounts.WrongPassword):
            accounts.authenticate(identifier, "wrong")
    accounts.authenticate("guardian1@demo.test", PASSWORD)
    assert last_event() == "authn_login_successafterfail"
    assert SignInAttempt.select().count() == 1


def test_the_journal_stays_whole_and_says_who_signed_in_only_by_pseudonym(world):
    accounts.authenticate("guardian1@demo.test", PASSWORD)
    assert audit.verify() == []
    last = audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).first().entry
    assert b"guardian1" not in last and audit.pseudonym(world.account("guardian1").public_id).encode() in last
