"""Media go to another class of the academy: their keys are wrapped anew and their names sealed anew, no file is
touched.

A file stays bound to the class that it was encrypted in (`Media.born_in`), and opens under the key of its media alone.
"""

from collections.abc import Sequence

from peewee import fn

from appliance.core import clock
from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.crypto import envelope, fields
from appliance.crypto.keyring import OBJECT
from appliance.school import keys
from appliance.school.models import Enrolment, Student
from appliance.services import audit, plans
from appliance.services.media import files, store
from appliance.services.media.models import Media, MediaTag
from appliance.storage import database


def move(actor, public_ids: Sequence[str], place) -> None:
    """Give media to another class, all or none; Refused while one is being prepared, or shows a child whose rights
    the new class does not know.

    Call it before anything is journaled in the transaction: room in the class is taken first (`plans`).
    """
    if not public_ids:
        return
    with database.transaction():
        wanted = Media.public_id.in_(list(public_ids)) & Media.deleted_at.is_null()
        size = Media.select(fn.COALESCE(fn.SUM(Media.bytes), 0)).where(wanted & (Media.classroom != place.classroom_id))
        plans.require_storage(place, int(size.scalar()))
        for public_id in public_ids:
            _move(actor, public_id, place)


def _move(actor, public_id: str, place) -> None:
    # Whoever settles, deletes or moves this media waits, or has done so.
    list(database.locked(Media.select(Media.id).where(Media.public_id == public_id)))
    row = files.get_media(public_id)
    if row.classroom_id == place.classroom_id:
        return
    if row.academy_public_id != place.academy_public_id:
        raise NotFound()  # its files are bound to their academy
    if row.state in ("uploading", "waiting"):
        raise Refused(_("Un fichier est encore en préparation. Attendez qu’il soit prêt, puis recommencez."))
    _untag(row.media_id, place)
    class_key, name = keys.classroom_key(place.classroom_id), row.name
    if name is not None:
        clear = store.open_name(row, row).encode()
        name = fields.seal(class_key, store.name_context(place, public_id), clear)
    Media.update(
        classroom=place.classroom_id,
        name=name,
        wrapped_key=envelope.wrap(
            class_key,
            kind=OBJECT,
            parent_id=place.classroom_public_id,
            child_id=public_id,
            key=files.key_of(row),
        ),
    ).where(Media.id == row.media_id).execute()
    audit.record(
        actor, "update", "media_moved", kind="media", object_id=public_id, reason=f"from {row.classroom_public_id}",
        classroom=place.classroom_public_id, classroom_id=place.classroom_id, tenant=place.academy_public_id,
        stale=(f"class:{row.classroom_id}",),
    )  # fmt: skip


def _untag(media_id: int, place) -> None:
    """Children who are not in the new class are no longer named on a media, unless their face can be seen: their
    rights may be withdrawn, and hide it there too. One whose face nobody may show now does not travel."""
    here = Enrolment.select(Enrolment.student).where(
        (Enrolment.classroom == place.classroom_id)
        & (Enrolment.left_on.is_null() | (Enrolment.left_on > clock.today()))
    )
    away = (MediaTag.media == media_id) & MediaTag.student.not_in(here)
    shown = MediaTag.select(MediaTag.id).join(Student).where(away & ~MediaTag.blurred & (Student.photo_rights != "yes"))
    if shown.exists():
        raise Refused(
            _(
                "Une photo montre un enfant sans droit à l’image\u202f: elle ne peut pas aller dans une autre classe. "
                "Retirez-la de la publication, ou floutez l’enfant, puis recommencez."
            )
        )
    MediaTag.delete().where(away & MediaTag.blurred).execute()
