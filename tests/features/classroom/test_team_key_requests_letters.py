"""The team, the class key, requests to join, groups and letters."""

import re

import pytest

from appliance.core.errors import Refused
from appliance.features.feed import actions as feed
from appliance.features.feed.actions import Content
from appliance.school.models import (
    Classroom,
    Group,
    GroupStudent,
    Guardian,
    Invitation,
    JoinRequest,
    Membership,
    School,
)
from appliance.school.policy import SYSTEM
from appliance.services.people import accounts, children, invitations, places
from appliance.services.people.joining import JoinFields
from tests.support.plan import set_plan


def ask(world, who="stranger", child="Léa Dubois"):
    invitations.ask_to_join(world.actor(who), JoinFields(world.cm1.join_code, child, "mother"))
    return JoinRequest.select().order_by(JoinRequest.id.desc()).first().public_id


def approval(world, child="Léa", **data):
    return {"student": world.student(child).public_id, "confirmed": "y", **data}


def test_a_group_is_created_changed_and_deleted_once(world, room):
    browser = world.sign_in("teacher")
    lea, hugo = world.student("Léa"), world.student("Hugo")
    data = {"name": "Chorale", "pupils": [lea.public_id]}
    assert browser.submit(f"{room.url}/groupes", data).status_code == 303
    again = browser.submit(f"{room.url}/groupes", data)
    assert again.status_code == 422 and "porte déjà ce nom" in again.text
    group = Group.get()
    url = f"{room.url}/groupes/{group.public_id}"
    assert browser.submit(url, {"name": "Chœur", "pupils": [hugo.public_id]}).status_code == 303
    assert [row.student for row in GroupStudent.select()] == [hugo] and Group.get().name == "Chœur"
    assert "ne seront plus visibles" in browser.get(f"{url}/supprimer").text
    for _time in range(2):
        assert browser.submit(f"{url}/supprimer").status_code == 303
    assert not Group.select().exists()


def test_a_pupil_of_another_class_enters_no_group(world, room):
    data = {"name": "Chorale", "pupils": [world.student("Adam").public_id]}
    assert world.sign_in("teacher").submit(f"{room.url}/groupes", data).status_code == 422
    assert not Group.select().exists()


def test_deleting_a_group_never_shows_its_posts_to_more_people(world, room):
    browser = world.sign_in("teacher")
    browser.submit(f"{room.url}/groupes", {"name": "Chorale", "pupils": [world.student("Hugo").public_id]})
    group = Group.get()
    feed.publish(
        world.actor("teacher"),
        world.cm1.public_id,
        Content(text="Pour la chorale", audience="groups", groups=(group.public_id,)),
    )
    assert "Pour la chorale" in world.sign_in("hugo1").get("/").text
    browser.submit(f"{room.url}/groupes/{group.public_id}/supprimer")
    for who in ("hugo1", "guardian1", "nadia"):
        assert "Pour la chorale" not in world.sign_in(who).get("/").text


def test_a_colleague_joins_the_team_and_leaves_it(world, room):
    teacher, colleague = world.sign_in("teacher"), world.sign_in("teacher2")
    assert colleague.get(room.url).status_code == 404
    for _time in range(2):
        data = {"identifier": " Teacher2@demo.test ", "role": "teacher"}
        assert teacher.submit(f"{room.url}/equipe", data).status_code == 303
    assert colleague.get(room.url).status_code == 200
    url = f"{room.url}/equipe/{world.account('teacher2').public_id}/retirer"
    assert "Cette personne ne voit plus la classe" in teacher.get(url).text
    for _time in range(2):
        assert teacher.submit(url).status_code == 303
    assert colleague.get(room.url).status_code == 404


@pytest.mark.parametrize("identifier", ["guardian1@demo.test", "nobody@demo.test", "", "\x00", "x" * 300])
def test_adding_a_colleague_never_tells_whether_a_family_has_an_account(world, room, identifier):
    answer = world.sign_in("teacher").submit(f"{room.url}/equipe", {"identifier": identifier, "role": "teacher"})
    assert answer.status_code == 422
    if "@" in identifier:
        assert "Aucun collègue n’a cet identifiant" in answer.text
    assert Membership.select().where(Membership.classroom == world.cm1).count() == 2


def test_a_teacher_of_another_academy_is_no_colleague(world, room):
    elsewhere = places.create_academy(SYSTEM, "Ailleurs")
    School.update(academy=elsewhere).where(School.id == world.far.school_id).execute()
    data = {"identifier": "far_teacher@demo.test", "role": "teacher"}
    assert world.sign_in("teacher").submit(f"{room.url}/equipe", data).status_code == 422


def test_a_class_has_so_many_teachers_at_most_and_always_one(world, room):
    set_plan(administrators=1)
    teacher = world.sign_in("teacher")
    answer = teacher.submit(f"{room.url}/equipe", {"identifier": "teacher2@demo.test", "role": "teacher"})
    assert answer.status_code in (413, 422) and "nombre maximal" in answer.text
    assert teacher.submit(f"{room.url}/equipe/inviter", {"invited_role": "teacher"}).status_code in (413, 422)
    data = {"identifier": "teacher2@demo.test", "role": "assistant"}
    assert teacher.submit(f"{room.url}/equipe", data).status_code == 303
    own = f"{room.url}/equipe/{world.account('teacher').public_id}/retirer"
    assert "Vous ne verrez plus la classe" in teacher.get(own).text
    answer = teacher.submit(own)
    assert answer.status_code == 422 and "au moins un enseignant" in answer.text


def test_a_colleague_without_account_gets_a_code_that_opens_the_class(world, room):
    page = world.sign_in("teacher").submit(f"{room.url}/equipe/inviter", {"invited_role": "assistant"})
    code = re.search(r"<strong>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</strong>", page.text)[1]
    person = accounts.Person("Aude", "Lenoir", "aude@demo.test")
    account = invitations.open_account(code, person, "une porte bleue sous la pluie")
    assert Membership.get(account=account).role == "assistant"


def test_a_colleagues_code_that_was_lost_is_seen_on_the_team_page_and_cancelled(world, room, events):
    browser = world.sign_in("teacher")
    page = browser.submit(f"{room.url}/equipe/inviter", {"invited_role": "teacher"})
    code = re.search(r"<strong>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</strong>", page.text)[1]
    for who in ("teacher", "principal"):
        shown = world.sign_in(who).get(f"{room.url}/equipe").text
        assert "n’ont pas encore servi" in shown and "Sophie Martin" in shown and code not in shown
    cancel = re.search(r'action="([^"]+/annuler)"', shown)[1]
    assert world.sign_in("assistant").submit(cancel).status_code == 403
    assert world.sign_in("teacher2").submit(cancel).status_code == 404
    for _time in range(2):
        assert browser.submit(cancel).status_code == 303
    assert events()[-1] == "authn_token_revoked" and "encore servi" not in browser.get(f"{room.url}/equipe").text
    with pytest.raises(Refused):
        invitations.welcome(code)
    assert browser.submit(f"{room.url}/equipe/codes/{'x' * 16}/annuler").status_code == 404


def test_the_class_key_is_renewed_and_taken_away(world, room, events):
    browser, old = world.sign_in("teacher"), world.cm1.join_code
    assert old[:4] in browser.get(f"{room.url}/cle").text
    browser.submit(f"{room.url}/cle/renouveler")
    assert world.cm1.join_code not in (None, old)
    browser.submit(f"{room.url}/cle/desactiver")
    assert world.cm1.join_code is None and "n’a pas de clé" in browser.get(f"{room.url}/cle").text
    assert events()[-2:] == ["class_key_renewed", "class_key_disabled"]
    for who in ("guardian1", "assistant"):
        assert world.sign_in(who).submit(f"{room.url}/cle/renouveler").status_code == 403
    assert Classroom.get_by_id(world.cm1.id).join_code is None


def test_a_request_is_approved_for_one_child_after_a_check(world, room):
    url = f"{room.url}/demandes/{ask(world)}"
    teacher, asking = world.sign_in("teacher"), world.sign_in("stranger")
    page = teacher.get(url).text
    assert "Iris Blanc" in page and "Anne Dubois" in page and re.search(r"selected[^>]*>Léa Dubois", page)
    assert teacher.submit(url, {"student": world.student("Léa").public_id}).status_code == 422
    assert asking.get(room.url).status_code == 404
    assert teacher.submit(url, approval(world)).status_code == 303
    assert asking.get(room.url).status_code == 200
    assert "déjà reçu une réponse" in teacher.submit(url, approval(world), follow_redirects=True).text


def test_reading_who_waits_is_in_the_journal_because_a_child_is_named(world, room, events):
    teacher, before = world.sign_in("teacher"), len(events())
    teacher.get(f"{room.url}/demandes")
    assert events()[before:] == []  # nobody waits, nobody was read about
    url, before = f"{room.url}/demandes/{ask(world)}", len(events())
    teacher.get(f"{room.url}/demandes")
    teacher.get(url)
    assert events()[before:] == ["join_requests_read", "join_request_read"]


def test_a_refused_request_shows_nothing_and_a_second_click_is_harmless(world, room):
    url = f"{room.url}/demandes/{ask(world)}"
    for _time in range(2):
        assert world.sign_in("teacher").submit(f"{url}/refuser").status_code == 303
    assert JoinRequest.get().status == "refused"
    assert world.sign_in("stranger").get(room.url).status_code == 404


def test_whoever_lost_authority_does_not_come_back_through_the_class_key(world, room):
    url = f"{room.url}/demandes/{ask(world, 'withdrawn')}"
    answer = world.sign_in("teacher").submit(url, approval(world))
    assert answer.status_code == 422 and "sans autorité parentale" in answer.text
    assert world.sign_in("withdrawn").get(room.url).status_code == 404


def test_nor_with_another_account_of_the_same_name(world, room):
    code = world.cm1.join_code
    person = accounts.Person("REY", "Denis", "denis2@demo.test")
    invitations.ask_to_join(None, JoinFields(code, "Léa Dubois"), person, "une porte bleue sous la pluie")
    answer = world.sign_in("teacher").submit(f"{room.url}/demandes/{JoinRequest.get().public_id}", approval(world))
    assert answer.status_code == 422


def test_nor_as_the_contact_whom_the_roster_knows_under_another_name(world, room):
    contact = children.create_guardian(SYSTEM, world.cm1.school, "Farida", "Hassan")
    children.link(SYSTEM, contact, world.student("Léa"), authority="contact")
    url = f"{room.url}/demandes/{ask(world)}"
    answer = world.sign_in("teacher").submit(url, approval(world, adult=contact.public_id))
    assert answer.status_code == 422 and Guardian.get_by_id(contact.id).account is None


def test_a_request_is_tied_to_the_adult_whom_the_roster_knows(world, room):
    known = children.create_guardian(SYSTEM, world.cm1.school, "Iris", "Blanc")
    children.link(SYSTEM, known, world.student("Léa"))
    answer = world.sign_in("teacher").submit(
        f"{room.url}/demandes/{ask(world)}", approval(world, adult=known.public_id)
    )
    assert answer.status_code == 303
    assert Guardian.get_by_id(known.id).account == world.account("stranger")


def test_a_request_of_another_class_is_not_found(world, room):
    request = ask(world)
    places.renew_join_code(SYSTEM, world.ce1)
    for who, url in (
        ("teacher2", f"/classes/{world.ce1.public_id}"),
        ("teacher2", room.url),
        ("far_teacher", room.url),
    ):
        assert world.sign_in(who).get(f"{url}/demandes/{request}").status_code in (403, 404)


def waiting(world):
    guardian = children.create_guardian(SYSTEM, world.cm1.school, "Farida", "Hassan")
    children.link(SYSTEM, guardian, world.student("Inès"))
    return guardian


def test_letters_are_one_pdf_with_a_code_each_and_replace_the_code_before(world, room, events):
    guardian = waiting(world)
    browser, url = world.sign_in("teacher"), f"{room.url}/invitations"
    page = browser.get(url).text
    assert "Farida Hassan" in page and "Anne Dubois" not in page
    for _time in range(2):
        answer = browser.submit(url, {"guardians": [guardian.public_id]})
        assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF")
    live = Invitation.select().where(Invitation.cancelled_at.is_null())
    assert [row.guardian for row in live] == [guardian] and Invitation.select().count() == 2
    assert events()[-1] == "invitation_letter_printed"
    assert "un courrier est déjà parti" in browser.get(url).text.lower()
    assert "Courrier remis" in browser.get(f"{room.url}/membres").text


def test_a_lost_letter_is_cancelled_without_printing_another(world, room, events):
    guardian, url = waiting(world), f"{room.url}/invitations"
    browser = world.sign_in("teacher")
    assert "/annuler" not in browser.get(url).text
    browser.submit(url, {"guardians": [guardian.public_id]})
    assert f'formaction="{url}/annuler"' in browser.get(url).text
    for chosen in ([], [room.guardian("Anne").public_id], ["\x00"]):
        refused = browser.submit(f"{url}/annuler", {"guardians": chosen})
        assert refused.status_code == 422 and f'action="{url}"' in refused.text
    answer = browser.submit(f"{url}/annuler", {"guardians": [guardian.public_id]}, follow_redirects=True)
    assert "1 code est annulé" in answer.text and "déjà parti" not in answer.text
    assert Invitation.get().cancelled_at is not None and events()[-1] == "authn_token_revoked"
    assert browser.submit(f"{url}/annuler", {"guardians": [guardian.public_id]}).status_code == 422
    assert world.sign_in("assistant").submit(f"{url}/annuler").status_code == 403


def test_a_class_of_a_past_year_prints_no_letter_that_opens_nothing(world, room, clock):
    guardian = waiting(world)
    clock.advance(days=400)
    answer = world.sign_in("teacher").submit(f"{room.url}/invitations", {"guardians": [guardian.public_id]})
    assert answer.status_code == 403 and "est finie" in answer.text and not Invitation.select().exists()


def test_letters_for_nobody_or_for_strangers_are_refused(world, room):
    waiting(world)
    browser, url = world.sign_in("teacher"), f"{room.url}/invitations"
    iris = Guardian.get(Guardian.account == world.account("stranger")).public_id
    anne, paul = room.guardian("Anne").public_id, room.guardian("Paul").public_id
    for chosen in ([], [iris], [anne], [paul], ["\x00"], ["x" * 9000]):
        assert browser.submit(url, {"guardians": chosen}).status_code == 422
    assert not Invitation.select().exists()


def test_a_code_for_a_new_password_is_printed_for_a_guardian_who_has_an_account(world, room, events):
    browser = world.sign_in("teacher")
    answer = browser.submit(room.adult("Léa", "Anne", "/code"))
    assert answer.mimetype == "application/pdf" and events()[-1] == "reset_letter_printed"
    waiting(world)
    assert browser.submit(room.adult("Inès", "Farida", "/code")).status_code == 404
    assert world.sign_in("guardian1").submit(room.adult("Léa", "Marc", "/code")).status_code == 403
