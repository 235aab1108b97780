"""Sign-in: one neutral answer for every failure, a new cookie for every session, and nowhere else to go but here."""

import re
from dataclasses import replace

import pytest

from appliance.core.config import Security
from appliance.core.errors import Unavailable
from appliance.school.models import Account, Session
from appliance.services import audit
from appliance.services.people import accounts, devices, passwords, throttle
from appliance.services.people.models import SignInAttempt
from tests.support.world import PASSWORD

IDENTIFIER = "guardian1@demo.test"


@pytest.fixture(autouse=True)
def _limits(world):
    accounts.configure(Security())
    yield
    accounts.configure(Security())


def token_in(page) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


def cookie_of(answer) -> str:
    found = re.search(r"preau=([^;]+);", answer.headers.get("Set-Cookie", ""))
    return found[1] if found else ""


def try_to_sign_in(browser, identifier=IDENTIFIER, password=PASSWORD, **data):
    page = browser.get("/connexion")
    return browser.post(
        "/connexion", data={"csrf_token": token_in(page), "identifier": identifier, "password": password, **data}
    )


def anonymised(answer) -> str:
    return re.sub(r'(name="csrf[_-]token" (?:value|content)=)"[^"]+"', r"\1", answer.text)


def events() -> list[str]:
    found = (
        re.search(rb'"event":"([a-z_]+)"', row.entry)[1].decode()
        for row in audit.AuditEntry.select().order_by(audit.AuditEntry.seq)
    )
    return list(found)


def test_the_right_password_opens_the_home_page(world):
    browser = world.visitor()
    answer = try_to_sign_in(browser)
    assert (answer.status_code, answer.location) == (303, "/")
    assert Session.select().where(Session.account == world.account("guardian1")).count() == 1
    assert events()[-1] == "authn_login_success"


@pytest.mark.parametrize("identifier", ["GUARDIAN1@Demo.Test", "  guardian1@demo.test \t"])
def test_capitals_and_spaces_around_an_identifier_do_not_matter(world, identifier):
    assert try_to_sign_in(world.visitor(), identifier).status_code == 303


@pytest.fixture
def shared(world):
    """One address for two accounts with made identifiers and passwords of their own; the first is the older."""
    for key, made in (("guardian1", "anne.dubois.0042"), ("guardian2", "marc.lefort.4821")):
        Account.update(
            identifier=made, email="famille@demo.test", password_hash=passwords.make_hash(f"porte bleue de {key}")
        ).where(Account.identifier == f"{key}@demo.test").execute()
    return [Account.get(Account.identifier == made) for made in ("anne.dubois.0042", "marc.lefort.4821")]


def test_an_address_signs_in_as_well_as_an_identifier(world):
    Account.update(identifier="anne.dubois.0042").where(Account.identifier == IDENTIFIER).execute()
    for typed in ("anne.dubois.0042", IDENTIFIER, "  GUARDIAN1@Demo.Test"):
        assert try_to_sign_in(world.visitor(), typed).status_code == 303


def test_an_address_that_two_accounts_share_is_the_older_ones(shared):
    older, newer = shared
    assert accounts.authenticate("famille@demo.test", "porte bleue de guardian1") == older
    with pytest.raises(accounts.WrongPassword):
        accounts.authenticate("famille@demo.test", "porte bleue de guardian2")
    assert accounts.authenticate(newer.identifier, "porte bleue de guardian2") == newer


def test_a_closed_account_leaves_the_address_to_the_next(world, shared):
    older, newer = shared
    accounts.disable(world.actor("admin"), older)
    assert accounts.authenticate("famille@demo.test", "porte bleue de guardian2") == newer


def test_an_identifier_comes_before_the_address_of_an_older_account(world):
    Account.update(email="stranger@demo.test").where(Account.identifier == IDENTIFIER).execute()
    assert accounts.authenticate("stranger@demo.test", PASSWORD) == world.account("stranger")


@pytest.mark.parametrize("typed", ["", "  ", "\u202e"])
def test_no_address_is_no_way_in(world, typed):
    Account.update(email="").execute()
    with pytest.raises(accounts.WrongPassword):
        accounts.authenticate(typed, PASSWORD)


def test_the_cookie_changes_at_sign_in_and_the_one_before_opens_nothing(world):
    browser = world.visitor()
    before = cookie_of(browser.get("/connexion"))
    answer = try_to_sign_in(browser)
    after = cookie_of(answer)
    assert before and after and before != after
    stranger = world.visitor()
    stranger.set_cookie("localhost", "preau", before) if _old_client() else stranger.set_cookie("preau", before)
    assert stranger.get("/").status_code == 303


def _old_client() -> bool:
    from tests.support.world import _new_set_cookie

    return not _new_set_cookie()


def test_wrong_password_unknown_person_and_closed_account_get_the_same_answer(world):
    accounts.disable(world.actor("admin"), world.account("stranger"))
    wrong = try_to_sign_in(world.visitor(), IDENTIFIER, "not the password")
    unknown = try_to_sign_in(world.visitor(), "unknown01@demo.test", "not the password")
    closed = try_to_sign_in(world.visitor(), "stranger@demo.test", PASSWORD)
    pages = [
        anonymised(answer).replace(name, "…")
        for answer, name in ((wrong, IDENTIFIER), (unknown, "unknown01@demo.test"), (closed, "stranger@demo.test"))
    ]
    assert pages[0] == pages[1] == pages[2]
    assert [answer.status_code for answer in (wrong, unknown, closed)] == [422] * 3
    assert {str(k): v for k, v in wrong.headers if k != "Set-Cookie" and k != "Content-Length"} == {
        str(k): v for k, v in unknown.headers if k != "Set-Cookie" and k != "Content-Length"
    }


def test_an_unknown_person_costs_the_same_hash_as_a_known_one(world, monkeypatch):
    verified = []
    monkeypatch.setattr(passwords, "verify", lambda stored, typed: verified.append(bool(typed)) or False)
    Account.update(email="famille@demo.test").where(
        Account.identifier.in_([IDENTIFIER, "guardian2@demo.test"])
    ).execute()
    for typed in (IDENTIFIER, "famille@demo.test", "unknown@demo.test"):
        try_to_sign_in(world.visitor(), typed, "x")
    assert verified == [True, True, True]


def test_what_was_typed_is_kept_but_never_the_password(world):
    answer = try_to_sign_in(world.visitor(), "Zoé <b>", "secret phrase typed")
    assert 'value="Zoé &lt;b&gt;"' in answer.text
    assert "secret phrase typed" not in answer.text


@pytest.mark.parametrize("field", ["identifier", "password"])
def test_an_empty_field_is_named_beside_itself(world, field):
    answer = try_to_sign_in(world.visitor(), **{field: ""})
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.test",
        "https://evil.test",
        "/\\evil.test",
        "/%0d%0aX: y\r\nX: y",
        "javascript:alert(1)",
        "\\\\x",
        "/\t/evil.test",
        "///e",
    ],
)
def test_going_on_never_leads_elsewhere(world, target):
    assert try_to_sign_in(world.visitor(), suite=target).location == "/"


def test_one_goes_on_to_the_page_that_was_asked_for(world):
    browser = world.visitor()
    asked = browser.get("/compte?x=1")
    assert asked.status_code == 303
    page = browser.get(asked.location)
    assert 'name="suite"' in page.text and "/compte?x=1" in page.text
    assert try_to_sign_in(browser, suite="/compte?x=1").location == "/compte?x=1"


def test_whoever_is_signed_in_goes_home(world):
    answer = world.sign_in("teacher").get("/connexion?suite=/compte")
    assert (answer.status_code, answer.location) == (303, "/compte")


def test_a_form_without_its_proof_signs_nobody_in(world):
    browser = world.visitor()
    browser.get("/connexion")
    answer = browser.post("/connexion", data={"identifier": IDENTIFIER, "password": PASSWORD})
    assert answer.status_code == 400
    assert Session.select().count() == 0


def test_after_too_many_failures_even_the_right_password_waits_then_opens(world, clock):
    for _i in range(10):
        assert try_to_sign_in(world.visitor(), password="wrong password").status_code == 422
    refused = try_to_sign_in(world.visitor())
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "900"
    unknown = None
    for _i in range(11):
        unknown = try_to_sign_in(world.visitor(), "unknown01@demo.test", "x")
    assert anonymised(unknown).replace("unknown01@demo.test", "") == anonymised(refused).replace(IDENTIFIER, "")
    assert "authn_login_fail_max" in events()
    clock.advance(minutes=15, seconds=1)
    assert try_to_sign_in(world.visitor()).status_code == 303


def test_a_refused_attempt_does_not_make_the_wait_longer(world, clock):
    for _i in range(10):
        try_to_sign_in(world.visitor(), password="wrong password")
    for _i in range(20):
        clock.advance(seconds=30)
        try_to_sign_in(world.visitor(), password="wrong password")
    clock.advance(minutes=5, seconds=1)
    assert try_to_sign_in(world.visitor()).status_code == 303


def test_a_stranger_cannot_keep_a_person_out_of_their_own_network(world):
    account = world.account("guardian1")
    accounts.authenticate(IDENTIFIER, PASSWORD, network="192.0.2.0/24", then=lambda found: Session.create(
        account=found, token_sha256=b"x" * 32, network="192.0.2.0/24"))  # fmt: skip
    for _i in range(10):
        with pytest.raises(accounts.WrongPassword):
            accounts.authenticate(IDENTIFIER, "guess", network="198.51.100.0/24")
    with pytest.raises(throttle.TooManyAttempts):
        accounts.authenticate(IDENTIFIER, PASSWORD, network="203.0.113.0/24")
    assert accounts.authenticate(IDENTIFIER, PASSWORD, network="192.0.2.0/24") == account


def test_one_network_cannot_try_one_password_on_everybody(world):
    accounts.configure(replace(Security(), attempts_per_address=5))
    for number in range(5):
        with pytest.raises(accounts.WrongPassword):
            accounts.authenticate(f"person{number}@demo.test", "Soleil2025!!", network="198.51.100.0/24")
    with pytest.raises(throttle.TooManyAttempts):
        accounts.authenticate(IDENTIFIER, PASSWORD, network="198.51.100.0/24")
    assert accounts.authenticate(IDENTIFIER, PASSWORD, network="192.0.2.0/24")


def test_a_storm_is_asked_to_come_back_and_the_identifier_is_kept(world, monkeypatch):
    def full(*_arguments):
        raise Unavailable()

    monkeypatch.setattr(passwords, "verify", full)
    answer = try_to_sign_in(world.visitor())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert f'value="{IDENTIFIER}"' in answer.text
    assert SignInAttempt.select().count() == 0


def test_a_full_pool_refuses_instead_of_growing(world, monkeypatch):
    from appliance.crypto.errors import Busy

    class Full:
        def verify(self, *_arguments):
            raise Busy("full")

    monkeypatch.setattr(passwords, "_hasher", Full())
    with pytest.raises(Unavailable):
        accounts.authenticate(IDENTIFIER, PASSWORD)


def test_a_hash_made_with_older_parameters_is_renewed_at_sign_in(world):
    before = world.account("guardian1").password_hash
    try_to_sign_in(world.visitor())
    after = world.account("guardian1").password_hash
    assert after != before and not passwords.is_outdated(after)
    assert try_to_sign_in(world.visitor()).status_code == 303


def test_an_account_without_password_opens_to_no_password(world):
    Account.update(password_hash="").where(Account.identifier == IDENTIFIER).execute()
    assert try_to_sign_in(world.visitor(), password="anything at all").status_code == 422


def test_signing_out_makes_the_cookie_worthless_wherever_it_was_copied(world):
    browser = world.sign_in("guardian1")
    answer = browser.submit("/deconnexion")
    assert (answer.status_code, answer.location) == (303, "/connexion?sorti=1")
    thief = world.visitor()
    thief.set_cookie("localhost", "preau", browser.token) if _old_client() else thief.set_cookie("preau", browser.token)
    assert thief.get("/").location.startswith("/connexion")
    assert events()[-1] == "authn_token_revoked"


def test_signing_out_wants_a_form(world):
    assert world.sign_in("guardian1").get("/deconnexion").status_code == 405


def test_a_disabled_account_is_out_at_its_next_page(world):
    browser = world.sign_in("guardian1")
    accounts.disable(world.actor("admin"), world.account("guardian1"))
    assert browser.get("/").location.startswith("/connexion")
    accounts.enable(world.actor("admin"), world.account("guardian1"))
    assert try_to_sign_in(world.visitor()).status_code == 303


NAUGHTY = [
    "\x00",
    "a\x00b",
    "'; DROP TABLE account;--",
    "é" * 5000,
    "😀👩‍👧" * 3,
    "\u202eabc",
    "﷽" * 300,
    "%s%n{}",
    "\r\n\r\n",
    "İ" * 254,
]


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_texts_are_wrong_credentials_and_nothing_else(world, text):
    assert try_to_sign_in(world.visitor(), identifier=text, password=text).status_code == 422


def test_the_log_of_failures_holds_no_identifier(world):
    try_to_sign_in(world.visitor(), "my secret typed in the wrong field", "x")
    entries = b"".join(row.entry for row in audit.AuditEntry.select())
    assert b"wrong field" not in entries
    assert all(b"secret" not in bytes(row.subject) for row in SignInAttempt.select())


def test_old_failures_and_dead_sessions_are_forgotten_by_the_jobs(world, clock):
    try_to_sign_in(world.visitor(), password="wrong password")
    try_to_sign_in(world.visitor())
    try_to_sign_in(world.visitor(), "unknown@demo.test", "x")
    clock.advance(minutes=16)
    throttle.forget_old()
    assert SignInAttempt.select().count() == 0
    assert devices.forget_expired_sessions() == 0 and Session.select().count() == 1
    clock.advance(days=31)
    assert devices.forget_expired_sessions() == 1 and Session.select().count() == 0


def test_over_https_the_form_passes_with_the_origin_alone_as_referer(world):
    browser = world.visitor()
    page = browser.get("/connexion", base_url="https://localhost")
    data = {"csrf_token": token_in(page), "identifier": IDENTIFIER, "password": PASSWORD}
    refused = browser.post("/connexion", base_url="https://localhost", data=data)
    assert refused.status_code == 400
    answer = browser.post(
        "/connexion", base_url="https://localhost", data=data, headers={"Referer": "https://localhost/"}
    )
    assert answer.status_code == 303


def test_every_form_that_hashes_a_password_queues_beside_the_pages():
    from appliance.web.routing import SLOW_PATHS

    assert {"/connexion", "/reinitialiser", "/invitation", "/invitation/", "/joindre"} <= set(SLOW_PATHS)
    assert {"/compte/mot-de-passe", "/compte/adresse"} <= set(SLOW_PATHS)


def test_when_too_many_wait_the_identifier_stays_and_no_password_is_tried(world, monkeypatch):
    from appliance.services.people import passwords

    monkeypatch.setattr(passwords, "verify", lambda *arguments: pytest.fail("a password was tried"))
    typed = {"identifier": "guardian1@demo.test", "password": "ne-pas-montrer", "suite": "/compte"}
    answer = world.visitor().post("/connexion", data=typed, headers={"Preau-Busy": "1"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    assert 'value="guardian1@demo.test"' in page and 'value="/compte"' in page and "ne-pas-montrer" not in page
    assert "Beaucoup de monde se connecte" in page


def test_other_forms_are_not_read_at_all_when_too_many_wait(world):
    answer = world.visitor().post("/mot-de-passe-oublie", data={"identifier": "x"}, headers={"Preau-Busy": "1"})
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
