"""Pupils and their adults are added, corrected, linked, withdrawn; forms keep what was typed and mind double clicks."""

from datetime import date

import pytest

from appliance.school import policy
from appliance.school.models import Enrolment, Guardian, Student
from appliance.services.people import children
from tests.support.plan import set_plan


def test_a_pupil_is_added_to_the_class(world, room, events):
    data = {"first_name": "Maël", "last_name": "Roux", "born_on": "2016-05-04", "photo_rights": "no"}
    answer = world.sign_in("teacher").submit(f"{room.url}/eleves/nouveau", data)
    student = world.student("Maël")
    assert answer.status_code == 303 and answer.location.endswith(student.public_id)
    assert (student.born_on, student.photo_rights, student.school) == (date(2016, 5, 4), "no", world.cm1.school)
    assert "student_created" in events() and "student_enrolled" in events()


def test_a_form_sent_twice_adds_one_pupil(world, room):
    browser, data = world.sign_in("teacher"), {"first_name": "Maël", "last_name": "Roux", "photo_rights": "unknown"}
    first, second = (browser.submit(f"{room.url}/eleves/nouveau", data) for _time in range(2))
    assert first.location == second.location
    assert Student.select().where(Student.first_name == "Maël").count() == 1


def test_a_namesake_is_added_only_on_purpose(world, room, clock):
    clock.advance(minutes=5)
    browser, data = world.sign_in("teacher"), {"first_name": "LEA", "last_name": "Dubois", "photo_rights": "unknown"}
    answer = browser.submit(f"{room.url}/eleves/nouveau", data)
    assert answer.status_code == 422 and "porte déjà ce nom" in answer.text and 'value="LEA"' in answer.text
    assert browser.submit(f"{room.url}/eleves/nouveau", {**data, "namesake": "y"}).status_code == 303
    assert Enrolment.select().where(Enrolment.classroom == world.cm1).count() == 4


@pytest.mark.parametrize(("field", "value"), [
    ("first_name", ""), ("last_name", "x" * 101), ("born_on", "hier"), ("born_on", "2999-01-01"),
    ("born_on", "0001-01-01"), ("photo_rights", "peut-être"), ("photo_rights", ""),
])  # fmt: skip
def test_what_cannot_be_a_pupil_is_refused_in_french_and_kept(world, room, field, value):
    data = {"first_name": "Maël", "last_name": "Roux", "usage_name": "Gardé", "photo_rights": "no", field: value}
    answer = world.sign_in("teacher").submit(f"{room.url}/eleves/nouveau", data)
    assert answer.status_code == 422 and 'value="Gardé"' in answer.text and "field__error" in answer.text
    assert "Not a valid" not in answer.text and "Invalid" not in answer.text
    assert not Student.select().where(Student.usage_name == "Gardé").exists()


def test_a_pupil_is_corrected_and_saying_the_same_leaves_no_trace(world, room, events):
    browser, data = (
        world.sign_in("teacher"),
        {"first_name": "Léa", "last_name": "Dubois", "usage_name": "Dubois-Lefort"},
    )
    assert browser.submit(room.pupil("Léa", "/modifier"), data).status_code == 303
    assert world.student("Léa").name == "Léa Dubois-Lefort"
    before = len(events())
    browser.submit(room.pupil("Léa", "/modifier"), data)
    assert len(events()) == before


def test_photo_rights_are_set_and_journaled(world, room, events):
    browser = world.sign_in("teacher")
    assert browser.submit(room.pupil("Léa", "/photos"), {"photo_rights": "no"}).status_code == 303
    assert world.student("Léa").photo_rights == "no" and events()[-1] == "photo_rights_changed"
    assert browser.submit(room.pupil("Léa", "/photos"), {"photo_rights": "x"}).status_code == 422


def test_a_departure_shuts_the_class_to_the_family_and_can_be_undone(world, room):
    guardian, teacher = world.sign_in("guardian1"), world.sign_in("teacher")
    assert guardian.get(room.url).status_code == 200
    assert "Rien n’est effacé" in teacher.get(room.pupil("Léa", "/depart")).text
    assert "Partis de la classe" not in teacher.get(f"{room.url}/membres").text
    leave, back = room.pupil("Léa", "/depart"), room.pupil("Léa", "/retour")
    assert teacher.submit(leave).status_code == 303
    assert guardian.get(room.url).status_code == 404
    assert "Partis de la classe" in teacher.get(f"{room.url}/membres").text
    for _time in range(2):
        assert teacher.submit(back).status_code == 303
        assert guardian.get(room.url).status_code == 200


ADULT = {"first_name": "Farida", "last_name": "Hassan", "authority": "legal", "kinship": "grandparent"}


def test_an_adult_without_any_address_is_a_full_guardian(world, room):
    answer = world.sign_in("teacher").submit(room.pupil("Léa", "/responsables/nouveau"), ADULT)
    assert answer.status_code == 303
    assert room.link("Farida", "Léa").authority == "legal"
    assert "Farida Hassan" in world.sign_in("teacher").get(f"{room.url}/invitations").text


def test_contact_details_are_sealed_and_corrected(world, room):
    browser = world.sign_in("teacher")
    data = {**ADULT, "phone_mobile": "06 11 22 33 44", "email": "farida@mail.test"}
    browser.submit(room.pupil("Léa", "/responsables/nouveau"), data)
    guardian = room.guardian("Farida")
    assert b"farida@mail.test" not in bytes(guardian.contact)
    page = browser.get(room.adult("Léa", "Farida")).text
    assert 'value="06 11 22 33 44"' in page
    browser.submit(room.adult("Léa", "Farida"), {**ADULT, "city": "Lyon", "kinship": "other", "phone_mobile": ""})
    contact = children.open_contact(room.guardian("Farida"))
    assert (contact.city, contact.phone_mobile) == ("Lyon", "")
    assert room.link("Farida", "Léa").kinship == "other"


def test_an_adult_sent_twice_is_one_and_a_namesake_needs_a_tick(world, room, clock):
    browser = world.sign_in("teacher")
    for _time in range(2):
        assert browser.submit(room.pupil("Léa", "/responsables/nouveau"), ADULT).status_code == 303
    assert Guardian.select().where(Guardian.first_name == "Farida").count() == 1
    clock.advance(minutes=5)
    answer = browser.submit(room.pupil("Léa", "/responsables/nouveau"), ADULT)
    assert answer.status_code == 422 and "déjà un adulte de ce nom" in answer.text
    assert browser.submit(room.pupil("Léa", "/responsables/nouveau"), {**ADULT, "namesake": "y"}).status_code == 303


def test_withdrawing_authority_needs_the_document_and_cuts_at_once(world, room, events):
    reader, browser = world.sign_in("guardian2"), world.sign_in("teacher")
    url = room.adult("Léa", "Marc", "/autorite")
    assert reader.get(room.url).status_code == 200
    page = browser.get(url).text
    assert "ne voit plus rien" in page and "journal" in page
    answer = browser.submit(url, {"authority": "withdrawn", "document_reference": "  "})
    assert answer.status_code == 422 and "référence du document" in answer.text
    assert reader.get(room.url).status_code == 200
    data = {"authority": "withdrawn", "document_reference": "JAF 25/77"}
    assert browser.submit(url, data).status_code == 303
    assert reader.get(room.url).status_code == 404
    assert events()[-1] == "guardianship_authority_changed"
    assert world.sign_in("guardian1").get(room.url).status_code == 200


def test_an_adult_can_arrive_with_authority_already_withdrawn(world, room):
    browser, url = world.sign_in("teacher"), room.pupil("Léa", "/responsables/nouveau")
    answer = browser.submit(url, {**ADULT, "authority": "withdrawn"})
    assert answer.status_code == 422 and not Guardian.select().where(Guardian.first_name == "Farida").exists()
    browser.submit(url, {**ADULT, "authority": "withdrawn", "document_reference": "JAF 25/78"})
    assert room.link("Farida", "Léa").document_reference == "JAF 25/78"


def test_a_link_made_by_mistake_is_removed_but_a_decision_stays(world, room):
    browser = world.sign_in("teacher")
    url = room.adult("Léa", "Paul", "/retirer")
    for _time in range(2):
        assert browser.submit(url).status_code == 303
    assert room.link("Paul", "Léa") is None
    answer = browser.submit(room.adult("Léa", "Denis", "/retirer"))
    assert answer.status_code == 422 and room.link("Denis", "Léa") is not None


def test_a_head_links_a_guardian_of_any_class_and_a_teacher_of_their_own_classes_only(world, room):
    zoe1 = Guardian.get(Guardian.account == world.account("zoe1"))
    data = {"guardian": zoe1.public_id, "authority": "contact"}
    url = room.pupil("Léa", "/responsables/relier")
    assert "Minh" not in world.sign_in("teacher").get(url).text
    assert world.sign_in("teacher").submit(url, data).status_code == 422
    assert world.sign_in("principal").submit(url, data).status_code == 303
    assert room.link("Minh", "Léa").authority == "contact"
    iris = Guardian.get(Guardian.account == world.account("stranger"))
    assert world.sign_in("principal").submit(url, {**data, "guardian": iris.public_id}).status_code == 422


def test_a_class_that_is_full_takes_nobody_more(world, room):
    set_plan(members=11)
    browser = world.sign_in("teacher")
    answers = [
        browser.submit(room.pupil("Léa", "/responsables/nouveau"), {**ADULT, "first_name": name})
        for name in ("Farida", "Yasmine")
    ]
    assert [answer.status_code for answer in answers] == [303, 413]
    assert "nombre maximal de membres (11)" in answers[1].text and 'value="Yasmine"' in answers[1].text


def test_naughty_strings_are_names_like_others(world, room, naughty):
    browser = world.sign_in("teacher")
    url = room.pupil("Léa", "/modifier")
    lea = world.student("Léa").id
    for text in naughty:
        answer = browser.submit(url, {"first_name": text, "last_name": text[:90], "usage_name": text[:50]})
        assert answer.status_code in (303, 422)
        assert browser.submit(f"{room.url}/groupes", {"name": text}).status_code in (303, 422)
    Student.update(first_name="<script>\"'", usage_name="<b>&amp;").where(Student.id == lea).execute()
    for page in (f"{room.url}/membres", f"{room.url}/groupes", f"{room.url}/invitations", f"{room.url}/coordonnees"):
        body = browser.get(page).text
        assert '<script>"' not in body and "<b>&amp;" not in body
    policy.forget()
    assert '<script>"' not in world.sign_in("guardian1").get(f"{room.url}/membres").text
