"""Who is concerned by a post and who has read it: the staff's counts, their list, and each reader's own page agree."""

import pytest

from appliance.features.feed import actions, api, queries
from appliance.features.feed.models import ReadReceipt
from appliance.school.policy import SYSTEM
from appliance.services.people import children, groups


def text(answer) -> str:
    return answer.get_data(as_text=True)


def make_parent(world, who, child):
    """Have someone be a legal guardian of a child too."""
    student = world.student(child)
    person = world.account(who)
    guardian = children.create_guardian(SYSTEM, student.school, person.first_name, person.last_name, account=person)
    children.link(SYSTEM, guardian, student)
    return guardian


def unread(world, who):
    return set().union(*api.list_unread(world.actor(who)).values())


def reach_of(world, post, who="teacher2"):
    return queries.get_card(world.actor(who), post.public_id).reach


@pytest.mark.parametrize("who", ("assistant", "principal"))
def test_staff_who_are_guardians_here_read_a_colleagues_post_like_any_guardian(world, feed, who):
    make_parent(world, who, "Inès")
    post = feed.publish("Pour Inès", to=["Inès"])
    url, browser, teacher = f"/publications/{post.public_id}", world.sign_in(who), world.sign_in("teacher")
    assert reach_of(world, post, "teacher") == (0, 2) and len(unread(world, who)) == 1
    assert "1 publication à lire" in text(browser.get("/")) and "J’ai lu" in text(browser.get(feed.path()))
    browser.get(url)
    assert reach_of(world, post, "teacher") == (1, 2) and unread(world, who) == set()
    assert "Tout est lu" in text(browser.get("/")) and "J’ai lu" not in text(browser.get(feed.path()))
    assert "1 responsable n’a pas encore lu" in text(teacher.get(f"{url}/lecteurs"))


def test_whoever_wrote_a_post_does_not_have_to_read_it(world, feed):
    make_parent(world, "teacher", "Inès")
    post = feed.publish("Pour Inès", to=["Inès"])
    browser = world.sign_in("teacher")
    assert reach_of(world, post, "teacher") == (1, 2) and unread(world, "teacher") == set()
    assert "Tout est lu" in text(browser.get("/"))
    assert "1 responsable n’a pas encore lu" in text(browser.get(f"/publications/{post.public_id}/lecteurs"))
    browser.get(f"/publications/{post.public_id}")
    assert not ReadReceipt.select().exists()


def test_a_word_given_to_a_post_says_that_it_was_read(world, feed):
    post, browser = feed.publish(), world.sign_in("guardian1")
    browser.submit(f"/publications/{post.public_id}/reaction", {"kind": "thanks", "suite": "/"})
    assert reach_of(world, post, "teacher") == (1, 6) and "Tout est lu" in text(browser.get("/"))
    browser.submit(f"/publications/{post.public_id}/reaction", {"kind": ""})
    assert reach_of(world, post, "teacher") == (1, 6), "taken back, it was read all the same"
    actions.react(world.actor("assistant"), post.public_id, "thanks")
    assert reach_of(world, post, "teacher") == (1, 6) and ReadReceipt.select().count() == 1


def test_a_draft_has_no_readers_to_list(world, feed):
    browser = world.sign_in("teacher")
    assert browser.get(f"/publications/{feed.draft().public_id}/lecteurs").status_code == 404
    gone = feed.publish()
    actions.withdraw(world.actor("teacher"), gone.public_id)
    assert browser.get(f"/publications/{gone.public_id}/lecteurs").status_code == 200


def test_a_post_whose_group_is_gone_says_that_it_is_for_nobody(world, feed):
    group = feed.group("Chorale", "Léa")
    post = feed.publish("Répétition", to=group)
    browser = world.sign_in("teacher")
    assert "Pour Chorale" in text(browser.get(feed.path()))
    groups.delete_group(SYSTEM, group)
    page = text(browser.get(feed.path()))
    assert "Plus adressée à personne" in page and "Pour " not in page.split("<main")[1].split("Répétition")[0]
    assert reach_of(world, post, "teacher") is None
