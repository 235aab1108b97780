"""After an import the head of the school prints all families' letters at once, sorted by class, by a class's rules."""

import json
import re
from dataclasses import replace

import pytest

from appliance.core.errors import Refused
from appliance.school.models import Guardian, Guardianship, Invitation, School
from appliance.school.policy import SYSTEM
from appliance.services.audit import AuditEntry
from appliance.services.people import children, invitations
from tests.features.roster_import.test_pages import apply, give
from tests.features.roster_import.test_teacher_letters import codes_in, pages_of
from tests.services.roster.onde_samples import guardian, guardians_file, pupil, pupils_file

PUPILS = pupils_file(
    pupil("NOUVEL", "Lou", "CM2"), pupil("AUBRY", "Max", "CM1 A"), pupil("AUBRY", "Nil", "CM2"), encoding="utf-8"
)
GUARDIANS = guardians_file(
    guardian(("NOUVEL", "Lou", "CM2"), last="NOUVEL", first="Eve"),
    guardian(("AUBRY", "Max", "CM1 A"), ("AUBRY", "Nil", "CM2"), last="AUBRY", first="Zita"),
    encoding="utf-8",
)
LABEL = "Imprimer les lettres, triées par classe"


@pytest.fixture
def address(world):
    """An applied import: Zita has a child in CM1 A and one in CM2, Eve one in CM2; neither has an account."""
    school, browser = School.get(School.name == "École Jules-Ferry"), world.sign_in("principal")
    found = give(browser, school, pupils=PUPILS, guardians=GUARDIANS).location
    assert "Import appliqué" in apply(browser, found).text
    return found


def test_one_file_holds_each_familys_letter_once_sorted_by_class(world, address, tmp_path):
    browser = world.sign_in("principal")
    page = browser.get(address).text
    assert LABEL in page and "2 responsables n’ont pas encore de compte" in page and "déjà imprimée" not in page
    answer = browser.submit(f"{address}/familles")
    assert answer.mimetype == "application/pdf" and answer.headers["Cache-Control"] == "no-store"
    pages = pages_of(answer, tmp_path)
    assert [re.search("Zita|Eve", each)[0] for each in pages] == ["Zita", "Eve"]
    assert "CM1 A" in pages[0] and "CM2" in pages[0] and "Eve" not in pages[0]
    for code in codes_in(answer, tmp_path):
        assert invitations.welcome(code).purpose == "guardian"


def test_who_has_a_letter_keeps_it_unless_all_are_asked_for_again(world, address, tmp_path):
    browser = world.sign_in("principal")
    first = codes_in(browser.submit(f"{address}/familles"), tmp_path)
    assert "Refaire aussi 2 lettres déjà imprimées" in browser.get(address).text
    assert "n’a été imprimé" in browser.submit(f"{address}/familles", follow_redirects=True).text
    assert all(invitations.welcome(code) for code in first)
    second = codes_in(browser.submit(f"{address}/familles", {"again": "1"}), tmp_path)
    assert len(second) == 2 and all(invitations.welcome(code) for code in second)
    for code in first:
        with pytest.raises(Refused):
            invitations.welcome(code)


def test_only_guardians_with_authority_today_are_written_to(world, address, tmp_path):
    eve = Guardianship.get(Guardianship.guardian == Guardian.get(Guardian.first_name == "Eve"))
    children.set_authority(SYSTEM, eve, "withdrawn", document_reference="Jugement 25/3")
    pages = pages_of(world.sign_in("principal").submit(f"{address}/familles"), tmp_path)
    assert len(pages) == 1 and "Zita" in pages[0]


def test_each_letter_is_in_the_journal_with_its_class(world, address):
    world.sign_in("principal").submit(f"{address}/familles")
    entries = [json.loads(bytes(row.entry)) for row in AuditEntry.select().order_by(AuditEntry.seq)]
    printed = [entry for entry in entries if entry["event"] == "invitation_letter_printed"]
    assert len(printed) == 2 and printed[0]["object"]["classroom"] == world.cm1.public_id
    assert {entry["operation"] for entry in printed} == {"disclose"}


def test_more_letters_than_the_settings_allow_are_refused_and_no_code_changes(world, address):
    config = world.config
    world.app.config["PREAU"] = replace(config, limits=replace(config.limits, letters_at_once=1))
    page = world.sign_in("principal").submit(f"{address}/familles", follow_redirects=True).text
    assert "2 lettres" in page and "classe par classe" in page and not Invitation.select().exists()


def test_who_manages_no_class_prints_nothing_and_neither_does_an_undone_import(world, address):
    admin = world.sign_in("admin")
    assert LABEL not in admin.get(address).text
    assert "n’a été imprimé" in admin.submit(f"{address}/familles", follow_redirects=True).text
    head = world.sign_in("principal")
    head.submit(f"{address}/annuler")
    assert head.submit(f"{address}/familles").status_code == 303
    assert not Invitation.select().exists()
    for who in ("teacher", "guardian1"):
        assert world.sign_in(who).submit(f"{address}/familles").status_code == 403
