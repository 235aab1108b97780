"""Arrival in the browser: a letter or a class key becomes an account, and the notice comes before everything else."""

import re
from dataclasses import replace
from urllib.parse import unquote

import pytest

from appliance.core.config import Security
from appliance.school import notice, policy
from appliance.school.models import Account, Guardian, JoinRequest, NoticeAcceptance, Session
from appliance.services import audit
from appliance.services.people import accounts, invitations
from tests.features.signin.test_sign_in import anonymised, token_in

GOOD = "quatre chevaux bleus dansent"
PERSON = {"first_name": "Anne", "last_name": "Dubois", "email": "anne@demo.test", "password": GOOD}


@pytest.fixture(autouse=True)
def _limits():
    yield
    accounts.configure(Security())


def letter_for(world, key="guardian1") -> str:
    guardian = Guardian.get(Guardian.account == world.account(key))
    Guardian.update(account=None).where(Guardian.id == guardian.id).execute()
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    return invitations.invite_guardians(actor, access, [guardian.public_id])[0][1]


def opened():
    return Account.select().where(Account.identifier ** "anne.dubois.%")


def fill(browser, url, **data):
    page = browser.get(url)
    return browser.post(url, data={"csrf_token": token_in(page), **data})


def test_a_letter_becomes_an_account_then_the_notice_then_home(world):
    code, browser = letter_for(world), world.visitor()
    page = browser.get(f"/invitation/{code}")
    assert 'value="Anne"' in page.text and 'value="Dubois"' in page.text and "Léa" in page.text
    answer = fill(browser, f"/invitation/{code}", **PERSON)
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.get("/").location == "/avis"
    account = opened().get()
    assert (account.email, Guardian.get(Guardian.account == account).first_name) == ("anne@demo.test", "Anne")
    assert f"Notez votre identifiant\u202f: {account.identifier}" in browser.get("/avis").text
    assert unquote(browser.get("/compte").location) == "/avis?suite=/compte"
    assert "sensibles" in browser.get("/avis").text
    assert fill(browser, "/avis", suite="/compte").location == "/compte"
    page = browser.get("/compte").text
    assert "Léa" in page and account.identifier in page


@pytest.mark.parametrize("way", ["letter", "key"])
def test_an_address_that_another_account_has_changes_no_byte_of_any_answer(world, way):
    answers = []
    for email in ("guardian2@demo.test", "unknown02@demo.test"):
        browser, code = world.visitor(), letter_for(world)
        if way == "letter":
            answer = fill(browser, f"/invitation/{code}", **{**PERSON, "email": email})
        else:
            answer = ask(browser, world.cm1.join_code, email=email)
        made = opened().where(Account.email == email).get()
        pages = [answer, *(browser.get(url) for url in ("/joindre/merci", "/avis"))]
        fill(browser, "/avis")
        pages.append(browser.get("/compte"))
        told = str([(page.status_code, plain_headers(page), anonymised(page)) for page in pages])
        assert made.identifier in told
        for own in (made.identifier, email, f'avatar tint-{accounts.actor_of(made).tint}"'):
            told = told.replace(own, "…")
        answers.append(told)
        guardian = Guardian.get((Guardian.first_name == "Anne") & (Guardian.last_name == "Dubois"))
        Guardian.update(account=world.account("guardian1")).where(Guardian.id == guardian.id).execute()
    assert answers[0] == answers[1]


def plain_headers(answer) -> dict:
    left = {"Set-Cookie", "Content-Length", "ETag", "Server-Timing"}
    return {str(name): value for name, value in answer.headers if name not in left}


def test_an_account_opens_without_any_address(world):
    answer = fill(world.visitor(), f"/invitation/{letter_for(world)}", **{**PERSON, "email": ""})
    assert answer.status_code == 303 and opened().get().email == ""


def test_an_identifier_that_someone_asks_for_is_not_read(world):
    browser = world.visitor()
    assert "identifier" not in browser.get(f"/invitation/{letter_for(world)}").text
    assert ask(browser, world.cm1.join_code, identifier="guardian2@demo.test").status_code == 303
    assert opened().count() == 1


def test_a_typed_code_leads_to_its_invitation(world):
    code, browser = letter_for(world), world.visitor()
    answer = fill(browser, "/invitation", code=code.lower())
    assert answer.status_code == 303
    assert "Léa" in browser.get(answer.location).text
    assert browser.get(f"/bienvenue?code={code}").location == f"/invitation/{code}"


def test_nothing_of_the_school_is_shown_before_a_valid_code(world):
    letter_for(world)
    page = fill(world.visitor(), "/invitation", code="K7QM-2XPA-94TD")
    assert page.status_code == 422 and 'id="code-erreur"' in page.text
    assert "Jules-Ferry" not in page.text and "Léa" not in page.text


def test_a_letter_shows_no_trace_of_the_other_guardian(world):
    page = world.visitor().get(f"/invitation/{letter_for(world)}")
    for name in ("Marc", "Lefort", "Paul", "Girard", "Denis", "Rey", "guardian2"):
        assert name not in page.text


def test_what_was_typed_is_kept_but_never_the_password(world):
    url = f"/invitation/{letter_for(world)}"
    answer = fill(world.visitor(), url, **{**PERSON, "email": "guardian2@demo"})
    assert answer.status_code == 422 and 'id="email-erreur"' in answer.text
    assert 'value="guardian2@demo"' in answer.text and GOOD not in answer.text
    weak = fill(world.visitor(), url, **{**PERSON, "password": "AnneDubois2025"})
    assert weak.status_code == 422 and 'id="password-erreur"' in weak.text and "AnneDubois2025" not in weak.text
    assert not opened().exists()


def test_someone_signed_in_adds_the_child_to_their_one_account(world):
    code, browser = letter_for(world), world.sign_in("stranger")
    page = browser.get(f"/invitation/{code}")
    assert "Iris Blanc" in page.text and "Léa" in page.text
    assert browser.submit(f"/invitation/{code}").status_code == 303
    account = browser.get("/compte").text
    assert "Léa" in account and "Noé" in account


def test_the_way_to_sign_in_comes_back_to_the_letter(world):
    code = letter_for(world)
    page = world.visitor().get(f"/invitation/{code}")
    assert f"/connexion?suite=/invitation/{code}" in unquote(page.text)


def test_no_page_that_holds_a_code_is_a_referer_or_is_kept(world):
    code, browser = letter_for(world), world.visitor()
    for page in (browser.get(f"/invitation/{code}"), browser.get(f"/connexion?suite=/invitation/{code}")):
        assert page.headers["Referrer-Policy"] == "strict-origin"
        assert page.headers["Cache-Control"] == "no-store"


def test_a_form_without_its_proof_opens_no_account(world):
    code = letter_for(world)
    assert world.visitor().post(f"/invitation/{code}", data=PERSON).status_code == 400
    assert invitations.welcome(code)


def test_a_double_submit_opens_one_account(world):
    code, browser = letter_for(world), world.visitor()
    first = fill(browser, f"/invitation/{code}", **PERSON)
    assert first.status_code == 303
    again = fill(world.visitor(), "/invitation", code=code)
    assert again.status_code == 422
    assert opened().count() == 1


@pytest.mark.parametrize(
    "text", ["\x00", "<script>", "' OR 1=1", "é" * 300, "😀" * 50, "\u202e", "%s%(x)s{}", "../" * 30]
)
def test_naughty_texts_in_every_field_are_answered_in_words(world, text):
    code = letter_for(world)
    answer = fill(world.visitor(), f"/invitation/{code}", **dict.fromkeys(PERSON, text))
    assert answer.status_code in (303, 422)
    joined = fill(world.visitor(), "/joindre", key=text, child_name=text, kinship=text, **dict.fromkeys(PERSON, text))
    assert joined.status_code == 422


# The class key


def ask(browser, key, **changes):
    return fill(browser, "/joindre", key=key, child_name="Léa Dubois", kinship="mother", **{**PERSON, **changes})


def test_the_class_key_leaves_a_request_and_shows_nothing_of_the_class(world):
    browser = world.visitor()
    answer = ask(browser, world.cm1.join_code.lower())
    assert answer.location == "/joindre/merci"
    thanks = browser.get(answer.location).text
    assert "CM1" not in thanks and "Jules-Ferry" not in thanks and opened().get().identifier in thanks
    assert JoinRequest.get().status == "pending" and Session.select().count() == 1
    fill(browser, "/avis")
    assert browser.get(f"/classes/{world.cm1.public_id}").status_code == 404
    assert "CM1" not in browser.get("/").text


def test_a_wrong_key_is_told_before_anything_about_the_person(world):
    answer = ask(world.visitor(), "ZZZZZZZZ", email="not an address")
    assert answer.status_code == 422 and 'id="key-erreur"' in answer.text
    assert 'id="email-erreur"' not in answer.text


def test_someone_with_an_account_asks_without_opening_another(world):
    browser = world.sign_in("stranger")
    for page in ("/joindre", "/invitation"):
        assert "Accueil</a>" in browser.get(page).text, "there is a way back"
    assert 'name="password"' not in browser.get("/joindre").text
    answer = browser.submit("/joindre", {"key": world.cm1.join_code, "child_name": "Léa", "kinship": "other"})
    assert answer.status_code == 303
    assert JoinRequest.get().account == world.account("stranger")


def test_too_many_wrong_keys_from_one_network_wait(world):
    accounts.configure(replace(Security(), attempts_per_address=3))
    for _i in range(3):
        assert ask(world.visitor(), "ZZZZZZZZ").status_code == 422
    answer = ask(world.visitor(), world.cm1.join_code)
    assert answer.status_code == 429 and "Retry-After" in answer.headers


# The notice


def without_notice(world, key="guardian1"):
    NoticeAcceptance.delete().where(NoticeAcceptance.account == world.account(key)).execute()
    return world.sign_in(key)


def test_the_proof_says_which_text_was_shown_when_in_which_language_and_mode(world, clock):
    browser = without_notice(world)
    assert browser.submit("/avis").status_code == 303
    proof = NoticeAcceptance.get(NoticeAcceptance.account == world.account("guardian1"))
    assert (proof.mode, proof.version, proof.language) == ("acknowledge", notice.VERSION, "fr")
    assert proof.text_sha256 == notice.text_sha256() and proof.accepted_at == clock.now()
    assert proof.withdrawn_at is None
    last = audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).first().entry
    assert b'"event":"notice_accepted"' in last


def test_the_notice_can_ask_for_consent(world):
    config = world.config
    world.app.config["PREAU"] = replace(config, school=replace(config.school, notice="consent"))
    browser = without_notice(world)
    assert "consent" in browser.get("/avis").text
    browser.submit("/avis")
    assert NoticeAcceptance.get(NoticeAcceptance.account == world.account("guardian1")).mode == "consent"


def test_who_only_read_the_notice_is_asked_to_consent_once_consent_is_wanted(world):
    browser, config = world.sign_in("guardian1"), world.config
    assert browser.get("/").status_code == 200
    world.app.config["PREAU"] = replace(config, school=replace(config.school, notice="consent"))
    assert browser.get("/").location == "/avis"
    assert "Je consens" in browser.get("/avis").text
    assert browser.submit("/avis").status_code == 303 and browser.get("/").status_code == 200
    proofs = NoticeAcceptance.select().where(NoticeAcceptance.account == world.account("guardian1"))
    assert sorted(proof.mode for proof in proofs) == ["acknowledge", "consent"]
    world.app.config["PREAU"] = config
    assert browser.get("/").status_code == 200, "who consented has read it too"


def test_accepting_twice_keeps_one_proof(world):
    browser = without_notice(world)
    browser.submit("/avis"), browser.submit("/avis")
    assert NoticeAcceptance.select().where(NoticeAcceptance.account == world.account("guardian1")).count() == 1


def test_before_the_notice_an_invitation_and_a_key_wait_too(world):
    code = letter_for(world, "guardian2")
    browser = without_notice(world, "stranger")
    assert unquote(browser.get(f"/invitation/{code}").location) == f"/avis?suite=/invitation/{code}"
    assert unquote(browser.get("/joindre").location) == "/avis?suite=/joindre"


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test"])
def test_the_notice_never_leads_elsewhere(world, target):
    assert without_notice(world).submit("/avis", {"suite": target}).location == "/"


def test_a_visitor_is_sent_to_sign_in(world):
    assert world.visitor().get("/avis").location.startswith("/connexion")


def test_every_field_in_error_is_tied_to_its_words(world):
    answer = fill(world.visitor(), "/joindre")
    for field in ("key", "child_name", "kinship", "first_name", "last_name", "password"):
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*id="{field}"', answer.text), (
            field
        )
        assert f'id="{field}-erreur"' in answer.text
