"""What is done to a post that was erased meanwhile is done to nothing: SQLite gives its row id to the next one."""

import pytest

from appliance.core.errors import NotFound
from appliance.features.feed import actions
from appliance.features.feed.actions import Content, common, managing, writing
from appliance.features.feed.models import Post
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
