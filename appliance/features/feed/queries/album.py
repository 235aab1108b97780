"""The photos and films of a class by date: those of published posts that the reader may see, and nothing masked.

Months are those of the school's calendar. What is masked or still being prepared is in nobody's album: the post says
so to those who can do something about it.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from peewee import JOIN, Case, fn

from appliance.core import clock
from appliance.features.feed.models import Attachment, Post
from appliance.features.feed.queries.visible import is_id, is_visible, reader
from appliance.services.media import rights
from appliance.services.media.models import Media, Rendition
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared

FAMILIES = ("picture", "video")


class Item(NamedTuple):
    """A photo or a film of an album: `width` and `height` are those of its picture, None when it has none."""

    media_id: int
    public_id: str
    family: str
    name: bytes | None
    duration_ms: int | None
    post_public_id: str
    published_at: datetime
    width: int | None = None
    height: int | None = None


class Month(NamedTuple):
    """A month with something in it, as `2026-11`."""

    name: str
    photos: int
    videos: int


def _shown():
    """What the reader may see, in this class."""
    return (
        (Post.classroom == P("classroom"))
        & (Post.status == "published")
        & Media.family.in_(FAMILIES)
        & (Media.state == "ready")
        & Media.deleted_at.is_null()
        & is_visible()
        & ~rights.is_masked()
    )


_BY_POST = Prepared(
    lambda: (
        Attachment.select(Post.published_at, Media.family, fn.COUNT(Media.id).alias("number"))
        .join(Post, on=Attachment.post == Post.id)
        .join_from(Attachment, Media, on=Attachment.media == Media.id)
        .where(_shown())
        .group_by(Post.id, Post.published_at, Media.family)
        .order_by(Post.published_at.desc(), Post.id, Media.family)
    )
)
_ITEMS = Prepared(
    lambda: (
        Attachment.select(
            Media.id.alias("media_id"),
            Media.public_id,
            Media.family,
            Media.name,
            Media.duration_ms,
            Post.public_id.alias("post_public_id"),
            Post.published_at,
            Rendition.width,
            Rendition.height,
        )
        .join(Post, on=Attachment.post == Post.id)
        .join_from(Attachment, Media, on=Attachment.media == Media.id)
        .join_from(
            Media,
            Rendition,
            JOIN.LEFT_OUTER,
            on=(Rendition.media == Media.id) & (Rendition.name == Case(Media.family, [("video", "poster")], "large")),
        )
        .where(_shown() & (Post.published_at >= P("first")) & (Post.published_at < P("next")))
        .order_by(Post.published_at, Post.public_id, Attachment.position, Attachment.id)
    )
)
_ONE = Prepared(
    lambda: (
        Attachment.select(Post.published_at)
        .join(Post, on=Attachment.post == Post.id)
        .join_from(Attachment, Media, on=Attachment.media == Media.id)
        .where(_shown() & (Media.public_id == P("media")))
        .order_by(Attachment.id)
    )
)


def list_album_months(actor, access) -> list[Month]:
    """The months of a class that hold something this person may see, the latest first; one query."""
    found: dict[str, Counter] = {}
    for row in _BY_POST.all(classroom=access.classroom_id, **reader(actor, access)):
        found.setdefault(month_of(row.published_at), Counter())[row.family] += row.number
    return [Month(name, count["picture"], count["video"]) for name, count in found.items()]


def list_album(actor, access, month: str | None) -> list[Item]:
    """The photos and films of a month (None: of all), oldest first, as their posts show them; one query."""
    first, following = _bounds(month)
    values = {"classroom": access.classroom_id, "first": to_micros(first), "next": to_micros(following)}
    return [Item(*row) for row in _ITEMS.all(**values, **reader(actor, access))]


def find_album_month(actor, access, media_public_id: str) -> str | None:
    """The month in which a class's album shows this photo or film to this person, or None."""
    if not is_id(media_public_id):
        return None
    row = _ONE.first(media=media_public_id, classroom=access.classroom_id, **reader(actor, access))
    return month_of(row.published_at) if row else None


def month_of(moment: datetime) -> str:
    """The month of an instant on the school's calendar, as `2026-11`."""
    return f"{clock.local(moment):%Y-%m}"


def _bounds(month: str | None) -> tuple[datetime, datetime]:
    if month is None:
        return datetime.min.replace(tzinfo=UTC), clock.now() + timedelta(days=1)
    year, number = int(month[:4]), int(month[5:])
    following = datetime(year + number // 12, number % 12 + 1, 1)
    return clock.from_local(datetime(year, number, 1)), clock.from_local(following)
