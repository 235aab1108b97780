"""Writes of the feed: each checks the actor, is whole or absent, and leaves its line in the journal."""

from appliance.features.feed.actions.answering import (
    comment,
    consult_readers,
    mark_read,
    react,
    remove_comment,
    unreact,
)
from appliance.features.feed.actions.common import Content, get_writable
from appliance.features.feed.actions.managing import pin, restore, set_answers, unpin, withdraw
from appliance.features.feed.actions.moving import Answers, count_answers, list_destinations, move_post
from appliance.features.feed.actions.seen import decide, replace_blurred, tag
from appliance.features.feed.actions.writing import delete_draft, edit, publish, release, save_draft, schedule

__all__ = [
    "Answers",
    "Content",
    "comment",
    "consult_readers",
    "count_answers",
    "decide",
    "delete_draft",
    "edit",
    "get_writable",
    "list_destinations",
    "mark_read",
    "move_post",
    "pin",
    "publish",
    "react",
    "release",
    "remove_comment",
    "replace_blurred",
    "restore",
    "save_draft",
    "schedule",
    "set_answers",
    "tag",
    "unpin",
    "unreact",
    "withdraw",
]
