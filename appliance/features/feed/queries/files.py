"""The photos and documents of posts, and the one question that the media route asks: may this person see this one?"""

from typing import NamedTuple

from peewee import JOIN, Case

from appliance.features.feed.models import Attachment, Post
from appliance.features.feed.queries.visible import is_id, is_visible, reader
from appliance.services.media.models import Media, Rendition
from appliance.storage.prepared import P, Prepared, many


class File(NamedTuple):
    """One attachment: `size` in bytes, `width` and `height` for a photo, are those of its best rendition."""

    public_id: str
    family: str
    name: bytes | None
    mime: str
    size: int
    width: int | None
    height: int | None


# What is told of a file is told of its best rendition: a photo has no original, only what was drawn anew from it.
_SHOWN = Case(None, [(Media.family == "picture", "large")], "original")

_BY_POST = Prepared(
    lambda: (
        Attachment.select(
            Attachment.post.alias("post_id"),
            Media.public_id,
            Media.family,
            Media.name,
            Rendition.mime,
            Rendition.size,
            Rendition.width,
            Rendition.height,
        )
        .join(Media, on=Attachment.media == Media.id)
        .join(Rendition, JOIN.LEFT_OUTER, on=(Rendition.media == Media.id) & (Rendition.name == _SHOWN))
        .where(Attachment.post.in_(many("posts")) & Media.deleted_at.is_null())
        .order_by(Attachment.post, Attachment.position, Attachment.id)
    )
)

_VISIBLE = Prepared(
    lambda: (
        Attachment.select(
            Attachment.post.alias("post_id"),
            Post.public_id.alias("post_public_id"),
            Post.classroom.alias("classroom_id"),
            Media.id.alias("media_id"),
        )
        .join(Post, on=Attachment.post == Post.id)
        .join_from(Attachment, Media, on=Attachment.media == Media.id)
        .where((Media.public_id == P("media")) & Media.deleted_at.is_null() & is_visible())
    )
)


def list_by_post(post_ids: list[int]) -> dict[int, tuple[File, ...]]:
    """The files of each post, in order; the caller has decided that the actor may see these posts."""
    found: dict[int, list[File]] = {}
    for row in _BY_POST.all(posts=post_ids):
        found.setdefault(row.post_id, []).append(File(*row[1:]))
    return {post: tuple(files) for post, files in found.items()}


def find_visible_media(actor, media_public_id: str):
    """The row of an attachment whose post this person may see, or None: then the file doesn't exist for them."""
    if actor is None or not is_id(media_public_id):
        return None
    return _VISIBLE.first(media=media_public_id, **reader(actor))
