"""A request that may change something carries the proof of the session that it came with."""

import re

import pytest

from appliance.school.models import Account

PLACE = "/compte/affichage"


def theme(world) -> str:
    return Account.get(Account.public_id == world.actor("guardian1").public_id).theme


def choose(browser, proof, **options):
    data = {"theme": "dark", "language": "fr"} | ({} if proof is None else {"csrf_token": proof})
    return browser.post(PLACE, data=data, **options)


def test_the_proof_is_the_one_that_the_page_shows_and_stays_the_same_for_the_session(world):
    browser = world.sign_in("guardian1")
    shown = {re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(PLACE).text)[1] for _ in range(2)}
    assert shown == {browser.csrf_token}
    assert choose(browser, browser.csrf_token).status_code == 303 and theme(world) == "dark"


@pytest.mark.parametrize("proof", (None, "", "x", "é", "0" * 64), ids=repr)
def test_without_the_proof_nothing_is_done_and_it_is_said(world, proof):
    answer = choose(world.sign_in("guardian1"), proof)
    assert answer.status_code == 400 and "Rien n’a été modifié" in answer.text
    assert theme(world) != "dark"


def test_the_proof_of_another_session_even_of_the_same_person_proves_nothing(world):
    mine, elsewhere = world.sign_in("guardian1"), world.sign_in("guardian1")
    assert choose(mine, elsewhere.csrf_token).status_code == 400
    assert choose(mine, world.sign_in("guardian2").csrf_token).status_code == 400
    assert theme(world) != "dark"


def test_a_script_shows_it_in_a_header(world):
    browser = world.sign_in("guardian1")
    assert choose(browser, None, headers={"X-CSRFToken": browser.csrf_token}).status_code == 303


@pytest.mark.parametrize("referrer", (None, "https://evil.example/compte", "http://localhost/compte"))
def test_over_https_the_request_comes_from_our_own_pages(world, referrer):
    browser = world.sign_in("guardian1")
    headers = {"Referer": referrer} if referrer else {}
    assert choose(browser, browser.csrf_token, base_url="https://localhost", headers=headers).status_code == 400
    ours = {"Referer": "https://localhost/compte"}
    assert choose(browser, browser.csrf_token, base_url="https://localhost", headers=ours).status_code == 303


def test_a_visitor_gets_a_cookie_with_the_first_page_that_holds_a_form_and_not_before(world):
    visitor = world.visitor()
    assert "Set-Cookie" not in visitor.get("/confidentialite").headers
    assert visitor.get("/connexion").headers["Set-Cookie"].startswith("preau=")
