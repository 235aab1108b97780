"""The files of posts, and the one question that the media route asks: may this person see this one?

Families are given what is ready and shows no child without image rights; of what is still being prepared they learn
that it arrives, and nothing else.
"""

from typing import NamedTuple

from peewee import JOIN, Case

from appliance.features.feed.models import Attachment, Post
from appliance.features.feed.queries.visible import is_id, is_visible, reader
from appliance.services.media import rights
from appliance.services.media.models import Media, Rendition
from appliance.storage.prepared import P, Prepared, many

ARRIVING = ("uploading", "waiting")


class File(NamedTuple):
    """One attachment: `size` in bytes, `width` and `height` are those of its best rendition, `drawn_width` and
    `drawn_height` those of the picture that stands for it (a film's poster, a document's first page), None without.

    `masking` are the names of the children because of whom families don't see it; empty for families.
    """

    media_id: int
    public_id: str
    family: str
    name: bytes | None
    state: str = "ready"
    reason: str = ""
    kind: str = ""
    duration_ms: int | None = None
    pages: int | None = None
    mime: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    drawn_width: int | None = None
    drawn_height: int | None = None
    masked: bool = False
    masking: tuple[str, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether families see it."""
        return self.state == "ready" and not self.masked


# What is told of a file is told of its best rendition: a photo has no original, only what was drawn anew from it.
_BEST = Case(Media.family, [("picture", "large"), ("video", "video"), ("audio", "audio")], "original")
_DRAWN = Case(Media.family, [("video", "poster")], "preview")


def _by_post():
    drawn = Rendition.alias("drawn")
    return (
        Attachment.select(
            Attachment.post.alias("post_id"),
            Media.id.alias("media_id"),
            Media.public_id,
            Media.family,
            Media.name,
            Media.state,
            Media.reason,
            Media.kind,
            Media.duration_ms,
            Media.pages,
            Rendition.mime,
            Rendition.size,
            Rendition.width,
            Rendition.height,
            drawn.width.alias("drawn_width"),
            drawn.height.alias("drawn_height"),
            Case(None, [(rights.is_masked(), 1)], 0).alias("masked"),
        )
        .join(Media, on=Attachment.media == Media.id)
        .join(Rendition, JOIN.LEFT_OUTER, on=(Rendition.media == Media.id) & (Rendition.name == _BEST))
        .join_from(Media, drawn, JOIN.LEFT_OUTER, on=(drawn.media == Media.id) & (drawn.name == _DRAWN))
        .where(Attachment.post.in_(many("posts")) & Media.deleted_at.is_null())
        .order_by(Attachment.post, Attachment.position, Attachment.id)
    )


_BY_POST = Prepared(_by_post)

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
        .where(
            (Media.public_id == P("media"))
            & Media.deleted_at.is_null()
            & is_visible()
            & (Post.classroom.in_(many("staffed")) | ((Media.state == "ready") & ~rights.is_masked()))
        )
    )
)


def list_by_post(post_ids: list[int], staffed: set[int] = frozenset()) -> dict[int, tuple[File, ...]]:
    """The files of each post, in order, as this reader may know of them; `staffed` are those of the posts whose class
    they work with. The caller has decided that they may see these posts."""
    found: dict[int, list[File]] = {}
    masked = []
    for row in _BY_POST.all(posts=post_ids):
        file = File(*row[1:-1], masked=bool(row.masked))
        if row.post_id not in staffed:
            file = _for_families(file)
        elif file.masked:
            masked.append(file.media_id)
        if file is not None:
            found.setdefault(row.post_id, []).append(file)
    names = rights.list_masking(masked)
    return {post: tuple(_named(each, names) for each in files) for post, files in found.items()}


def _for_families(file: File) -> File | None:
    """What a family learns of a file: all of it once it is shown, only its family while it arrives, else nothing."""
    if file.is_shown:
        return file
    if file.state in ARRIVING and not file.masked:
        return File(0, "", file.family, None, state="waiting")
    return None


def _named(file: File, names: dict) -> File:
    because = names.get(file.media_id, ())
    return file._replace(masking=tuple(name_of(each) for each in because)) if because else file


def name_of(student) -> str:
    """A child as the staff of the class calls them."""
    return f"{student.first_name} {student.usage_name or student.last_name}".strip()


def find_visible_media(actor, media_public_id: str):
    """The row of an attachment whose post this person may see, or None: then the file doesn't exist for them."""
    if actor is None or not is_id(media_public_id):
        return None
    return _VISIBLE.first(media=media_public_id, **reader(actor))
