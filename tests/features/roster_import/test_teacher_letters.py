"""The teachers of a file are invited in one step: a PDF with a letter and a code for each who is in no team yet."""

import dataclasses
import re
import subprocess
from datetime import date

import pytest

from appliance.core.errors import Refused
from appliance.school import policy
from appliance.school.models import Account, Classroom, Invitation, School
from appliance.school.policy import SYSTEM
from appliance.services import plans
from appliance.services.people import invitations, places
from appliance.services.people.accounts import Person, create_account
from tests.features.roster_import.test_pages import apply, give
from tests.services.roster.onde_samples import (
    guardian,
    guardians_file,
    pupil,
    pupils_file,
    teacher,
    teachers_file,
)
from tests.support.needs import needs

PUPILS = pupils_file(pupil("DUBOIS", "Léa", "CM1 A"), pupil("NOUVEL", "Lou", "CM2"), encoding="utf-8")
GUARDIANS = guardians_file(guardian(("NOUVEL", "Lou", "CM2"), last="NOUVEL", first="Eve"), encoding="utf-8")
TEACHERS = teachers_file(
    teacher("MARTIN", "Sophie", "CM1 A"),
    teacher("PETIT", "Jeanne", "CM1 A"),
    teacher("PETIT", "Jeanne", "CM2"),
    teacher("LE COQ", "Hélène", "CM2"),
    encoding="utf-8",
)
LABEL = "Imprimer les lettres des enseignants"


@pytest.fixture
def address(world):
    """An applied import of two classes and three teachers, one of whom is known."""
    school, browser = School.get(School.name == "École Jules-Ferry"), world.sign_in("principal")
    found = give(browser, school, pupils=PUPILS, guardians=GUARDIANS, teachers=TEACHERS).location
    assert "Import appliqué" in apply(browser, found).text
    return found


def pages_of(answer, tmp_path) -> list[str]:
    path = tmp_path / "letters.pdf"
    path.write_bytes(answer.data)
    text = subprocess.run([needs("pdftotext"), path, "-"], capture_output=True, check=True).stdout.decode()
    return [page for page in text.split("\f") if page.strip()]


def test_each_teacher_still_to_invite_gets_a_page_for_each_class_and_the_known_one_none(world, address, tmp_path):
    browser = world.sign_in("principal")
    assert LABEL in browser.get(address).text
    answer = browser.submit(f"{address}/enseignants")
    assert answer.mimetype == "application/pdf" and answer.headers["Cache-Control"] == "no-store"
    pages = pages_of(answer, tmp_path)
    assert len(pages) == 3 and not any("MARTIN" in page for page in pages)
    named = sorted((page.count("Jeanne") > 0, "CM2" in page) for page in pages)
    assert named == [(False, True), (True, False), (True, True)]


def test_the_code_of_a_letter_lets_that_colleague_into_that_class_only(world, address, tmp_path):
    pages = pages_of(world.sign_in("principal").submit(f"{address}/enseignants"), tmp_path)
    page = next(page for page in pages if "LE COQ" in page)
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page)[0]
    shown = invitations.welcome(code)
    assert (shown.purpose, shown.classroom_name, shown.role) == ("colleague", "CM2", "teacher")


def test_letters_printed_again_replace_those_before_in_their_classes_only(world, address, tmp_path):
    browser, actor = world.sign_in("principal"), world.actor("principal")
    elsewhere = invitations.invite_colleague(actor, policy.get_access(actor, world.ce1.public_id))
    assistant = invitations.invite_colleague(actor, policy.get_access(actor, world.cm1.public_id), "assistant")
    first, second = (codes_in(browser.submit(f"{address}/enseignants"), tmp_path) for _time in range(2))
    assert len(first) == len(second) == 3
    for code in first:
        with pytest.raises(Refused):
            invitations.welcome(code)
    assert all(invitations.welcome(code) for code in (*second, elsewhere, assistant))


def test_letters_that_cannot_be_printed_leave_those_before_alive(world, address, tmp_path, monkeypatch):
    browser = world.sign_in("principal")
    before = codes_in(browser.submit(f"{address}/enseignants"), tmp_path)
    monkeypatch.setattr(plans, "plan_of", lambda *_anyone: dataclasses.replace(plans.Plan("", ""), administrators=0))
    assert "Rien n’a été imprimé" in browser.submit(f"{address}/enseignants", follow_redirects=True).text
    assert all(invitations.welcome(code) for code in before)


def codes_in(answer, tmp_path) -> list[str]:
    pattern = r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}"
    return [re.search(pattern, page)[0] for page in pages_of(answer, tmp_path)]


def test_whoever_joined_since_gets_no_other_letter(world, address, tmp_path):
    for name, rooms in (("Petit", ("CM1 A", "CM2")), ("Le Coq", ("CM2",))):
        first = {"Petit": "Jeanne", "Le Coq": "Helene"}[name]
        account = create_account(SYSTEM, Person(first, name, f"{first}@demo.test"))
        for room in rooms:
            places.add_teacher(SYSTEM, account, Classroom.get(Classroom.name == room))
        if name == "Petit":
            answer = world.sign_in("principal").submit(f"{address}/enseignants")
            assert len(pages_of(answer, tmp_path)) == 1
    browser, before = world.sign_in("principal"), Invitation.select().count()
    assert LABEL not in browser.get(address).text
    assert "Rien n’a été imprimé" in browser.submit(f"{address}/enseignants", follow_redirects=True).text
    assert Invitation.select().count() == before


def test_who_manages_none_of_the_classes_prints_no_code(world, address):
    before = Invitation.select().count()
    browser = world.sign_in("admin")
    assert LABEL not in browser.get(address).text
    assert "Rien n’a été imprimé" in browser.submit(f"{address}/enseignants", follow_redirects=True).text
    assert Invitation.select().count() == before


def test_a_class_that_can_take_no_other_teacher_is_named_and_no_code_is_left(world, address, monkeypatch):
    before, full = Invitation.select().count(), Classroom.get(Classroom.name == "CM2").id
    few = dataclasses.replace(plans.plan_of(full), administrators=0)
    allowed = plans.plan_of
    monkeypatch.setattr(plans, "plan_of", lambda room, *rest: few if room == full else allowed(room, *rest))
    page = world.sign_in("principal").submit(f"{address}/enseignants", follow_redirects=True).text
    assert "La classe CM2 a déjà" in page and Invitation.select().count() == before


def test_an_import_that_was_undone_invites_nobody(world, address):
    browser = world.sign_in("principal")
    browser.submit(f"{address}/annuler")
    assert LABEL not in browser.get(address).text
    assert browser.submit(f"{address}/enseignants").status_code == 303


def test_printing_opens_no_account(world, address):
    before = Account.select().count()
    world.sign_in("principal").submit(f"{address}/enseignants")
    assert Account.select().count() == before


def test_in_august_a_teacher_of_last_year_is_invited_into_the_class_to_come(world, clock, tmp_path):
    """Two years are open for a month, with classes of the same names: an import speaks of its own year."""
    clock.advance(days=(date(2026, 8, 25) - clock.today()).days)
    school, browser = world.cm1.school, world.sign_in("principal")
    found = give(browser, school, pupils=PUPILS, guardians=GUARDIANS, teachers=TEACHERS).location
    result = apply(browser, found).text
    room = Classroom.get((Classroom.name == "CM1 A") & (Classroom.id != world.cm1.id))
    assert room.public_id in result and world.cm1.public_id not in result
    pages = pages_of(browser.submit(f"{found}/enseignants"), tmp_path)
    (code,) = [re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page)[0] for page in pages if "MARTIN" in page]
    invitations.link_account(world.actor("teacher"), code)
    assert [each.year_name for each in world.actor("teacher").classes] == ["2025-2026", "2026-2027"]
    families = pages_of(browser.submit(f"{found}/familles"), tmp_path)
    assert len(families) == 1 and "CM2" in families[0]
