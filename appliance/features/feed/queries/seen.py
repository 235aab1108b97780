"""Who is seen on the photos of a post, and what still asks for a choice; for those who may change the post."""

from typing import NamedTuple

from peewee import fn

from appliance.features.feed.models import Attachment
from appliance.features.feed.queries.counts import list_students
from appliance.features.feed.queries.files import name_of
from appliance.school.models import Student
from appliance.services.media import rights
from appliance.services.media.models import Media, MediaTag
from appliance.storage.prepared import P, Prepared, many

TAGGED = ("picture", "video")


class Child(NamedTuple):
    """A pupil who may be seen on a photo, and how: `tagged`, `blurred`, or `allowed` knowingly."""

    id: int
    public_id: str
    name: str
    has_rights: bool
    tagged: bool = False
    blurred: bool = False
    allowed: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether families don't see the photo because of this child."""
        return self.tagged and not (self.has_rights or self.blurred or self.allowed)


class Seen(NamedTuple):
    """One photo or film of a post and the children of its class."""

    file: tuple
    children: tuple[Child, ...]

    @property
    def pending(self) -> tuple[Child, ...]:
        """The children for whom a choice is to be made."""
        return tuple(child for child in self.children if child.is_pending)


_TAGS = Prepared(
    lambda: (
        MediaTag.select(
            MediaTag.media.alias("media_id"),
            MediaTag.blurred,
            MediaTag.allowed_at,
            Student.id,
            Student.public_id,
            Student.first_name,
            Student.last_name,
            Student.usage_name,
            Student.photo_rights,
        )
        .join(Student, on=MediaTag.student == Student.id)
        .where(MediaTag.media.in_(many("media")))
        .order_by(MediaTag.media, MediaTag.id)
    )
)


def list_seen(card, access) -> list[Seen]:
    """Each photo and film of a post with the pupils of the class, those without image rights first; three queries.

    A tagged child who left the class stays listed: the photo is still of that child.
    """
    files = [each for each in card.files if each.family in TAGGED and each.state not in ("refused", "quarantined")]
    if not files:
        return []
    pupils = {each.id: each for each in list_students(access)}
    tags: dict[int, dict] = {}
    for row in _TAGS.all(media=[each.media_id for each in files]):
        tags.setdefault(row.media_id, {})[row.id] = row
    found = []
    for file in files:
        here = tags.get(file.media_id, {})
        children = [_child(each, here.get(each.id)) for each in ({**pupils, **here}).values()]
        found.append(Seen(file, tuple(sorted(children, key=lambda each: (each.has_rights, each.name, each.id)))))
    return found


def _child(pupil, tag) -> Child:
    has_rights = pupil.photo_rights == rights.GIVEN
    if tag is None:
        return Child(pupil.id, pupil.public_id, name_of(pupil), has_rights)
    return Child(
        pupil.id, pupil.public_id, name_of(pupil), has_rights, True, bool(tag.blurred), tag.allowed_at is not None
    )


_HELD = Prepared(
    lambda: (
        Attachment.select(fn.COUNT(Attachment.id).alias("number"))
        .join(Media, on=Attachment.media == Media.id)
        .where((Attachment.post == P("post")) & Media.deleted_at.is_null() & rights.is_masked())
    )
)


def count_masked(post_id: int) -> int:
    """How many photos and films of a post no family may see until a choice is made."""
    return _HELD.first(post=post_id).number
