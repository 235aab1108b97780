"""What holds for every route: it says who may come in, it asks for the forgery proof, and looking changes nothing."""

import pytest

from appliance.school.models import NoticeAcceptance
from appliance.web.routing import ACCESS, CHECKS
from tests.access.forms import data_for
from tests.access.routes import address, list_routes, writes
from tests.support.source import complain

# Pages that note, the first time, that they were opened.
NOTING = {"feed.show": {"read_receipt"}}
# What is open to someone who is signed in and has not accepted the notice yet.
BEFORE_NOTICE = {"onboarding.notice", "onboarding.joined"}
# What takes no form: it asks for a header that no page of another site can send, and says so (web/uploads.py).
OTHER_PROOF = {"uploads": 412, "upload": 412}
SOMEONE_WITH = {"public": "visitor", "manager": "principal", "admin": "admin", "dpo": "dpo", "staff": "teacher"}


def test_every_route_says_who_may_come_in(town):
    endpoints = {rule.endpoint for rule in town.app.url_map.iter_rules()}
    assert endpoints <= ACCESS.keys(), f"no access is declared for {sorted(endpoints - ACCESS.keys())}"
    assert set(ACCESS.values()) <= CHECKS.keys()


def test_the_public_routes_are_the_known_ones(town):
    """A new public address is a decision: whoever takes it writes it here."""
    public = {route.rule for route in list_routes(town.app) if route.access == "public"}
    assert public == {
        "/bienvenue", "/confirmer-adresse/<code>", "/connexion", "/deconnexion", "/healthz", "/invitation",
        "/invitation/<code>", "/joindre", "/langue", "/mot-de-passe-oublie", "/mot-de-passe-oublie/envoye",
        "/reinitialiser", "/reinitialiser/<code>", "/sw.js",
    }  # fmt: skip
    assert {route.rule for route in list_routes(town.app) if route.access == "loopback"} == {"/metrics"}


def test_nothing_opens_before_the_notice_is_accepted(town):
    NoticeAcceptance.delete().execute()
    problems = []
    for person in ("guardian1", "teacher", "principal", "admin", "dpo"):
        for route in list_routes(town.app):
            if route.access in ("public", "loopback") or route.endpoint in BEFORE_NOTICE:
                continue
            url = address(route, town.home)
            with town.undone(), writes() as written:
                answer = town.ask(person, route.method, url, data_for(route, town.home))
            if answer.status_code != 303 or not answer.location.startswith("/avis") or written:
                problems.append(f"{route} for {person}: {answer.status_code}, wrote {written}")
    assert not problems, complain(problems)


@pytest.mark.parametrize("proof", ["missing", "foreign", "in the address", "made up"])
def test_a_form_without_its_proof_changes_nothing(town, proof):
    problems = []
    for route in list_routes(town.app, "POST"):
        browser = town.browser(SOMEONE_WITH.get(route.access, "guardian1"))
        url, data = address(route, town.home), data_for(route, town.home)
        if proof == "foreign":
            data["csrf_token"] = town.browser("stranger").csrf_token
        elif proof == "made up":
            data["csrf_token"] = "x" * 91
        elif proof == "in the address":
            url += f"?csrf_token={town.browser('guardian1').csrf_token}"
        with town.undone(), writes() as written:
            answer = browser.post(url, data=data)
        if route.endpoint in OTHER_PROOF and answer.status_code == OTHER_PROOF[route.endpoint] and not written:
            continue
        if answer.status_code != 400 or 'lang="fr"' not in answer.text or written:
            problems.append(f"{route}: {answer.status_code}, wrote {written}")
    assert not problems, complain(problems)


@pytest.mark.parametrize("person", ["visitor", "guardian1", "teacher", "principal", "admin", "dpo", "newcomer"])
def test_looking_changes_nothing(town, person):
    problems = []
    for route in list_routes(town.app, "GET"):
        url = address(route, town.home)
        for method, allowed in (("GET", NOTING.get(route.endpoint, set())), ("HEAD", set())):
            with town.undone(), writes() as written:
                answer = town.ask(person, method, url)
            if not set(written) <= allowed or answer.status_code >= 500:
                cause = answer.text[:200] if answer.status_code == 500 else ""
                problems.append(f"{method} {url}: {answer.status_code}, wrote {written} {cause}")
    assert not problems, complain(problems)


def test_an_address_opens_only_in_the_ways_it_declares(town):
    ways: dict[str, set[str]] = {}
    problems = []
    for route in list_routes(town.app):
        ways.setdefault(address(route, town.home), set()).add(route.method)
    for url, methods in ways.items():
        for method in {"POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"} - methods:
            with town.undone(), writes() as written:
                answer = town.ask("teacher", method, url)
            if answer.status_code != 405 or "Allow" not in answer.headers or 'lang="fr"' not in answer.text or written:
                problems.append(f"{method} {url}: {answer.status_code}, wrote {written}")
    assert not problems, complain(problems)
