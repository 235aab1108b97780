"""Schools, classes and offices: a head governs one school, an administrator the academy, nobody a class's contents."""

import re

import pytest

from appliance.core import clock as core_clock
from appliance.school.models import Account, Classroom, Membership, Office, School
from appliance.school.policy import SYSTEM
from appliance.services.people import places
from tests.support.plan import set_plan


def main_of(answer) -> str:
    return answer.text.split("<main", 1)[1].split("</main>", 1)[0]


@pytest.fixture
def school(world):
    """The address of the school of the world."""
    return f"/administration/ecoles/{world.cm1.school.public_id}"


@pytest.fixture
def academy(world):
    """The address of the academy of the world."""
    return f"/administration/academies/{world.academy.public_id}"


def test_a_head_goes_straight_to_their_school_and_an_administrator_sees_all(world, school):
    assert world.sign_in("principal").get("/administration").location == school
    page = main_of(world.sign_in("admin").get("/administration"))
    assert "École Jules-Ferry" in page and "École du Moulin" in page


@pytest.mark.parametrize("end", ["", "/modifier", "/classes/nouvelle", "/fonctions", "/fonctions/nouveau"])
def test_another_school_does_not_exist_for_a_head(world, end):
    url = f"/administration/ecoles/{world.far.school.public_id}{end}"
    browser = world.sign_in("principal")
    assert browser.get(url).status_code == 404
    assert browser.submit(url, {"name": "Pris", "identifier": "x", "role": "principal"}).status_code in (404, 405)
    assert School.get_by_id(world.far.school_id).name == "École du Moulin"


def test_a_class_of_another_school_does_not_exist_for_a_head(world):
    browser = world.sign_in("principal")
    for end in ("", "/modifier", "/enseignant"):
        assert browser.get(f"/administration/classes/{world.far.public_id}{end}").status_code == 404
    for name in ("%00", "é", "' OR 1=1", "a" * 4000):
        assert browser.get(f"/administration/classes/{name}").status_code == 404
        assert browser.get(f"/administration/ecoles/{name}").status_code == 404


@pytest.mark.parametrize("who", ["teacher", "assistant", "guardian1", "contact", "dpo"])
def test_nobody_else_enters(world, school, academy, who):
    for url in ("/administration", school, f"{academy}/fonctions", "/administration/comptes"):
        assert world.sign_in(who).get(url).status_code == 403


def test_the_forms_of_a_school_open_for_its_head(world, school):
    room = f"/administration/classes/{world.cm1.public_id}"
    for url in (
        school, f"{school}/modifier", f"{school}/classes/nouvelle", f"{school}/fonctions",
        f"{school}/fonctions/nouveau", room, f"{room}/modifier", f"{room}/enseignant",
    ):  # fmt: skip
        assert world.sign_in("principal").get(url).status_code == 200


def test_an_academy_is_for_administrators(world, academy):
    for end in ("/fonctions", "/fonctions/nouveau", "/ecoles/nouvelle"):
        assert world.sign_in("admin").get(academy + end).status_code == 200
        assert world.sign_in("principal").get(academy + end).status_code in (403, 404)


def test_a_school_is_created_once_and_renamed(world, academy):
    browser, data = world.sign_in("admin"), {"name": "École neuve", "city": "Saint-Loup", "uai": "0750003c"}
    answer = browser.submit(f"{academy}/ecoles/nouvelle", data)
    assert answer.status_code == 303 and School.get(School.name == "École neuve").uai == "0750003C"
    again = browser.submit(f"{academy}/ecoles/nouvelle", data)
    assert again.status_code == 422 and "porte déjà ce nom" in again.text and 'value="École neuve"' in again.text
    assert browser.submit(f"{academy}/ecoles/nouvelle", {**data, "name": "Autre", "uai": "abc"}).status_code == 422
    url = answer.location
    assert browser.submit(f"{url}/modifier", {"name": "École Simone-Veil", "city": ""}).status_code == 303
    assert browser.submit(f"{url}/modifier", {"name": "École du Moulin", "city": ""}).status_code == 422


def test_a_class_is_created_for_this_year_or_the_next_with_its_own_keys(world, school):
    browser = world.sign_in("principal")
    this, following = "2025-2026", "2026-2027"
    assert this in browser.get(f"{school}/classes/nouvelle").text
    for year in (this, following):
        answer = browser.submit(f"{school}/classes/nouvelle", {"name": "CE2 B", "level": "CE2", "year": year})
        assert answer.status_code == 303
    made = list(Classroom.select().where(Classroom.name == "CE2 B").order_by(Classroom.id))
    assert [each.year.name for each in made] == [this, following] and all(each.wrapped_key for each in made)
    again = browser.submit(f"{school}/classes/nouvelle", {"name": "CE2 B", "year": this})
    assert again.status_code == 422
    assert browser.submit(f"{school}/classes/nouvelle", {"name": "X", "year": "1999-2000"}).status_code == 422
    assert "Sans enseignant" in browser.get(school).text


@pytest.mark.parametrize("day", ["2028-02-29", "2025-08-31", "2025-12-31"])
def test_the_years_on_offer_are_this_one_and_the_next_whatever_the_day(world, clock, day):
    from datetime import UTC, datetime

    from appliance.features.administration import actions

    clock.set(datetime.fromisoformat(f"{day}T10:00:00").replace(tzinfo=UTC))
    first, second = actions.list_year_names()
    assert first == places.year_dates(core_clock.today())[0] and int(second[:4]) == int(first[:4]) + 1


def test_the_page_of_a_class_tells_nothing_of_what_it_holds(world):
    for who in ("principal", "admin"):
        page = main_of(world.sign_in(who).get(f"/administration/classes/{world.cm1.public_id}"))
        assert "Sophie Martin" in page
        for trace in ("Léa", "Dubois", "Lefort", world.cm1.join_code):
            assert trace not in page


def test_an_administrator_opens_no_class(world):
    for end in ("", "/membres", "/coordonnees", "/invitations"):
        assert world.sign_in("admin").get(f"/classes/{world.cm1.public_id}{end}").status_code in (403, 404)


def test_a_teacher_is_given_to_a_class_within_the_limit(world):
    url = f"/administration/classes/{world.cm1.public_id}"
    browser = world.sign_in("principal")
    for _time in range(2):
        assert browser.submit(url, {"identifier": "Teacher2@demo.test"}).status_code == 303
    set_plan(administrators=2)
    answer = browser.submit(url, {"identifier": "far_teacher@demo.test"})
    assert answer.status_code == 422 and "nombre maximal" in answer.text
    assert browser.submit(url, {"identifier": "personne"}).status_code == 422


def test_a_new_teacher_gets_an_account_and_a_code(world):
    url = f"/administration/classes/{world.ce1.public_id}/enseignant"
    data = {"first_name": "Aude", "last_name": "Lenoir", "identifier": "aude@demo.test"}
    browser = world.sign_in("principal")
    page = browser.submit(url, data)
    assert re.search(r"<strong>[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}</strong>", page.text)
    assert Membership.get(account=Account.get(identifier="aude@demo.test")).classroom == world.ce1
    again = browser.submit(url, data)
    assert again.status_code == 422 and 'value="Aude"' in again.text


def test_an_office_is_given_and_withdrawn(world, school):
    browser, head = world.sign_in("principal"), world.sign_in("teacher")
    data = {"identifier": "teacher@demo.test", "role": "principal"}
    for _time in range(2):
        assert browser.submit(f"{school}/fonctions", data).status_code == 303
    assert head.get("/administration").status_code == 303
    url = f"{school}/fonctions/{world.account('teacher').public_id}/principal/retirer"
    assert "dès maintenant" in browser.get(url).text
    for _time in range(2):
        assert browser.submit(url).status_code == 303
    assert head.get("/administration").status_code == 403


@pytest.mark.parametrize("role", ["admin", "dpo", "teacher", "", "x" * 100])
def test_a_head_names_heads_only(world, school, role):
    data = {"identifier": "teacher@demo.test", "role": role}
    assert world.sign_in("principal").submit(f"{school}/fonctions", data).status_code == 422
    assert world.sign_in("principal").submit(f"{school}/fonctions/nouveau", {
        "first_name": "A", "last_name": "B", "identifier": "abc@demo.test", "role": role,
    }).status_code == 422  # fmt: skip
    assert not Account.select().where(Account.identifier == "abc@demo.test").exists()


def test_a_school_keeps_a_head_unless_an_administrator_decides(world, school):
    url = f"{school}/fonctions/{world.account('principal').public_id}/principal/retirer"
    answer = world.sign_in("principal").submit(url)
    assert answer.status_code == 422 and "au moins une direction" in answer.text
    assert world.sign_in("admin").submit(url).status_code == 303


def test_the_last_administrator_cannot_be_removed(world, academy):
    browser = world.sign_in("admin")
    url = f"{academy}/fonctions/{world.account('admin').public_id}/admin/retirer"
    answer = browser.submit(url)
    assert answer.status_code == 422 and "dernier administrateur" in answer.text
    data = {"identifier": "principal@demo.test", "role": "admin"}
    assert browser.submit(f"{academy}/fonctions", data).status_code == 303
    assert browser.submit(url).status_code == 303
    assert browser.get("/administration").status_code == 403


def test_an_administrator_whose_account_is_closed_does_not_count(world, academy):
    places.appoint(SYSTEM, world.account("principal"), world.academy, "admin")
    Account.update(disabled_at=core_clock.now()).where(Account.id == world.account("principal").id).execute()
    url = f"{academy}/fonctions/{world.account('admin').public_id}/admin/retirer"
    assert world.sign_in("admin").submit(url).status_code == 422


def test_a_new_officer_gets_an_account_with_the_office_and_a_code(world, academy):
    data = {"first_name": "Aude", "last_name": "Lenoir", "identifier": "aude", "role": "dpo"}
    page = world.sign_in("admin").submit(f"{academy}/fonctions/nouveau", data)
    assert re.search(r"<strong>[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}</strong>", page.text)
    assert Office.get(account=Account.get(identifier="aude")).role == "dpo"
