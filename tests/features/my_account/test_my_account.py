"""One's own account: each change takes effect at once, and nothing of anybody else is on the page."""

import re

import pytest

from appliance.core import i18n
from appliance.core.config import Security
from appliance.school.models import Account, NoticeAcceptance, Session
from appliance.services import audit
from appliance.services.people import accounts
from tests.features.signin.test_sign_in import anonymised, events
from tests.support.world import PASSWORD

GOOD = "quatre chevaux bleus dansent"


@pytest.fixture(autouse=True)
def _limits():
    yield
    accounts.configure(Security())


def test_the_page_names_ones_children_and_what_each_link_allows(world):
    page = world.sign_in("guardian1").get("/compte").text
    assert "Léa" in page and "vous signez" in page
    contact = world.sign_in("contact").get("/compte").text
    assert "Léa" in contact and "personne à contacter" in contact
    withdrawn = world.sign_in("withdrawn").get("/compte").text
    assert "Léa" in withdrawn and "décision" in withdrawn and "Jugement" not in withdrawn
    for page in (contact, withdrawn):
        assert "CM1 A" not in page and "Jules-Ferry" not in page and "Dubois" not in page


@pytest.mark.parametrize("key", ["guardian1", "contact", "withdrawn"])
def test_no_page_of_the_account_holds_a_trace_of_another_guardian(world, key):
    browser = world.sign_in(key)
    others = {"guardian1": "Anne", "guardian2": "Lefort", "contact": "Girard", "withdrawn": "Denis"}
    for url in ("/compte", "/compte/appareils", "/compte/avis", "/compte/nom", "/compte/adresse", "/compte/affichage"):
        page = browser.get(url)
        assert page.status_code == 200
        for other, name in others.items():
            assert other == key or name not in page.text


def test_a_new_name_is_shown_everywhere_at_once(world):
    browser = world.sign_in("guardian1")
    answer = browser.submit("/compte/nom", {"first_name": "Anna", "last_name": "Du Bois"})
    assert (answer.status_code, answer.location) == (303, "/compte")
    page = browser.get("/compte").text
    assert "Anna Du Bois" in page and "Votre nom est enregistré" in page
    assert events()[-1] == "user_updated"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "\x00\x01"])
def test_an_impossible_name_is_refused_beside_its_field(world, name):
    answer = world.sign_in("guardian1").submit("/compte/nom", {"first_name": name, "last_name": "Dubois"})
    assert answer.status_code == 422 and 'id="first_name-erreur"' in answer.text
    assert world.account("guardian1").first_name == "Anne"


def test_theme_and_language_are_the_persons_and_the_device_remembers_the_language(world):
    browser = world.sign_in("guardian1")
    answer = browser.submit("/compte/affichage", {"language": "fr", "theme": "dark"})
    assert answer.status_code == 303 and "language=fr" in answer.headers["Set-Cookie"]
    assert 'data-theme="dark"' in browser.get("/compte").text


@pytest.mark.parametrize("data", [{"language": "xx", "theme": ""}, {"language": "fr", "theme": "purple"}])
def test_a_language_or_theme_that_is_not_offered_is_refused(world, data):
    assert world.sign_in("guardian1").submit("/compte/affichage", data).status_code == 422


def test_a_visitor_chooses_the_language_of_the_device_and_goes_nowhere_else(world):
    from tests.features.signin.test_sign_in import token_in

    browser = world.visitor()
    proof = token_in(browser.get("/connexion"))
    answer = browser.post("/langue", data={"csrf_token": proof, "language": "fr", "suite": "//evil.test"})
    assert answer.location == "/" and "language=fr" in answer.headers["Set-Cookie"]
    refused = browser.post("/langue", data={"csrf_token": proof, "language": "x\r\ny", "suite": "/connexion"})
    assert refused.location == "/connexion" and "Set-Cookie" not in refused.headers


@pytest.mark.parametrize("page", ["/connexion", "/invitation", "/joindre"])
def test_whoever_has_not_signed_in_is_offered_the_other_languages_by_their_own_names(world, page):
    browser = world.visitor()
    shown = browser.get(page).text
    for code in i18n.languages():
        offered = re.search(
            rf'name="language" value="{code}"[^>]*lang="{code}"[^>]*><span>{i18n.NAMES[code]}</span>', shown
        )
        assert bool(offered) == (code != "fr")
    proof = re.search(r'name="csrf_token" value="([^"]+)"', shown)[1]
    assert browser.post("/langue", data={"csrf_token": proof, "language": "ar", "suite": page}).location == page
    assert 'lang="ar" dir="rtl"' in browser.get(page).text
    assert 'name="language"' not in world.sign_in("guardian1").get("/invitation").text


def test_the_address_changes_only_with_the_present_password(world):
    browser = world.sign_in("guardian1")
    wrong = browser.submit("/compte/adresse", {"email": "thief@demo.test", "present": "wrong"})
    assert wrong.status_code == 422 and 'id="present-erreur"' in wrong.text and 'value="thief@demo.test"' in wrong.text
    assert world.account("guardian1").email == "guardian1@demo.test"
    assert browser.submit("/compte/adresse", {"email": "anne@demo.test", "present": PASSWORD}).status_code == 303
    row = Account.get(Account.email == "anne@demo.test")
    assert row.identifier == "guardian1@demo.test"


def test_an_address_that_another_account_has_is_taken_without_a_word(world):
    pages = []
    for email in ("Guardian2@demo.test", "unknown02@demo.test"):
        browser = world.sign_in("guardian1")
        answer = browser.submit("/compte/adresse", {"email": email, "present": PASSWORD})
        assert world.account("guardian1").email == email.lower()
        Session.delete().where(Session.token_sha256 == _hash(browser.token)).execute()
        shown = anonymised(world.sign_in("guardian1").get("/compte/adresse"))
        pages.append((answer.status_code, answer.location, shown.replace(email.lower(), "…")))
        Session.delete().execute()
    assert pages[0] == pages[1]
    assert accounts.authenticate("guardian2@demo.test", PASSWORD) == world.account("guardian2")


def test_the_password_changes_with_the_present_one_and_other_devices_leave(world):
    browser, other = world.sign_in("guardian1"), world.sign_in("guardian1")
    answer = browser.submit("/compte/mot-de-passe", {"present": PASSWORD, "new": GOOD})
    assert answer.status_code == 303
    assert browser.get("/compte").status_code == 200 and other.get("/compte").status_code == 303
    assert accounts.authenticate("guardian1@demo.test", GOOD)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"present": "wrong", "new": GOOD}, "present"),
        ({"present": PASSWORD, "new": "court"}, "new"),
        ({"present": PASSWORD, "new": "AnneDubois2025"}, "new"),
        ({"present": "", "new": GOOD}, "present"),
    ],
)
def test_a_refused_password_says_why_and_shows_neither(world, data, field):
    answer = world.sign_in("guardian1").submit("/compte/mot-de-passe", data)
    assert answer.status_code == 422 and f'id="{field}-erreur"' in answer.text
    assert all(f'"{value}"' not in answer.text for value in data.values() if value)
    assert accounts.authenticate("guardian1@demo.test", PASSWORD)


def test_a_revoked_device_is_out_at_its_next_page(world):
    browser, other = world.sign_in("guardian1"), world.sign_in("guardian1")
    theirs = Session.get(Session.token_sha256 == _hash(other.token))
    assert browser.submit(f"/compte/appareils/{theirs.public_id}/deconnecter").status_code == 303
    assert other.get("/compte").location.startswith("/connexion")
    assert browser.get("/compte/appareils").status_code == 200


def _hash(token):
    from appliance.web.sessions import hash_token

    return hash_token(token)


def test_anothers_device_does_not_exist_for_me(world):
    browser, other = world.sign_in("guardian1"), world.sign_in("guardian2")
    theirs = Session.get(Session.token_sha256 == _hash(other.token))
    assert browser.submit(f"/compte/appareils/{theirs.public_id}/deconnecter").status_code == 404
    assert other.get("/compte").status_code == 200


def test_all_the_others_leave_together(world):
    browsers = [world.sign_in("guardian1") for _i in range(3)]
    browsers[0].submit("/compte/appareils/deconnecter-les-autres")
    assert [browser.get("/compte").status_code for browser in browsers] == [200, 303, 303]


def test_withdrawing_closes_everything_until_accepted_again_and_keeps_the_proof(world):
    browser = world.sign_in("guardian1")
    assert "2026-11" in browser.get("/compte/avis").text
    assert browser.submit("/compte/avis").location == "/avis"
    assert browser.get("/").location.startswith("/avis")
    assert browser.get("/compte").location.startswith("/avis")
    proof = NoticeAcceptance.get(NoticeAcceptance.account == world.account("guardian1"))
    assert proof.withdrawn_at is not None
    browser.submit("/avis")
    assert browser.get("/compte").status_code == 200
    assert NoticeAcceptance.select().where(NoticeAcceptance.account == world.account("guardian1")).count() == 2
    assert "retiré" in browser.get("/compte/avis").text
    assert audit.verify() == []


def test_withdrawing_again_keeps_the_day_of_the_first_withdrawal(world, clock):
    browser = world.sign_in("guardian1")
    browser.submit("/compte/avis")
    first = NoticeAcceptance.get(NoticeAcceptance.account == world.account("guardian1"))
    browser.submit("/avis")
    clock.advance(days=1)
    browser.submit("/compte/avis")
    assert NoticeAcceptance.get_by_id(first.id).withdrawn_at == first.withdrawn_at


def test_every_change_wants_its_proof(world):
    browser = world.sign_in("guardian1")
    for url in ("/compte/nom", "/compte/adresse", "/compte/mot-de-passe", "/compte/avis", "/langue", "/deconnexion"):
        assert browser.post(url, data={"first_name": "X", "last_name": "Y"}).status_code == 400
    assert world.account("guardian1").first_name == "Anne"
