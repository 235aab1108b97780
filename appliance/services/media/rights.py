"""Image rights: a child without them is not shown to families, unless blurred or knowingly allowed since.

One expression says it (`is_masked`), and every query that gives a picture to a family asks it. Rights that nobody
gave are not had; a withdrawal takes back every earlier permission, whoever gave it.
"""

from peewee import fn

from appliance.school.models import Student
from appliance.services.media.models import Media, MediaTag
from appliance.storage.prepared import Prepared, many

GIVEN = "yes"


def lacks_consent():
    """A MediaTag joined with its Student shows a child without rights, neither blurred nor allowed."""
    return (
        (Student.photo_rights != GIVEN)
        & (MediaTag.blurred == False)  # noqa: E712 - SQL, not Python
        & MediaTag.allowed_at.is_null()
    )


def is_masked(media=Media):
    """No family may see this media now: it shows a child without rights, neither blurred nor allowed."""
    tags = (
        MediaTag.select(MediaTag.id)
        .join(Student, on=MediaTag.student == Student.id)
        .where((MediaTag.media == media.id) & lacks_consent())
    )
    return fn.EXISTS(tags)


def forget_permissions(student_id: int, photo_rights: str) -> None:
    """A child's rights have just been changed: unless they were given, no earlier “publish anyway” holds any more.

    Part of the transaction that changes them.
    """
    if photo_rights != GIVEN:
        MediaTag.update(allowed_at=None, allowed_by=None).where(
            (MediaTag.student == student_id) & MediaTag.allowed_at.is_null(False)
        ).execute()


_MASKING = Prepared(
    lambda: (
        MediaTag.select(
            MediaTag.media.alias("media_id"),
            Student.id.alias("student_id"),
            Student.public_id,
            Student.first_name,
            Student.last_name,
            Student.usage_name,
            Student.photo_rights,
        )
        .join(Student, on=MediaTag.student == Student.id)
        .where(MediaTag.media.in_(many("media")) & lacks_consent())
        .order_by(MediaTag.media, Student.first_name, Student.last_name, Student.id)
    )
)


def list_masking(media_ids) -> dict[int, list]:
    """Because of which children each of these media is masked; for the staff of their class."""
    found: dict[int, list] = {}
    for row in _MASKING.all(media=list(media_ids)) if media_ids else ():
        found.setdefault(row.media_id, []).append(row)
    return found
