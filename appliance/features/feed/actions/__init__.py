"""Writes of the feed: each checks the actor, is whole or absent, and leaves its line in the journal."""

from appliance.features.feed.actions.answering import (
    comment,
    consult_readers,
    mark_read,
    react,
    remove_comment,
    unreact,
)
from appliance.features.feed.actions.common import Content, can_change, get_writable
from appliance.features.feed.actions.managing import pin, restore, set_answers, unpin, withdraw
from appliance.features.feed.actions.writing import delete_draft, edit, publish, save_draft, schedule

__all__ = [
    "Content",
    "can_change",
    "comment",
    "consult_readers",
    "delete_draft",
    "edit",
    "get_writable",
    "mark_read",
    "pin",
    "publish",
    "react",
    "remove_comment",
    "restore",
    "save_draft",
    "schedule",
    "set_answers",
    "unpin",
    "unreact",
    "withdraw",
]
