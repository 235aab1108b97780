"""Who sees a post: the staff of the class, and the guardians of the children to whom it is addressed; nobody else."""

import pytest

from appliance.core.errors import Denied, NotFound
from appliance.features.feed import actions, api, queries
from appliance.school import policy
from appliance.school.models import Guardian, Guardianship
from appliance.services.people import children

GUARDIANS = ("guardian1", "guardian2", "nadia", "hugo1", "hugo2", "hugo3")
OUTSIDERS = ("contact", "withdrawn", "stranger", "zoe1", "teacher2", "far_teacher", "admin", "dpo")


@pytest.mark.parametrize("who", ("teacher", "assistant", "principal", *GUARDIANS))
def test_a_post_to_the_whole_class_reaches_staff_and_every_legal_guardian(feed, who):
    feed.publish("Sortie à la ferme")
    assert feed.seen_by(who) == ["Sortie à la ferme"]


@pytest.mark.parametrize("who", OUTSIDERS)
def test_for_anybody_else_the_post_and_the_class_do_not_exist(world, feed, who):
    post = feed.publish()
    with pytest.raises(NotFound):
        policy.get_access(world.actor(who), world.cm1.public_id)
    assert queries.find_card(world.actor(who), post.public_id) is None
    browser = world.sign_in(who)
    assert browser.get(feed.path()).status_code == 404
    assert browser.get(f"/publications/{post.public_id}").status_code == 404


def test_a_post_to_a_child_reaches_that_childs_guardians_only(feed):
    feed.publish("Pour Léa", to=["Léa"])
    assert [who for who in GUARDIANS if feed.seen_by(who)] == ["guardian1", "guardian2"]
    assert feed.seen_by("teacher") == ["Pour Léa"]


def test_a_post_to_a_group_reaches_the_guardians_of_its_children(feed):
    feed.publish("Chorale", to=feed.group("Chorale", "Léa", "Inès"))
    assert [who for who in GUARDIANS if feed.seen_by(who)] == ["guardian1", "guardian2", "nadia"]


def test_a_guardian_loses_sight_when_authority_is_withdrawn(world, feed):
    post = feed.publish("Pour tous")
    guardian = Guardian.get(Guardian.account == world.account("guardian2"))
    link = Guardianship.get(Guardianship.guardian == guardian)
    children.set_authority(world.actor("principal"), link, "withdrawn", document_reference="Jugement 26/1")
    assert queries.find_card(world.actor("guardian2"), post.public_id) is None
    assert feed.seen_by("guardian1") == ["Pour tous"]


def test_a_guardian_loses_sight_when_the_child_leaves_the_class(world, feed):
    post = feed.publish("Pour Inès", to=["Inès"])
    children.leave(world.actor("principal"), world.student("Inès"), world.cm1)
    assert queries.find_card(world.actor("nadia"), post.public_id) is None


def test_a_child_who_moved_to_a_siblings_class_takes_no_post_of_the_old_class_along(world, feed):
    children.enrol(world.actor("principal"), world.student("Adam"), world.cm1)
    post = feed.publish("Pour Inès", to=["Inès"])
    children.leave(world.actor("principal"), world.student("Inès"), world.cm1)
    children.enrol(world.actor("principal"), world.student("Inès"), world.ce1)
    assert queries.find_card(world.actor("nadia"), post.public_id) is None


@pytest.mark.parametrize("who", GUARDIANS)
def test_drafts_scheduled_and_withdrawn_posts_are_for_the_staff_alone(world, feed, clock, who):
    from datetime import timedelta

    draft, later = feed.draft(), feed.schedule(clock.now() + timedelta(hours=1))
    gone = feed.publish("Erreur")
    actions.withdraw(world.actor("teacher"), gone.public_id)
    for post in (draft, later, gone):
        assert queries.find_card(world.actor(who), post.public_id) is None
        assert queries.find_card(world.actor("assistant"), post.public_id) is not None
    assert feed.seen_by(who) == []
    assert world.sign_in(who).get(f"{feed.path()}/publications/brouillons").status_code == 404


def test_each_item_says_which_of_the_readers_own_children_it_concerns(world, feed):
    feed.publish("À tous")
    feed.publish("À deux", to=["Léa", "Inès"])
    cards = api.list_recent_for(world.actor("nadia")).cards
    assert [[child.first_name for child in card.children] for card in cards] == [["Inès"], ["Inès"]]
    assert all(card.addressed == () for card in cards)


def test_a_guardian_of_two_classes_finds_both_on_one_page(world, feed, clock):
    feed.publish("CM1")
    clock.advance(minutes=1)
    feed.publish("CE1", who="teacher2", classroom=world.ce1)
    page = api.list_recent_for(world.actor("nadia"))
    assert [(queries.text_of(card), card.children[0].first_name) for card in page.cards] == [
        ("CE1", "Adam"),
        ("CM1", "Inès"),
    ]


def test_pinned_posts_come_first_then_the_newest(world, feed, clock):
    first = feed.publish("premier")
    for text in ("deuxième", "troisième"):
        clock.advance(minutes=1)
        feed.publish(text)
    actions.pin(world.actor("teacher"), first.public_id)
    assert feed.seen_by("guardian1") == ["premier", "troisième", "deuxième"]


def test_pages_of_twenty_follow_each_other_without_gap_or_repetition(world, feed, clock):
    texts = [f"n° {number}" for number in range(45)]
    posts = [feed.publish(text) for text in texts]  # all at the same instant: the id decides
    actions.pin(world.actor("teacher"), posts[3].public_id)
    access = policy.get_access(world.actor("guardian1"), world.cm1.public_id)
    seen, cursor, sizes = [], None, []
    while True:
        page = queries.list_feed(world.actor("guardian1"), access, cursor)
        seen += [queries.text_of(card) for card in page.cards]
        sizes.append(len(page.cards))
        cursor = page.cursor
        if cursor is None:
            break
    assert sizes == [20, 20, 5] and sorted(seen) == sorted(texts) and seen[0] == "n° 3"


@pytest.mark.parametrize("cursor", ["x", "9-1-a", "0--1-a", "1-99999999999999999999-a", "0-1-\x00", "-" * 60, "1-²-a"])
def test_a_cursor_that_nobody_wrote_shows_the_beginning_or_nothing(world, feed, cursor):
    feed.publish()
    answer = world.sign_in("guardian1").get(feed.path(), query_string={"apres": cursor})
    assert answer.status_code == 200


def test_an_assistant_changes_only_their_own_posts(world, feed):
    post = feed.publish()
    with pytest.raises(Denied):
        actions.withdraw(world.actor("assistant"), post.public_id)
    own = feed.publish(who="assistant")
    actions.withdraw(world.actor("teacher"), own.public_id)


def test_the_media_of_a_post_are_found_by_those_who_see_the_post_only(world, feed, picture):
    from io import BytesIO

    from werkzeug.datastructures import FileStorage

    post = feed.publish("Photo", to=["Léa"], files=[FileStorage(BytesIO(picture()), "photo.jpg")])
    media = queries.get_card(world.actor("teacher"), post.public_id).files[0].public_id
    found = [who for who in ("teacher", "guardian1", "guardian2", *OUTSIDERS, "nadia")
             if queries.find_visible_media(world.actor(who), media)]  # fmt: skip
    assert found == ["teacher", "guardian1", "guardian2"]
    assert queries.find_visible_media(None, media) is None
    actions.withdraw(world.actor("teacher"), post.public_id)
    assert queries.find_visible_media(world.actor("guardian1"), media) is None
