"""Reads of the feed; each is filtered by the actor, and nothing that an actor may not see leaves this folder."""

from appliance.features.feed.queries.cards import (
    PAGE,
    Card,
    Page,
    find_card,
    get_card,
    list_feed,
    list_recent,
    list_shelf,
    text_of,
)
from appliance.features.feed.queries.counts import freshness, list_groups, list_students, list_targets, list_unread
from appliance.features.feed.queries.files import File, find_visible_media
from appliance.features.feed.queries.reach import Family, Reach, list_readers
from appliance.features.feed.queries.seen import Seen, count_masked, list_seen
from appliance.features.feed.queries.summary import Summary, list_latest, summarise
from appliance.features.feed.queries.talk import (
    Change,
    Remark,
    count_reactions,
    find_comment,
    get_answerable,
    list_changes,
    list_remarks,
)

__all__ = [
    "PAGE",
    "Card",
    "Change",
    "Family",
    "File",
    "Page",
    "Reach",
    "Remark",
    "Seen",
    "Summary",
    "count_masked",
    "count_reactions",
    "find_card",
    "find_comment",
    "find_visible_media",
    "freshness",
    "get_answerable",
    "get_card",
    "list_changes",
    "list_feed",
    "list_groups",
    "list_latest",
    "list_readers",
    "list_recent",
    "list_remarks",
    "list_seen",
    "list_shelf",
    "list_students",
    "list_targets",
    "list_unread",
    "summarise",
    "text_of",
]
