"""A remembered page is never shown to anyone else, and never after what it shows has changed."""

import pytest

from appliance.features.feed import actions, queries
from appliance.features.feed.models import Post
from appliance.school.models import Guardian, Guardianship
from appliance.services.people import children
from appliance.storage import database


def look(browser, url, tag=None):
    answer = browser.get(url, headers={"If-None-Match": tag} if tag else {})
    return answer.status_code, answer.headers.get("ETag"), answer.get_data(as_text=True)


def test_two_guardians_of_a_class_never_get_each_others_page(world, feed):
    feed.publish("Secret de Léa", to=["Léa"])
    feed.publish("Secret de Hugo", to=["Hugo"])
    first, second = world.sign_in("guardian1"), world.sign_in("hugo1")
    _status, tag, body = look(first, feed.path())
    assert "Secret de Léa" in body and "Secret de Hugo" not in body
    # With the other's tag in hand, one gets one's own page and no 304.
    status, own_tag, body = look(second, feed.path(), tag)
    assert status == 200 and own_tag != tag and "Secret de Hugo" in body and "Léa" not in body
    assert look(first, feed.path(), tag)[0] == 304


def test_the_two_guardians_of_one_child_have_two_pages(world, feed):
    feed.publish("Pour Léa", to=["Léa"])
    first, second = world.sign_in("guardian1"), world.sign_in("guardian2")
    first.submit(f"/publications/{Post.get().public_id}/lu")
    tag, body = look(first, feed.path())[1:]
    status, other_tag, other = look(second, feed.path(), tag)
    assert status == 200 and other_tag != tag
    assert "Nouveau" not in body and "Nouveau" in other, "the one has read, the other has not"


def test_the_same_person_on_two_devices_has_two_forgery_tokens(world, feed):
    feed.publish()
    first, second = world.sign_in("guardian1"), world.sign_in("guardian1")
    tag = look(first, feed.path())[1]
    assert look(second, feed.path(), tag)[0] == 200


@pytest.mark.parametrize("end", ("", "/publications"))
def test_withdrawn_authority_closes_a_page_that_was_remembered(world, feed, end):
    post = feed.publish("Pour Léa", to=["Léa"])
    browser = world.sign_in("guardian2")
    url = feed.path() if not end else f"/publications/{post.public_id}"
    tag = look(browser, url)[1]
    assert look(browser, url, tag)[0] in (200, 304)
    link = Guardianship.get(Guardianship.guardian == Guardian.get(Guardian.account == world.account("guardian2")))
    children.set_authority(world.actor("principal"), link, "withdrawn", document_reference="Ordonnance 3")
    status, _tag, body = look(browser, url, tag)
    assert status == 404 and "Pour Léa" not in body
    assert look(world.sign_in("guardian1"), url)[0] == 200


CHANGES = {
    "edited": (
        lambda world, post: actions.edit(world.actor("teacher"), post, actions.Content(text="Neuf"), version=1), "Neuf"
    ),
    "commented": (lambda world, post: actions.comment(world.actor("teacher"), post, "Une réponse"), "1 commentaire"),
    "pinned": (lambda world, post: actions.pin(world.actor("teacher"), post), "Épinglé"),
    "closed": (lambda world, post: actions.set_answers(world.actor("teacher"), post, comments_open=False), None),
    "withdrawn": (lambda world, post: actions.withdraw(world.actor("teacher"), post), None),
    "read": (lambda world, post: actions.mark_read(world.actor("guardian1"), post), None),
    "own comment": (lambda world, post: actions.comment(world.actor("guardian1"), post, "Merci"), "1 commentaire"),
    "own reaction": (lambda world, post: actions.react(world.actor("guardian1"), post, "smile"), None),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_on_the_guardians_page_at_once(world, feed, change):
    post = feed.publish("Ancien texte")
    browser = world.sign_in("guardian1")
    _status, tag, before = look(browser, feed.path())
    act, expected = CHANGES[change]
    act(world, post.public_id)
    status, _tag, after = look(browser, feed.path(), tag)
    assert status == 200 and after != before
    if expected:
        assert expected in after
    if change == "withdrawn":
        assert "Ancien texte" not in after


@pytest.mark.parametrize("change", CHANGES)
def test_and_on_the_staffs_page_too(world, feed, change):
    post = feed.publish("Ancien texte")
    browser = world.sign_in("assistant")
    tag = look(browser, feed.path())[1]
    CHANGES[change][0](world, post.public_id)
    assert look(browser, feed.path(), tag)[0] == 200


def test_a_guardian_who_joins_the_group_finds_its_posts_at_once(world, feed):
    from appliance.school.models import GroupStudent
    from appliance.services import audit
    from appliance.storage.database import transaction

    group = feed.group("Chorale", "Léa")
    feed.publish("Chorale à 16 h", to=group)
    browser = world.sign_in("hugo1")
    assert "Chorale à 16 h" not in look(browser, feed.path())[2]
    with transaction():
        GroupStudent.create(group=group, student=world.student("Hugo"))
        audit.record(world.actor("teacher"), "update", "group_changed", kind="group", object_id=group.public_id)
    assert "Chorale à 16 h" in look(browser, feed.path())[2]


def test_pages_are_private_and_never_stored_by_a_proxy(world, feed):
    feed.publish()
    answer = world.sign_in("guardian1").get(feed.path())
    assert answer.headers["Cache-Control"] == "private, no-cache" and "Cookie" in answer.headers["Vary"]


def test_a_remembered_card_holds_no_forgery_token(world, feed):
    from appliance.web import caching

    feed.publish()
    world.sign_in("teacher").get(feed.path())
    fragments = [value for key, (value, _size) in caching.store.values.items() if key[0] == "fragment"]
    assert fragments and not [each for each in fragments if "csrf" in each]


def test_a_post_never_shows_the_words_of_an_erased_one_whose_number_it_took(world, feed):
    draft = feed.draft("Confidences d’un brouillon")
    teacher = world.sign_in("teacher")
    assert "Confidences" in teacher.get(f"{feed.path()}/publications/brouillons").text
    actions.delete_draft(world.actor("teacher"), draft.public_id)
    post = feed.publish("Bonjour à tous")
    if database.is_sqlite():
        assert post.id == draft.id, "SQLite gives the number of the last row again"
    for path in (feed.path(), f"/publications/{post.public_id}"):
        page = world.sign_in("guardian1").get(path).text
        assert "Bonjour à tous" in page and "Confidences" not in page


def test_a_change_between_the_reading_of_a_post_and_of_its_revision_is_never_kept_out(world, feed, monkeypatch):
    post = feed.publish("Ancien texte")
    browser, url = world.sign_in("guardian1"), f"/publications/{post.public_id}"
    browser.get(url)  # marked as read
    read, edits = queries.freshness, [1]

    def overtaken(*arguments):
        if edits:
            actions.edit(world.actor("teacher"), post.public_id, actions.Content(text="Neuf"), version=edits.pop())
        return read(*arguments)

    monkeypatch.setattr(queries, "freshness", overtaken)
    browser.get(url)
    page = browser.get(url).text
    assert "Neuf" in page and "Ancien texte" not in page
