"""What is done to a post that was erased meanwhile is done to nothing: SQLite gives its row id to the next one."""

from io import BytesIO

import pytest
from werkzeug.datastructures import FileStorage

from appliance.core.errors import NotFound
from appliance.features.feed import actions
from appliance.features.feed.actions import Answers, Content, common, managing, seen, writing
from appliance.features.feed.models import Attachment, Post
from appliance.school import policy
from appliance.school.policy import SYSTEM
from appliance.services.media import uploads
from appliance.services.media.models import Media
from appliance.services.people import places
from appliance.storage import database

ACTS = {
    "corrected": lambda actor, post: actions.edit(actor, post, Content("Corrigé"), version=1),
    "released": lambda actor, post: actions.release(actor, post),
    "erased": lambda actor, post: actions.delete_draft(actor, post),
    "closed": lambda actor, post: actions.set_answers(actor, post, comments_open=False),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_an_erased_draft_never_falls_on_the_next_post(world, feed, monkeypatch, act):
    draft, following, ready = feed.draft("Le premier"), [], common.get_writable

    def overtaken(*arguments):
        found = ready(*arguments)
        for module in (writing, managing):
            monkeypatch.setattr(module, "get_writable", ready)
        actions.delete_draft(world.actor("teacher"), draft.public_id)
        following.append(feed.draft("Le second", who="teacher2", classroom=world.ce1))
        return found

    for module in (writing, managing):
        monkeypatch.setattr(module, "get_writable", overtaken)
    if act == "closed":
        ACTS[act](world.actor("teacher"), draft.public_id)
    else:
        with pytest.raises(NotFound):
            ACTS[act](world.actor("teacher"), draft.public_id)
    row = Post.get()
    assert row == following[0] and (row.status, row.version, row.comments_open) == ("draft", 1, True)
    assert bytes(row.sealed) == bytes(following[0].sealed)
    assert not database.is_sqlite() or row.id == draft.id


MEANWHILE = {
    "taken out": lambda actor, post, photo, _place: actions.edit(
        actor, post, Content("Sans"), version=1, removed=[photo]
    ),
    "moved": lambda actor, post, _photo, place: actions.move_post(actor, post, place, erased=Answers(0, 0, 0)),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_a_photo_that_left_meanwhile_is_not_replaced_and_the_new_one_stays_free(
    world, feed, monkeypatch, picture, meanwhile
):
    places.add_teacher(SYSTEM, world.account("teacher"), world.ce1)
    teacher, ready = world.actor("teacher"), seen.get_writable
    post = feed.publish("Sortie", files=[FileStorage(BytesIO(picture()), filename="a.jpg")])
    photo, data = Media.get().public_id, picture("red")
    sent = uploads.begin(teacher, policy.get_access(teacher, world.cm1.public_id), "b.jpg", len(data))
    uploads.append(teacher, sent.public_id, 0, data)

    def overtaken(*arguments):
        found = ready(*arguments)
        MEANWHILE[meanwhile](teacher, post.public_id, photo, world.ce1.public_id)
        return found

    monkeypatch.setattr(seen, "get_writable", overtaken)
    with pytest.raises(NotFound):
        actions.replace_blurred(teacher, post.public_id, photo, sent.public_id)
    assert not Attachment.select().join(Media).where(Media.public_id == sent.public_id).exists()
    assert uploads.get(teacher, sent.public_id).claimed_at is None
