"""Heads import into their own school, administrators into any of the academy; nobody else, and nobody elsewhere."""

import io

import pytest

from appliance.school.models import Academy, School
from appliance.school.policy import SYSTEM
from appliance.services.people import places
from appliance.services.roster.models import RosterImport
from tests.services.roster.onde_samples import guardian, guardians_file, pupil, pupils_file

PUPILS = pupils_file(pupil("MARTIN", "Léo", "CM2", "2014-03-02"), encoding="utf-8")
GUARDIANS = guardians_file(guardian(("MARTIN", "Léo", "CM2")), encoding="utf-8")


def give(browser, school):
    files = {"pupils": (io.BytesIO(PUPILS.data), "e.csv"), "guardians": (io.BytesIO(GUARDIANS.data), "r.csv")}
    return browser.submit("/import", {"school": school.public_id, **files}, content_type="multipart/form-data")


def own(world):
    return School.get(School.name == "École Jules-Ferry")


def far(world):
    return School.get(School.name == "École du Moulin")


@pytest.mark.parametrize("person", ["guardian1", "contact", "teacher", "assistant", "stranger", "dpo"])
def test_others_are_denied_everywhere(world, person):
    waiting = give(world.sign_in("principal"), own(world)).location
    browser = world.sign_in(person)
    assert browser.get("/import").status_code == 403 and give(browser, own(world)).status_code == 403
    for address in (waiting, f"{waiting}/annuler"):
        assert browser.get(address).status_code == 403
    for act in ("appliquer", "annuler", "abandonner", "doutes"):
        assert browser.submit(f"{waiting}/{act}").status_code == 403
    assert RosterImport.get().status == "pending"


def test_a_head_sees_only_the_school_of_the_office(world):
    browser = world.sign_in("principal")
    page = browser.get("/import").text
    assert own(world).public_id in page and far(world).public_id not in page
    answer = give(browser, far(world))
    assert answer.status_code == 422 and not RosterImport.select().exists()


def test_an_import_of_another_school_is_not_found_by_a_head(world):
    waiting = give(world.sign_in("admin"), far(world)).location
    browser = world.sign_in("principal")
    for address in (waiting, f"{waiting}/annuler", "/import/unknown", "/import/%00"):
        assert browser.get(address).status_code == 404
    for act in ("appliquer", "annuler", "abandonner", "doutes"):
        assert browser.submit(f"{waiting}/{act}").status_code == 404
    assert waiting not in browser.get("/import").text and RosterImport.get().status == "pending"


def test_an_administrator_may_import_into_any_school_of_the_academy_and_no_other(world):
    elsewhere = places.create_academy(SYSTEM, "Autre commune")
    other = places.create_school(SYSTEM, elsewhere, "École d’ailleurs")
    browser = world.sign_in("admin")
    assert give(browser, own(world)).status_code == 303 and give(browser, far(world)).status_code == 303
    assert give(browser, other).status_code == 422
    assert other.public_id not in browser.get("/import").text
    hidden = RosterImport.create(school=other)
    assert browser.get(f"/import/{hidden.public_id}").status_code == 404


def test_an_office_over_another_academy_opens_nothing_here(world):
    elsewhere = places.create_academy(SYSTEM, "Autre commune")
    places.appoint(SYSTEM, world.account("stranger"), elsewhere, "admin")
    waiting = give(world.sign_in("principal"), own(world)).location
    browser = world.sign_in("stranger")
    assert browser.get(waiting).status_code == 404 and give(browser, own(world)).status_code == 422
    assert "Aucune école" in browser.get("/import").text and Academy.select().count() == 2


def test_a_form_without_its_proof_does_nothing(world):
    waiting = give(world.sign_in("principal"), own(world)).location
    browser = world.sign_in("principal")
    for act in ("appliquer", "annuler", "abandonner", "doutes"):
        assert browser.post(f"{waiting}/{act}").status_code == 400
    assert RosterImport.get().status == "pending"


def test_whoever_is_not_signed_in_is_asked_to(world):
    assert world.visitor().get("/import").status_code == 303
