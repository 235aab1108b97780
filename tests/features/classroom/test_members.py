"""Who sees which members: the staff the pupils with their adults, a guardian the teachers and their own children."""

import re

import pytest

from appliance.school.models import GroupStudent, Guardian
from appliance.school.policy import SYSTEM
from appliance.services.people import children, groups


def main_of(answer) -> str:
    return answer.text.split("<main", 1)[1].split("</main>", 1)[0]


def test_the_staff_sees_pupils_adults_authority_and_account_state(world, room):
    new = children.create_guardian(SYSTEM, world.cm1.school, "Farida", "Hassan")
    children.link(SYSTEM, new, world.student("Inès"))
    page = main_of(world.sign_in("teacher").get(f"{room.url}/membres"))
    for text in (
        "Léa Dubois", "Anne Dubois", "Marc Lefort", "Autorité parentale", "Contact seulement", "Autorité retirée",
        "Aucune photo", "Inscrit", "Pas encore de courrier", "3 élèves",
    ):  # fmt: skip
        assert text in page
    assert "Adam" not in page and "Zoé" not in page


def test_an_assistant_sees_that_authority_was_withdrawn_but_not_the_document(world, room):
    for path in (f"{room.url}/membres", room.pupil("Léa"), f"{room.url}/coordonnees"):
        page = main_of(world.sign_in("assistant").get(path))
        assert "Autorité retirée" in page and "25/0001" not in page


def test_contact_details_are_shown_on_purpose_only_and_each_reading_is_in_the_journal(world, room, events):
    browser = world.sign_in("teacher")
    before = len(events())
    assert "0600000000" not in browser.get(f"{room.url}/membres").text
    page = main_of(browser.get(f"{room.url}/coordonnees"))
    assert "0600000000" in page and "guardian1@contact.test" in page and "notée au journal" in page
    browser.get(f"{room.url}/coordonnees")
    browser.get(room.pupil("Léa"))
    assert events()[before:] == ["class_list_read", "class_contacts_read", "class_contacts_read", "pupil_record_read"]


@pytest.mark.parametrize("end", ["", "/modifier", "/responsables/{denis}", "/responsables/{denis}/autorite"])
def test_every_page_that_shows_a_pupils_record_leaves_its_entry(world, room, events, end):
    browser, before = world.sign_in("teacher"), len(events())
    assert browser.get(room.pupil("Léa", end.format(denis=room.guardian("Denis").public_id))).status_code == 200
    assert events()[before:] == ["pupil_record_read"]


def test_a_decision_of_justice_is_shown_on_the_pages_that_leave_an_entry_and_not_on_the_list(world, room):
    browser = world.sign_in("teacher")
    for path in (room.pupil("Léa"), f"{room.url}/coordonnees", room.adult("Léa", "Denis", "/autorite")):
        assert "Jugement 25/0001" in main_of(browser.get(path))
    assert "25/0001" not in browser.get(f"{room.url}/membres").text


def test_what_is_read_on_purpose_is_never_stored_by_the_browser(world, room):
    for path in (f"{room.url}/coordonnees", room.pupil("Léa"), f"{room.url}/membres"):
        assert world.sign_in("teacher").get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("who", ["guardian1", "guardian2", "nadia", "hugo1"])
def test_a_guardian_sees_the_teachers_and_their_own_children_and_nobody_else(world, room, who):
    """No name, mail, phone, initials or count of another guardian or family."""
    for student in ("Léa", "Inès", "Hugo"):
        groups.create_group(SYSTEM, world.cm1, f"Groupe de {student}", [world.student(student).id])
    text = main_of(world.sign_in(who).get(f"{room.url}/membres"))
    own = {"guardian1": "Léa", "guardian2": "Léa", "nadia": "Inès", "hugo1": "Hugo"}[who]
    assert "Sophie Martin" in text and "Karim Haddad" in text and own in text
    me = Guardian.get(Guardian.account == world.account(who))
    for guardian in Guardian.select().where(Guardian.id != me.id):
        assert guardian.first_name not in text and guardian.public_id not in text
        initials = guardian.first_name[0] + guardian.last_name[0]
        assert not re.search(rf">\s*{initials}\s*<", text)
    for trace in ("@", "06000", "25/0001", "Groupe", "1 rue", "inscrit", "Inscrit", "élèves"):
        assert trace not in text
    for child in {"Léa", "Inès", "Hugo", "Adam", "Zoé"} - {own}:
        assert child not in text
    assert not re.search(r">\s*\d+\s", text)


def test_what_happens_to_one_guardian_changes_no_sign_of_the_others_page(world, room):
    browser = world.sign_in("guardian1")
    before = main_of(browser.get(f"{room.url}/membres"))
    children.set_authority(SYSTEM, room.link("Marc", "Léa"), "withdrawn", document_reference="Jugement 25/9")
    assert main_of(browser.get(f"{room.url}/membres")) == before
    children.unlink(SYSTEM, room.link("Marc", "Léa"))
    assert main_of(browser.get(f"{room.url}/membres")) == before


@pytest.mark.parametrize("end", [
    "/coordonnees", "/eleves/nouveau", "/eleves/{lea}", "/eleves/{lea}/modifier", "/eleves/{lea}/depart",
    "/eleves/{lea}/responsables/nouveau", "/eleves/{lea}/responsables/relier", "/eleves/{lea}/responsables/{anne}",
    "/eleves/{lea}/responsables/{anne}/autorite", "/eleves/{lea}/responsables/{anne}/retirer", "/groupes", "/equipe",
    "/cle", "/demandes", "/invitations",
])  # fmt: skip
def test_the_pages_about_families_open_for_the_team_and_for_nobody_else(world, room, end):
    end = end.format(lea=world.student("Léa").public_id, anne=room.guardian("Anne").public_id)
    for who in (
        "guardian1",
        "guardian2",
        "contact",
        "withdrawn",
        "stranger",
        "admin",
        "dpo",
        "teacher2",
        "far_teacher",
    ):
        answer = world.sign_in(who).get(room.url + end)
        assert answer.status_code in (403, 404), (who, end)
        assert "Dubois" not in main_of(answer) and "Lefort" not in main_of(answer)


def test_an_assistant_manages_nothing(world, room):
    browser = world.sign_in("assistant")
    for end in ("/eleves/nouveau", "/groupes", "/equipe", "/cle", "/demandes", "/invitations"):
        assert browser.get(room.url + end).status_code == 403
    assert browser.submit(f"{room.url}/groupes", {"name": "Chorale"}).status_code == 403
    assert GroupStudent.select().count() == 0


@pytest.mark.parametrize("pupil", ["0", "%00", "é", "' OR 1=1", "a" * 4000, "..%2f..", "adam", "noe"])
def test_a_pupil_of_another_class_or_of_none_is_not_found(world, room, pupil):
    pupil = {"adam": world.student("Adam").public_id, "noe": world.student("Noé").public_id}.get(pupil, pupil)
    browser = world.sign_in("teacher")
    for end in (
        "",
        "/modifier",
        "/depart",
        "/responsables/nouveau",
        f"/responsables/{room.guardian('Anne').public_id}",
    ):
        assert browser.get(f"{room.url}/eleves/{pupil}{end}").status_code == 404
    for end in ("/photos", "/retour", "/depart"):
        assert browser.submit(f"{room.url}/eleves/{pupil}{end}", {"photo_rights": "yes"}).status_code == 404


def test_an_adult_of_another_pupil_is_not_found(world, room):
    browser = world.sign_in("teacher")
    rose = room.guardian("Rose").public_id
    for end in ("", "/autorite", "/retirer"):
        assert browser.get(room.pupil("Léa", f"/responsables/{rose}{end}")).status_code == 404
    assert browser.submit(room.pupil("Léa", f"/responsables/{rose}/code")).status_code == 404


def test_a_class_of_another_school_does_not_exist(world, room):
    for end in ("", "/membres", "/coordonnees", "/invitations"):
        assert world.sign_in("teacher").get(f"/classes/{world.far.public_id}{end}").status_code in (403, 404)
        assert world.sign_in("principal").get(f"/classes/{world.far.public_id}{end}").status_code in (403, 404)


def test_with_a_single_class_the_menu_goes_straight_to_it(world, room):
    assert world.sign_in("guardian1").get("/classes").location == room.url
    assert "CE1" in world.sign_in("nadia").get("/classes").text
    assert "J’ai un code" in world.sign_in("contact").get("/classes").text
