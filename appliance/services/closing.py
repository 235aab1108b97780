"""A class-year ends: its key is destroyed, and with it all that was written and shown in the class; people stay.

The key goes with the commit; the files, noise from then on, are removed afterwards by a task that may be cut at any
moment.
"""

from typing import NamedTuple

from peewee import fn

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.crypto.keyring import CLASSROOM
from appliance.school import keys
from appliance.school.models import Classroom
from appliance.services import audit, work
from appliance.services.media import files
from appliance.services.media.models import Media, Rendition, Upload
from appliance.storage import database

FILES = "class_files"
_BATCH = 200


class Held(NamedTuple):
    """What a class holds under its key: media, and the bytes of their files."""

    media: int
    bytes: int


def configure() -> None:
    """Have the files of classes that ended removed by the workers."""
    work.register(FILES, remove_files)


def count_held(classroom_id: int) -> Held:
    """The media that the end of a class destroys; texts are counted by those who own them."""
    alive = (Media.classroom == classroom_id) & Media.deleted_at.is_null()
    row = Media.select(fn.COUNT(Media.id), fn.COALESCE(fn.SUM(Media.bytes), 0)).where(alive).tuples().get()
    return Held(row[0], int(row[1]))


def destroy_classroom_key(actor, classroom_public_id: str) -> Held:
    """Destroy the key of a class and of each of its media, for good; NotFound when that is done already.

    Nobody finds the class any more, and nobody can join it. What backups hold of it is gone when they expire.
    """
    with database.transaction():
        same = Classroom.public_id == classroom_public_id
        row = database.locked(Classroom.select(Classroom.id, Classroom.wrapped_key).where(same)).get_or_none()
        if row is None or row.wrapped_key is None:
            raise NotFound()
        held, of_class = count_held(row.id), Media.classroom == row.id
        Upload.delete().where(Upload.media.in_(Media.select(Media.id).where(of_class))).execute()
        Media.update(wrapped_key=None, name=None, bytes=0, deleted_at=clock.now()).where(
            of_class & Media.deleted_at.is_null()
        ).execute()
        Classroom.update(wrapped_key=None, join_code=None).where(Classroom.id == row.id).execute()
        work.submit(FILES, classroom_public_id)
        audit.record(
            actor, "delete", "classroom_key_destroyed", kind="classroom", object_id=classroom_public_id,
            classroom=classroom_public_id, classroom_id=row.id, reason=f"{held.media} media",
        )  # fmt: skip
        database.after_commit(lambda: keys.ring().forget(CLASSROOM, classroom_public_id))
    return held


def remove_files(subject: str, lease) -> None:
    """The task: remove the files of a class whose key was destroyed, in batches; done twice it changes nothing."""
    keys.ring().forget(CLASSROOM, subject)
    last = 0
    while True:
        rows = list(
            Rendition.select(Rendition.id, Rendition.blob_id)
            .join(Media)
            .join(Classroom)
            .where((Classroom.public_id == subject) & Media.wrapped_key.is_null() & (Rendition.id > last))
            .order_by(Rendition.id)
            .limit(_BATCH)
            .tuples()
        )
        if not rows:
            return
        files.delete([blob_id for _id, blob_id in rows])
        last = rows[-1][0]
        lease.progress()
