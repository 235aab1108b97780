"""The school year turns: the class of last year stays with its team to read, and gives nobody power any more."""

from datetime import date, timedelta

import pytest

from appliance.core import clock as now
from appliance.features.feed import actions as feed
from appliance.features.feed.actions.common import Content
from appliance.features.feed.models import Post
from appliance.school import policy
from appliance.school.models import Guardian, Guardianship, Invitation, JoinRequest
from appliance.school.policy import SYSTEM
from appliance.services.people import children, invitations, joining, places

LAST_DAY, RENTREE = date(2026, 8, 31), date(2026, 9, 1)


def wait_for(clock, day: date) -> None:
    """Stop the clock at ten on that day."""
    clock.advance(days=(day - now.today()).days)
    assert now.today() == day


@pytest.fixture
def turned(world, clock):
    """1 September: Léa is in next year's CM2 of teacher2; the CM1 of last year still says that she was there."""
    post = feed.publish(world.actor("teacher"), world.cm1.public_id, Content("Bonne année à tous"))
    wait_for(clock, RENTREE)
    year = places.find_or_create_year(SYSTEM, world.academy, RENTREE)
    room = places.create_classroom(SYSTEM, world.cm1.school, year, "CM2")
    places.add_teacher(SYSTEM, world.account("teacher2"), room)
    children.enrol(SYSTEM, world.student("Léa"), room)
    world.cm2, world.post = room, post.public_id
    return world


def test_families_read_a_class_until_the_last_day_of_its_year(world, clock):
    url = f"/classes/{world.cm1.public_id}"
    wait_for(clock, LAST_DAY)
    assert world.sign_in("guardian1").get(url).status_code == 200
    wait_for(clock, RENTREE)
    for who in ("guardian1", "hugo1", "principal", "stranger"):
        assert world.sign_in(who).get(url).status_code == 404
    assert "Aucune classe n’est ouverte" in world.sign_in("guardian1").get("/").text


def test_the_team_of_last_year_reads_what_was_published_and_sees_of_which_year_it_is(turned):
    browser, url = turned.sign_in("teacher"), f"/classes/{turned.cm1.public_id}"
    page = browser.get(url).text
    assert "Bonne année à tous" in page and "2025-2026" in page and "publications/nouvelle" not in page
    assert "Publier" not in browser.get("/").text
    places.add_teacher(SYSTEM, turned.account("teacher"), turned.cm2)
    home, classes = browser.get("/").text, browser.get("/classes").text
    assert "CM2" in home and "CM1 A" not in home and "2025-2026" not in home, "last year is a page further"
    assert classes.index("2026-2027") < classes.index("2025-2026")


def test_the_team_of_last_year_takes_away_what_should_go(turned):
    browser = turned.sign_in("teacher")
    assert browser.submit(f"/publications/{turned.post}/retirer").status_code == 303
    assert Post.get(Post.public_id == turned.post).status == "withdrawn"


def test_the_team_of_last_year_looks_up_nobody_any_more(turned, room):
    for who in ("teacher", "assistant"):
        browser = turned.sign_in(who)
        page = browser.get(f"{room.url}/membres").text
        assert "Léa" not in page and "Dubois" not in page and "Sophie Martin" in page
        for url in (f"{room.url}/coordonnees", room.pupil("Léa"), f"{room.url}/equipe", f"{room.url}/cle"):
            assert browser.get(url).status_code == 403, url


def test_the_team_of_last_year_gives_nobody_a_way_to_a_child(turned, room):
    """Whoever had the child last year could else name a reader of this year's class, or enter a guardian's account."""
    browser, link = turned.sign_in("teacher"), room.link("Paul", "Léa")
    tries = {
        room.adult("Léa", "Paul", "/autorite"): {"authority": "legal"},
        room.adult("Léa", "Anne", "/code"): {},
        room.pupil("Léa", "/responsables/nouveau"): {"first_name": "X", "last_name": "Y", "authority": "legal"},
        room.pupil("Léa", "/photos"): {"photo_rights": "no"},
        room.pupil("Léa", "/depart"): {},
        f"{room.url}/equipe/inviter": {"invited_role": "teacher"},
        f"{room.url}/cle/renouveler": {},
    }
    for url, data in tries.items():
        assert browser.submit(url, data).status_code == 403, url
    assert Guardianship.get_by_id(link.id).authority == "contact" and not Invitation.select().exists()


def test_nothing_is_published_or_sent_into_a_class_of_last_year(turned):
    browser, url = turned.sign_in("teacher"), f"/classes/{turned.cm1.public_id}/publications/nouvelle"
    assert browser.get(url).status_code == 403
    assert browser.submit(url, {"text": "Personne ne me lit", "act": "publish"}).status_code == 403
    assert not Post.select().where(Post.status != "published").exists()


def test_a_draft_of_last_year_goes_to_a_class_of_this_year_and_to_nobody_else(world, clock):
    draft = feed.save_draft(world.actor("teacher"), world.cm1.public_id, Content("La liste des fournitures"))
    wait_for(clock, RENTREE)
    browser, url = world.sign_in("teacher"), f"/publications/{draft.public_id}"
    answer = browser.submit(f"{url}/modifier", {"text": "Pour tous", "act": "publish", "version": "1"})
    assert answer.status_code == 422 and "est terminée" in answer.text and "brouillons" in answer.text
    assert Post.get().status == "draft"
    year = places.find_or_create_year(SYSTEM, world.academy, RENTREE)
    room = places.create_classroom(SYSTEM, world.cm1.school, year, "CM1 A")
    places.add_teacher(SYSTEM, world.account("teacher"), room)
    actor = world.actor("teacher")
    assert [each.classroom_id for each in feed.list_destinations(actor, policy.get_access_by_id(actor, 1))] == [room.id]


def test_a_post_is_not_scheduled_for_a_day_when_no_family_reads_the_class(world):
    actor, url = world.actor("teacher"), world.cm1.public_id
    browser = world.sign_in("teacher")
    typed = {"text": "Réunion de rentrée", "act": "schedule", "publish_on": "2026-09-01", "publish_time": "08:00"}
    answer = browser.submit(f"/classes/{url}/publications/nouvelle", typed)
    assert answer.status_code == 422 and "31 août 2026" in answer.text and "Réunion de rentrée" in answer.text
    assert not Post.select().exists()
    post = feed.schedule(actor, url, Content("Bonnes vacances"), now.now() + timedelta(days=300))
    assert post.status == "scheduled"


def test_the_class_key_ends_with_the_year(world, clock):
    key = world.cm1.join_code
    wait_for(clock, RENTREE)
    answer = world.sign_in("stranger").submit("/joindre", {"key": key, "child_name": "Noé", "kinship": "father"})
    assert answer.status_code == 422
    assert not JoinRequest.select().exists()


def test_a_request_that_nobody_answered_ends_with_the_year_and_stands_in_no_ones_way(world, clock):
    waiting = "Votre demande pour Noé attend"
    for number in range(joining.PENDING_AT_MOST):
        room = places.create_classroom(SYSTEM, world.cm1.school, world.cm1.year, f"Vieille {number}")
        joining.ask_to_join(world.actor("stranger"), joining.JoinFields(room.join_code, "Noé"))
    assert waiting in world.sign_in("stranger").get("/").text
    wait_for(clock, RENTREE)
    year = places.find_or_create_year(SYSTEM, world.academy, RENTREE)
    room = places.create_classroom(SYSTEM, world.cm1.school, year, "CM2")
    assert waiting not in world.sign_in("stranger").get("/").text
    joining.ask_to_join(world.actor("stranger"), joining.JoinFields(room.join_code, "Noé"))
    assert waiting in world.sign_in("stranger").get("/").text


def test_in_august_the_letters_and_the_home_page_name_the_class_to_come(world, clock, room):
    """Two years are open for a month: the lists of the new one are imported while the old class can still be read."""
    wait_for(clock, date(2026, 8, 25))
    year = places.find_or_create_year(SYSTEM, world.academy, now.today())
    to_come = places.create_classroom(SYSTEM, world.cm1.school, year, "CE9")
    children.enrol(SYSTEM, world.student("Léa"), to_come)
    assert "CE9" in world.sign_in("guardian1").get("/").text.split("<main")[1]
    Guardian.update(account=None).where(Guardian.first_name == "Anne").execute()
    anne = room.guardian("Anne")
    assert [place.name for _child, place in invitations.list_places_of(anne)] == ["CE9"]
