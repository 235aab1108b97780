"""A claim of an address counts once its mailbox has answered: nobody is locked out by who claims theirs first."""

import re

import pytest

from appliance.core.config import Mail
from appliance.school.models import Account
from appliance.services import background, mail
from appliance.services.people import accounts, confirmations, resets
from tests.features.signin.test_sign_in import token_in, try_to_sign_in
from tests.support.world import PASSWORD

ADDRESS = "boite@mail.test"


@pytest.fixture
def told():
    """What was mailed without a link: it only says what happened."""
    return []


@pytest.fixture
def letters(monkeypatch, told):
    """What was mailed with a link, while a relay is configured; letters leave at once."""
    sent = []
    mail.configure(Mail(host="127.0.0.1"))

    def send(to, _subject, body):
        (sent if re.search("/(confirmer-adresse|reinitialiser)/", body) else told).append((to, body))

    monkeypatch.setattr(mail, "send", send)
    monkeypatch.setattr(background, "submit", lambda act, *arguments: act(*arguments))
    yield sent
    mail.configure(Mail())


def claim(world, who, address=ADDRESS):
    """Type an address in one's own account."""
    answer = world.sign_in(who).submit("/compte/adresse", {"email": address, "present": PASSWORD})
    assert answer.status_code == 303


def link_in(letter) -> str:
    return re.search(r"/confirmer-adresse/\S+", letter[1])[0]


def press(world, link):
    """Open a link and press its button."""
    visitor = world.visitor()
    return visitor.post(link, data={"csrf_token": token_in(visitor.get(link))})


def may_enter(world, address=ADDRESS) -> bool:
    return try_to_sign_in(world.visitor(), address, PASSWORD).status_code == 303


def test_an_address_opens_nothing_before_its_link_was_followed(world, letters):
    claim(world, "guardian1")
    assert letters[0][0] == ADDRESS and not may_enter(world)
    link = link_in(letters[0])
    assert world.visitor().get(link).status_code == 200 and not may_enter(world), "opening it is not confirming it"
    assert press(world, link).status_code == 303
    assert may_enter(world)


def test_who_claims_a_strangers_address_first_takes_nothing_from_them(world, letters):
    claim(world, "guardian1")
    claim(world, "guardian2")
    press(world, link_in(letters[1]))
    assert accounts.find_account(ADDRESS).id == world.account("guardian2").id


def test_no_reset_link_goes_to_an_address_that_was_not_confirmed(world, letters):
    claim(world, "guardian1")
    del letters[:]
    for typed in (ADDRESS, "guardian1@demo.test"):
        resets.send_link(typed, "http://prefix")
    assert letters == []


def test_a_link_serves_once_for_two_days_and_for_the_address_that_it_was_sent_to(world, letters, clock):
    claim(world, "guardian1")
    claim(world, "guardian1", "autre@mail.test")
    assert press(world, link_in(letters[0])).status_code == 422, "the address was changed since"
    assert press(world, link_in(letters[1])).status_code == 303
    assert press(world, link_in(letters[1])).status_code == 422
    claim(world, "guardian2")
    clock.advance(hours=49)
    assert world.visitor().get(link_in(letters[2])).status_code == 422
    assert Account.get(Account.email == ADDRESS).email_confirmed_at is None


def test_a_link_that_resets_a_password_confirms_nothing_and_the_reverse(world, letters):
    claim(world, "guardian1")
    code = link_in(letters[0]).rsplit("/", 1)[1]
    assert world.visitor().get(f"/reinitialiser/{code}").status_code == 422
    reset = resets.create_code(None, world.account("guardian2"))
    answer = press(world, f"/confirmer-adresse/{reset}")
    assert answer.status_code == 422 and 'href="/compte/adresse"' in answer.text


def test_an_address_that_is_saved_again_stays_confirmed(world, letters):
    claim(world, "guardian1")
    press(world, link_in(letters[0]))
    claim(world, "guardian1")
    assert len(letters) == 1 and may_enter(world)


def test_what_the_school_typed_counts_at_once(world, letters):
    accounts.create_account(
        world.actor("admin"), accounts.Person("Aude", "Lenoir", "aude.lenoir", email=ADDRESS), PASSWORD
    )
    assert may_enter(world) and letters == []


def test_nobody_floods_a_strangers_mailbox_with_links(world, letters):
    browser, data = world.sign_in("guardian1"), {"email": ADDRESS, "present": PASSWORD}
    statuses = [browser.submit("/compte/adresse", data).status_code for _time in range(14)]
    assert statuses == [303] * 10 + [429] * 4 and len(letters) == 10


def test_a_change_of_password_is_not_told_to_an_address_that_was_not_confirmed(world, letters, told):
    claim(world, "guardian1")
    del told[:]
    accounts.change_password(world.actor("guardian1"), PASSWORD, "quatre chevaux bleus dansent")
    assert told == []
    press(world, link_in(letters[0]))
    accounts.change_password(world.actor("guardian1"), "quatre chevaux bleus dansent", PASSWORD)
    assert [to for to, _body in told] == [ADDRESS]


def test_a_change_of_address_is_told_to_the_one_before_if_it_was_confirmed(world, letters, told):
    claim(world, "guardian1")
    ((to, body),) = told
    assert to == "guardian1@demo.test" and ADDRESS not in body and "adresse" in body
    claim(world, "guardian1", "autre@mail.test")
    assert len(told) == 1


def test_whoever_opens_an_account_confirms_its_address_too(world, letters):
    person = accounts.Person("Aude", "Lenoir", email=ADDRESS)
    accounts.open_account(person, accounts.hash_for(person, PASSWORD))
    assert not may_enter(world)
    confirmations.confirm(link_in(letters[0]).rsplit("/", 1)[1])
    assert may_enter(world)


def test_without_a_relay_an_address_counts_as_soon_as_it_is_typed(world):
    claim(world, "guardian1")
    assert may_enter(world)
