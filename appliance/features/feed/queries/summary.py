"""A class at a glance for its staff: what waits on the shelf, and how far the last publication has gone."""

from typing import NamedTuple

from peewee import fn

from appliance.core import clock
from appliance.features.feed.models import Post
from appliance.features.feed.queries import reach
from appliance.features.feed.queries.cards import START, Card, listing
from appliance.features.feed.queries.visible import reader
from appliance.storage.prepared import Prepared, many


class Summary(NamedTuple):
    """How many drafts and scheduled posts a class has, and its last publication (None before the first)."""

    drafts: int = 0
    scheduled: int = 0
    last_public_id: str | None = None
    last_at: object = None
    read: int = 0
    total: int = 0


_SHELF = Prepared(
    lambda: (
        Post.select(Post.classroom.alias("classroom_id"), Post.status, fn.COUNT(Post.id).alias("number"))
        .where(Post.classroom.in_(many("staffed")) & Post.status.in_(("draft", "scheduled")))
        .group_by(Post.classroom, Post.status)
    )
)


def _last():
    later = Post.alias("later")
    newer = later.select(later.id).where(
        (later.classroom == Post.classroom)
        & (later.status == "published")
        & (
            (later.published_at > Post.published_at)
            | ((later.published_at == Post.published_at) & (later.id > Post.id))
        )
    )
    return (
        Post.select(
            Post.id, Post.public_id, Post.published_at, Post.classroom.alias("classroom_id"), *reach.columns(Post)
        )
        .where(Post.classroom.in_(many("staffed")) & (Post.status == "published") & ~fn.EXISTS(newer))
        .order_by(Post.id)
    )


_LAST = Prepared(_last)


LATEST = 4
_LATEST = listing(False, LATEST)


def list_latest(actor) -> list[Card]:
    """The newest posts of the classes that this person works with, without their files; one query."""
    values = reader(actor)
    if not values["staffed"]:
        return []
    place, at, last = START
    rows = _LATEST.all(classrooms=values["staffed"], place=place, at=at, last=last, **values)
    return [
        Card(row, True, False, reach=reach.Reach(row.reach_read, row.reach_total) if row.reach_total else None)
        for row in rows[:LATEST]
    ]


def summarise(actor) -> dict[int, Summary]:
    """The summary of each class that this person works with, by the class's row id; two queries at most."""
    staffed = reader(actor)["staffed"]
    if not staffed:
        return {}
    waiting = {(row.classroom_id, row.status): row.number for row in _SHELF.all(staffed=staffed)}
    last = {row.classroom_id: row for row in _LAST.all(staffed=staffed, today=clock.today())}
    found = {}
    for classroom_id in staffed:
        row = last.get(classroom_id)
        read, total = (row.reach_read, row.reach_total) if row else (0, 0)
        found[classroom_id] = Summary(
            waiting.get((classroom_id, "draft"), 0),
            waiting.get((classroom_id, "scheduled"), 0),
            row.public_id if row else None,
            row.published_at if row else None,
            read,
            total,
        )
    return found
