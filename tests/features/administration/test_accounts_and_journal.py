"""Accounts by state, helped only downwards; the journal by its size, its root and the names of its events."""

import json

import pytest

from appliance.school.models import Account, Guardian, Session
from appliance.school.policy import SYSTEM
from appliance.services import audit, work
from appliance.services.audit import AuditEntry
from appliance.services.people import children, places


def main_of(answer) -> str:
    return answer.text.split("<main", 1)[1].split("</main>", 1)[0]


def last_event() -> str:
    return json.loads(AuditEntry.select().order_by(AuditEntry.seq.desc()).first().entry)["event"]


def url_of(world, who, end=""):
    return f"/administration/comptes/{world.account(who).public_id}{end}"


def test_a_head_sees_the_accounts_of_the_school_and_no_other(world):
    page = main_of(world.sign_in("principal").get("/administration/comptes"))
    assert "Sophie Martin" in page and "Anne Dubois" in page and "Ouvert" in page
    for trace in ("Agnès", "Iris", "Yann", "Inès Moreau", "Léa", "06000", "25/0001"):
        assert trace not in page
    assert world.sign_in("principal").get(url_of(world, "far_teacher")).status_code == 404


def test_an_administrator_sees_the_academys_accounts_and_finds_one(world):
    browser = world.sign_in("admin")
    page = main_of(browser.get("/administration/comptes"))
    for name in ("Agnès Colin", "Iris Blanc", "Yann Le Gall", "Inès Moreau"):
        assert name in page
    found = main_of(browser.get("/administration/comptes", query_string={"nom": "COLIN"}))
    assert "Agnès Colin" in found and "Iris" not in found


def test_reading_the_accounts_is_in_the_journal(world):
    browser, before = world.sign_in("principal"), AuditEntry.select().count()
    browser.get("/administration/comptes")
    browser.get(url_of(world, "teacher"))
    browser.get(url_of(world, "far_teacher"))
    read = [json.loads(bytes(row.entry)) for row in AuditEntry.select().order_by(AuditEntry.seq).offset(before)]
    assert [entry["event"] for entry in read] == ["account_list_read", "account_read"]
    assert read[1]["object"]["id"] == world.account("teacher").public_id and "Sophie" not in str(read)


@pytest.mark.parametrize("query", [{"nom": "\x00"}, {"nom": "<b>"}, {"page": "-3"}, {"page": "x"}, {"page": "9" * 30}])
def test_a_strange_search_is_only_a_search(world, query):
    answer = world.sign_in("admin").get("/administration/comptes", query_string=query)
    assert answer.status_code == 200 and "<b>" not in main_of(answer)


def test_closing_an_account_signs_it_out_and_can_be_undone(world):
    head, teacher = world.sign_in("principal"), world.sign_in("teacher")
    assert "Rien n’est effacé" in head.get(url_of(world, "teacher", "/fermer")).text
    for _time in range(2):
        assert head.submit(url_of(world, "teacher", "/fermer")).status_code == 303
    assert teacher.get("/").status_code == 303 and "/connexion" in teacher.get("/").location
    assert not Session.select().where(Session.account == world.account("teacher")).exists()
    assert "Fermé" in head.get("/administration/comptes").text
    head.submit(url_of(world, "teacher", "/rouvrir"))
    assert world.account("teacher").disabled_at is None and last_event() == "user_enabled"


@pytest.mark.parametrize(("who", "whom"), [
    ("principal", "principal"), ("admin", "admin"), ("admin", "dpo"), ("principal", "admin"), ("principal", "dpo"),
])  # fmt: skip
def test_nobody_takes_over_an_account_above_their_own_or_their_own(world, who, whom):
    browser = world.sign_in(who)
    for end in ("/fermer", "/code", "/rouvrir"):
        assert browser.submit(url_of(world, whom, end)).status_code in (403, 404)
    assert world.account(whom).disabled_at is None


def test_a_head_does_not_close_an_account_that_lives_in_another_school_too(world):
    noe = world.student("Noé")
    guardian = children.create_guardian(SYSTEM, noe.school, "Nadia", "Benali", account=world.account("nadia"))
    children.link(SYSTEM, guardian, noe)
    assert world.sign_in("principal").submit(url_of(world, "nadia", "/fermer")).status_code == 403
    assert world.sign_in("admin").submit(url_of(world, "nadia", "/fermer")).status_code == 303


def test_a_code_is_shown_once_for_whom_one_may_help(world):
    answer = world.sign_in("admin").submit(url_of(world, "principal", "/code"))
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert world.sign_in("principal").submit(url_of(world, "guardian1", "/code")).status_code == 200
    places.appoint(SYSTEM, world.account("teacher"), world.academy, "dpo")
    assert world.sign_in("principal").submit(url_of(world, "teacher", "/code")).status_code == 403


def test_someone_who_never_signed_in_is_waiting(world):
    Account.update(password_hash="").where(Account.id == world.account("teacher2").id).execute()
    assert "Attend sa première connexion" in world.sign_in("principal").get("/administration/comptes").text


def test_the_journal_page_shows_size_root_and_event_names_and_nobody(world):
    size, root = audit.root()
    page = main_of(world.sign_in("dpo").get("/journal"))
    assert f">{size}<" in page and root.hex() in page and "guardianship_created" in page
    assert "Aucune vérification" in page
    ids = [row.public_id for row in Guardian.select()] + [row.public_id for row in Account.select()]
    assert not any(each in page for each in ids)
    for name in ("Léa", "Dubois", "Jugement", "@"):
        assert name not in page


def test_verifying_is_a_task_that_tells_the_truth_and_is_remembered(world):
    browser = world.sign_in("dpo")
    assert browser.submit("/journal/verifier").status_code == 303
    assert last_event() == "journal_verification_asked"
    assert "demandée" in browser.get("/journal").text
    page = main_of(browser.get("/journal"))
    assert "en cours" in page and "Aucune vérification" in page, "nothing is recomputed in the request"
    work.run_due()
    page = main_of(browser.get("/journal"))
    assert "Intact" in page and "en cours" not in page
    audit.AuditEntry.update(entry=b"\xff{}").where(audit.AuditEntry.seq == audit.root()[0] - 1).execute()
    browser.submit("/journal/verifier")
    work.run_due()
    assert "ne correspond pas" in main_of(browser.get("/journal"))
    admin = world.sign_in("admin")
    assert "ne correspondait pas à son empreinte" in main_of(admin.get("/administration/sante"))


@pytest.mark.parametrize("who", ["admin", "principal", "teacher", "guardian1"])
def test_the_journal_is_for_the_dpo(world, who):
    assert world.sign_in(who).get("/journal").status_code == 403
    assert world.sign_in(who).submit("/journal/verifier").status_code == 403
