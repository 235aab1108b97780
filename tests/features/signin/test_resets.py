"""A forgotten password: by mail through a real relay, or by a printed code; neutral, once, and never in a log."""

import logging
import re
import socket
from dataclasses import replace

import pytest

from appliance.core.config import Mail
from appliance.core.errors import Denied, NotFound
from appliance.school import policy
from appliance.school.models import Account, Guardian, Invitation, Session
from appliance.services import audit, background, mail
from appliance.services.people import accounts, children, codes, resets
from tests.features.signin.test_sign_in import anonymised, token_in, try_to_sign_in
from tests.support.needs import needs
from tests.support.world import PASSWORD

GOOD = "quatre chevaux bleus dansent"


class Inbox:
    """Keeps what the relay was handed."""

    def __init__(self):
        self.letters = []

    async def handle_DATA(self, server, session, envelope):
        import email
        from email import policy as email_policy

        letter = email.message_from_bytes(envelope.content, policy=email_policy.default)
        self.letters.append((envelope.rcpt_tos, letter))
        return "250 OK"


@pytest.fixture
def inbox():
    needs("aiosmtpd")
    from aiosmtpd.controller import Controller

    keeper = Inbox()
    with socket.socket() as chosen:  # the relay wants to know its port before it listens
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    relay = Controller(keeper, hostname="127.0.0.1", port=port)
    relay.start()
    mail.configure(replace(Mail(), host="127.0.0.1", port=port, sender="Préau <preau@demo.test>"))
    yield keeper
    background.drain()
    mail.configure(Mail())
    relay.stop()


def ask(world, identifier):
    browser = world.visitor()
    page = browser.get("/mot-de-passe-oublie")
    answer = browser.post("/mot-de-passe-oublie", data={"csrf_token": token_in(page), "identifier": identifier})
    background.drain()
    return browser, answer


def code_in(letter) -> str:
    return re.search(r"/reinitialiser/([0-9A-Z-]+)", letter.get_content())[1]


def choose(browser, code, password=GOOD):
    page = browser.get(f"/reinitialiser/{code}")
    return browser.post("/reinitialiser", data={"csrf_token": token_in(page), "code": code, "password": password})


def test_the_link_of_the_mail_sets_a_new_password_once_and_closes_every_session(world, inbox):
    elsewhere = world.sign_in("guardian1")
    browser, _answer = ask(world, "guardian1@demo.test")
    ((to, letter),) = inbox.letters
    assert to == ["guardian1@demo.test"]
    code = code_in(letter)
    answer = choose(browser, code)
    assert (answer.status_code, answer.location) == (303, "/")
    assert elsewhere.get("/compte").status_code == 303
    assert Session.select().where(Session.account == world.account("guardian1")).count() == 1
    assert choose_refused(world, code).status_code == 422
    assert try_to_sign_in(world.visitor(), password=GOOD).status_code == 303


def choose_refused(world, code):
    browser = world.visitor()
    page = browser.get("/reinitialiser")
    return browser.post(
        "/reinitialiser",
        data={"csrf_token": token_in(page), "code": code, "password": "autre phrase tout à fait neuve"},
    )


def test_opening_the_link_spends_nothing(world, inbox):
    browser, _answer = ask(world, "guardian1@demo.test")
    code = code_in(inbox.letters[0][1])
    for _i in range(3):
        assert browser.get(f"/reinitialiser/{code}").status_code == 200
    assert choose(browser, code).status_code == 303


def test_the_answer_never_tells_who_has_an_account(world, inbox):
    pages = []
    for identifier in ("guardian1@demo.test", "unknown01@demo.test"):
        browser, answer = ask(world, identifier)
        pages.append((answer.status_code, answer.location, anonymised(browser.get(answer.location))))
    assert pages[0] == pages[1]
    assert len(inbox.letters) == 1


def test_an_address_finds_the_account_too_and_the_mail_names_its_identifier(world, inbox):
    Account.update(identifier="anne.dubois.0042").where(Account.identifier == "guardian1@demo.test").execute()
    ask(world, "Guardian1@demo.test"), ask(world, "anne.dubois.0042")
    for to, letter in inbox.letters:
        assert to == ["guardian1@demo.test"] and "anne.dubois.0042" in letter.get_content()
    assert len(inbox.letters) == 2


def test_an_address_that_two_accounts_claim_gets_a_link_for_each_and_an_identifier_its_own(world, inbox):
    Account.update(identifier="anne.dubois.0042").where(Account.identifier == "guardian1@demo.test").execute()
    Account.update(email="guardian1@demo.test").where(Account.identifier == "guardian2@demo.test").execute()
    ask(world, "guardian1@demo.test"), ask(world, "guardian2@demo.test")
    expected = ("anne.dubois.0042", "guardian2@demo.test", "guardian2@demo.test")
    for (to, letter), identifier in zip(inbox.letters, expected, strict=True):
        assert to == ["guardian1@demo.test"] and identifier in letter.get_content()


def test_the_link_ends_after_its_minutes(world, inbox, clock):
    browser, _answer = ask(world, "guardian1@demo.test")
    code = code_in(inbox.letters[0][1])
    clock.advance(minutes=31)
    assert browser.get(f"/reinitialiser/{code}").status_code == 422


def test_a_second_mail_makes_the_first_link_worthless(world, inbox):
    ask(world, "guardian1@demo.test")
    browser, _answer = ask(world, "guardian1@demo.test")
    first, second = (code_in(letter) for _to, letter in inbox.letters)
    assert browser.get(f"/reinitialiser/{first}").status_code == 422
    assert browser.get(f"/reinitialiser/{second}").status_code == 200


def test_a_password_changed_by_its_owner_makes_every_open_code_worthless(world, inbox):
    browser, _answer = ask(world, "guardian1@demo.test")
    code = code_in(inbox.letters[0][1])
    accounts.change_password(world.actor("guardian1"), PASSWORD, GOOD)
    assert browser.get(f"/reinitialiser/{code}").status_code == 422


def test_an_address_that_is_changed_makes_the_link_sent_to_the_old_one_worthless(world, inbox):
    browser, _answer = ask(world, "guardian1@demo.test")
    code = code_in(inbox.letters[0][1])
    data = {"email": "neuve@mail.test", "present": PASSWORD}
    assert world.sign_in("guardian1").submit("/compte/adresse", data).status_code == 303
    assert browser.get(f"/reinitialiser/{code}").status_code == 422


def test_the_change_is_told_by_mail(world, inbox):
    browser, _answer = ask(world, "guardian1@demo.test")
    choose(browser, code_in(inbox.letters[0][1]))
    background.drain()
    assert len(inbox.letters) == 2 and "reinitialiser" not in inbox.letters[1][1].get_content()


def test_asking_again_and_again_is_slowed_and_sends_no_flood(world, inbox):
    for _i in range(10):
        assert ask(world, "guardian1@demo.test")[1].status_code == 303
    assert ask(world, "guardian1@demo.test")[1].status_code == 429
    assert len(inbox.letters) == 10


def test_a_relay_that_does_not_answer_changes_nothing_for_the_visitor(world):
    mail.configure(replace(Mail(), host="127.0.0.1", port=1, timeout=1))
    try:
        assert ask(world, "guardian1@demo.test")[1].status_code == 303
    finally:
        mail.configure(Mail())


def test_without_a_relay_the_page_says_where_a_code_comes_from(world):
    page = world.visitor().get("/mot-de-passe-oublie")
    assert "code" in page.text and 'name="identifier"' not in page.text
    assert ask_blindly(world).status_code == 303


def ask_blindly(world):
    browser = world.visitor()
    page = browser.get("/connexion")
    return browser.post(
        "/mot-de-passe-oublie", data={"csrf_token": token_in(page), "identifier": "guardian1@demo.test"}
    )


def test_the_code_is_in_no_log_no_referer_and_no_journal(world, inbox, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("preau.request").setLevel(logging.INFO)
    browser, _answer = ask(world, "guardian1@demo.test")
    code = code_in(inbox.letters[0][1])
    page = browser.get(f"/reinitialiser/{code}")
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"
    choose(browser, code)
    logged = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("preau"))
    assert logged and code not in logged
    plain = code.replace("-", "").encode()
    assert all(plain not in row.entry and code.encode() not in row.entry for row in audit.AuditEntry.select())
    assert all(plain not in bytes(row.code_hash) for row in Invitation.select())


def test_a_weak_new_password_is_refused_in_words_and_the_code_stays_good(world):
    code = resets.create_code(policy.SYSTEM, world.account("guardian1"))
    browser = world.visitor()
    answer = choose(browser, code, "court")
    assert (
        answer.status_code == 422
        and 'id="password-erreur"' in answer.text
        and "court" not in re.findall(r'value="([^"]*)"', answer.text)
    )
    assert choose(browser, code).status_code == 303


def test_a_code_from_paper_is_typed_then_a_password_chosen(world):
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    guardian = Guardian.get(Guardian.account == world.account("guardian1"))
    _account, code = resets.create_code_for_guardian(actor, access, guardian.public_id)
    browser = world.visitor()
    page = browser.get("/reinitialiser")
    answer = browser.post("/reinitialiser", data={"csrf_token": token_in(page), "code": code.lower()})
    assert answer.status_code == 303
    assert browser.get(answer.location).status_code == 200
    assert choose(browser, code).status_code == 303


@pytest.mark.parametrize(("who", "room"), [("teacher", "cm1"), ("teacher2", "ce1")])
def test_a_teacher_enters_no_other_class_through_a_parents_account(world, who, room):
    actor = world.actor(who)
    access = policy.get_access(actor, getattr(world, room).public_id)
    guardian = Guardian.get(Guardian.account == world.account("nadia"))
    with pytest.raises(Denied) as denied:
        resets.create_code_for_guardian(actor, access, guardian.public_id)
    assert "direction" in denied.value.message and not Invitation.select().exists()


def test_the_head_of_the_school_prints_the_code_of_a_parent_of_two_classes(world):
    actor = world.actor("principal")
    access = policy.get_access(actor, world.cm1.public_id)
    guardian = Guardian.get(Guardian.account == world.account("nadia"))
    assert resets.create_code_for_guardian(actor, access, guardian.public_id)[0] == world.account("nadia")


def test_not_even_the_head_when_a_child_is_in_another_school(world):
    guardian = Guardian.get(Guardian.account == world.account("guardian1"))
    children.link(policy.SYSTEM, guardian, world.student("Noé"))
    actor = world.actor("principal")
    with pytest.raises(Denied):
        resets.create_code_for_guardian(actor, policy.get_access(actor, world.cm1.public_id), guardian.public_id)


def test_a_child_elsewhere_that_the_account_does_not_open_changes_nothing(world):
    guardian = Guardian.get(Guardian.account == world.account("guardian1"))
    children.link(policy.SYSTEM, guardian, world.student("Noé"), authority="contact")
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    assert resets.create_code_for_guardian(actor, access, guardian.public_id)


@pytest.mark.parametrize("who", ["assistant", "guardian1"])
@pytest.mark.parametrize("whom", ["guardian2", "contact"])
def test_nobody_but_who_manages_the_class_prints_a_code(world, who, whom):
    actor, guardian = world.actor(who), Guardian.get(Guardian.account == world.account(whom))
    with pytest.raises(Denied):
        resets.create_code_for_guardian(actor, policy.get_access(actor, world.cm1.public_id), guardian.public_id)


def test_staff_cannot_take_over_an_account_that_also_serves_the_school(world):
    from appliance.services.people import places

    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    guardian = Guardian.get(Guardian.account == world.account("guardian1"))
    places.add_teacher(policy.SYSTEM, world.account("guardian1"), world.ce1)
    with pytest.raises(Denied):
        resets.create_code_for_guardian(actor, access, guardian.public_id)
    other = Guardian.get(Guardian.account == world.account("zoe1"))
    with pytest.raises(NotFound):
        resets.create_code_for_guardian(actor, access, other.public_id)


@pytest.mark.parametrize("typed", ["", "x", "K7QM-2XPA-94TD", "A" * 5000, "\x00", "🔑" * 12, "%2e%2e"])
def test_any_other_text_is_no_code(world, typed):
    browser = world.visitor()
    page = browser.get("/reinitialiser")
    answer = browser.post("/reinitialiser", data={"csrf_token": token_in(page), "code": typed})
    assert answer.status_code == 422 and 'id="code-erreur"' in answer.text


def test_an_invitation_is_no_reset(world):
    with pytest.raises(codes.WrongCode):
        resets.check_code("K7QM-2XPA-94TD")
    accounts.disable(world.actor("admin"), world.account("guardian1"))
    code = resets.create_code(policy.SYSTEM, world.account("guardian1"))
    with pytest.raises(codes.WrongCode):
        resets.check_code(code)
