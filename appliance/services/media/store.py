"""Media in and out: recognised by content, pictures drawn anew, encrypted under a key of their own, durable before
any row.

What is accepted but never attached, or detached, loses its key first and its files after the commit (03 §3.4).
"""

import os
import threading
from collections.abc import Callable, Sequence
from typing import BinaryIO

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.core.i18n import _
from appliance.core.ids import new_id
from appliance.crypto import envelope, fields
from appliance.crypto.keyring import OBJECT, new_key
from appliance.crypto.stream import Encryptor, SendingReader, encrypted_size
from appliance.school import keys
from appliance.school.models import Academy, Classroom, School
from appliance.services import audit
from appliance.services.media import kinds, names, pictures
from appliance.services.media.models import Media, Rendition
from appliance.services.media.refusals import FileRefused
from appliance.storage import database
from appliance.storage.blobs import BlobStore
from appliance.storage.prepared import P, Prepared

FORMAT = "cobblestone/1"
ORIGINAL = "original"
_PIECE = 256 * 1024

_blobs: BlobStore | None = None
_suite = 1
_picture_limits = pictures.Limits()
_document_bytes = 40_000_000
_decoding = threading.BoundedSemaphore(2)


def configure(blobs: BlobStore, *, suite: int, limits) -> None:
    """Use this store, this cipher for what is new, and these limits from here on."""
    global _blobs, _suite, _picture_limits, _document_bytes, _decoding
    _decoding = threading.BoundedSemaphore(limits.pictures_at_once)
    _blobs, _suite, _document_bytes = blobs, suite, limits.document_mb * 1_000_000
    _picture_limits = pictures.Limits(
        max_bytes=limits.picture_mb * 1_000_000, max_pixels=limits.picture_megapixels * 1_000_000
    )


def accept(actor, access, files: Sequence) -> list[Media]:
    """Store uploaded files (`.filename`, `.stream`) for a class: all of them, or none with the reason for each
    refused one.

    Files are written and durable when this returns; the rows are part of the caller's transaction if it has one.
    """
    kinds_found, refused = [], []
    for file in files:
        try:
            kinds_found.append((file, _recognise(file)))
        except FileRefused as error:
            refused.append(f"{names.clean_file_name(file.filename)}\u202f: {error.message}")
    if refused:
        raise FileRefused("files", "\n".join(refused))
    stored: list[_Stored] = []
    try:
        for file, kind in kinds_found:
            stored.append(_Stored(access, kind))
            _write(stored[-1], file, refused)
        if refused:
            raise FileRefused("files", "\n".join(refused))
        return _insert(actor, access, stored)
    except BaseException:
        for each in stored:
            each.remove()
        raise


def _recognise(file) -> kinds.Kind:
    size = file.stream.seek(0, os.SEEK_END)
    kind = kinds.identify(file.stream)
    limit = _picture_limits.max_bytes if kind.family == "picture" else _document_bytes
    if size > limit:
        raise FileRefused(
            "too_heavy", _("Ce fichier est trop lourd\u202f: %(limit)s\u202fMo au plus.", limit=limit // 1_000_000)
        )
    _blobs.check_room(encrypted_size(size))
    return kind


class _Stored:
    """One media being stored: its key and what is already on the disk."""

    def __init__(self, access, kind: kinds.Kind):
        self.access, self.kind, self.public_id, self.key = access, kind, new_id(), new_key()
        self.name, self.renditions = "", []

    def add(self, rendition: str, mime: str, pieces, width=None, height=None) -> None:
        """Encrypt one rendition into a blob of its own."""
        context = object_context(self.access, self.public_id, rendition, 0)
        encryptor = Encryptor(self.key, context, suite=_suite)
        blob_id = new_id() + new_id()
        with _blobs.writer(blob_id) as writer:
            for piece in pieces:
                writer.write(encryptor.update(piece))
            writer.write(encryptor.finish())
            written = writer.finish()
        self.renditions.append(
            {
                "name": rendition,
                "blob_id": blob_id,
                "mime": mime,
                "size": encryptor.size,
                "width": width,
                "height": height,
                "stored_size": written.size,
                "stored_sha256": written.sha256,
            }
        )

    def remove(self) -> None:
        """Leave no file behind."""
        for each in self.renditions:
            _blobs.delete(each["blob_id"])


def _write(stored: _Stored, file, refused: list[str]) -> None:
    stored.name = names.clean_file_name(file.filename, stored.kind)
    file.stream.seek(0)
    if stored.kind.family != "picture":
        stored.add(ORIGINAL, stored.kind.mime, iter(lambda: file.stream.read(_PIECE), b""))
        return
    try:
        with _decoding:
            drawn = pictures.make_renditions(file.stream, limits=_picture_limits)
    except FileRefused as error:
        refused.append(f"{names.clean_file_name(file.filename)}\u202f: {error.message}")
        return
    for each in drawn:
        stored.add(each.name, each.mime, (each.data,), each.width, each.height)


def _insert(actor, access, stored: list[_Stored]) -> list[Media]:
    made = []
    class_key = keys.classroom_key(access.classroom_id)
    with database.transaction():
        for each in stored:
            wrapped = envelope.wrap(
                class_key, kind=OBJECT, parent_id=access.classroom_public_id, child_id=each.public_id, key=each.key
            )
            media = Media.create(
                public_id=each.public_id,
                classroom=access.classroom_id,
                owner=actor.account_id or None,
                family=each.kind.family,
                name=fields.seal(class_key, name_context(access, each.public_id), each.name.encode()),
                wrapped_key=wrapped,
                suite=_suite,
            )
            Rendition.insert_many([{"media": media.id, **rendition} for rendition in each.renditions]).execute()
            audit.record(
                actor,
                "create",
                "media_created",
                kind="media",
                object_id=each.public_id,
                classroom=access.classroom_public_id,
                tenant=access.academy_public_id,
            )
            made.append(media)
    return made


def object_context(place, media_public_id: str, rendition: str, generation: int) -> bytes:
    """What a file is bound to: it opens as this rendition of this media of this class only."""
    return envelope.object_context(
        FORMAT, place.academy_public_id, place.classroom_public_id, media_public_id, rendition, generation
    )


def name_context(place, media_public_id: str) -> bytes:
    """What a sealed file name is bound to."""
    return fields.field_context(place.academy_public_id, "media", "name", media_public_id)


def open_name(place, file) -> str:
    """The name of a file; `place` has classroom_id and academy_public_id, `file` its public_id and sealed name."""
    key = keys.classroom_key(place.classroom_id)
    return fields.open_sealed(key, name_context(place, file.public_id), file.name).decode()


def discard(media: Sequence[Media]) -> None:
    """Forget media that were accepted for something that failed: their rows if they still exist, then their files."""
    ids = [each.id for each in media]
    blobs = [row.blob_id for row in Rendition.select(Rendition.blob_id).where(Rendition.media.in_(ids))]
    with database.transaction():
        Media.delete().where(Media.id.in_(ids)).execute()
    _delete_files(blobs)


def delete(actor, media_public_id: str) -> None:
    """Destroy a media: the key with the commit, the files after it."""
    with database.transaction():
        media = Media.get_or_none((Media.public_id == media_public_id) & Media.deleted_at.is_null())
        if media is None:
            return
        Media.update(wrapped_key=None, name=None, deleted_at=clock.now()).where(Media.id == media.id).execute()
        audit.record(
            actor,
            "delete",
            "media_deleted",
            kind="media",
            object_id=media_public_id,
            classroom=media.classroom.public_id,
            classroom_id=media.classroom_id,
        )
        blobs = [row.blob_id for row in media.renditions]
        database.after_commit(lambda: _delete_files(blobs))


def _delete_files(blob_ids: list[str]) -> None:
    for blob_id in blob_ids:
        _blobs.delete(blob_id)


_FIND = Prepared(
    lambda: (
        Rendition.select(
            Rendition.blob_id,
            Rendition.name.alias("rendition"),
            Rendition.mime,
            Rendition.size,
            Media.public_id,
            Media.family,
            Media.name,
            Media.wrapped_key,
            Media.suite,
            Media.generation,
            Classroom.id.alias("classroom_id"),
            Classroom.public_id.alias("classroom_public_id"),
            Classroom.wrapped_key.alias("classroom_wrapped_key"),
            Academy.public_id.alias("academy_public_id"),
            Academy.wrapped_key.alias("academy_wrapped_key"),
        )
        .join(Media, on=Rendition.media == Media.id)
        .join(Classroom, on=Media.classroom == Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
        .where((Media.public_id == P("media")) & (Rendition.name == P("rendition")) & Media.deleted_at.is_null())
    )
)


def get_rendition(media_public_id: str, rendition: str):
    """The row of one file with all that opening it needs; NotFound when it is gone. Says nothing about who may see
    it."""
    row = _FIND.first(media=media_public_id, rendition=rendition)
    if row is None or row.wrapped_key is None or row.classroom_wrapped_key is None:
        raise NotFound()
    return row


def open_rendition(row, on_tampered: Callable[[], object] | None = None) -> SendingReader:
    """The clear bytes of a file as a seekable reader that gives authenticated bytes only; Tampered, or
    FileNotFoundError."""
    tenant = {"tenant_id": row.academy_public_id, "tenant_wrapped": row.academy_wrapped_key}
    class_key = keys.ring().classroom_key(row.classroom_public_id, row.classroom_wrapped_key, **tenant)
    key = envelope.unwrap(
        class_key, kind=OBJECT, parent_id=row.classroom_public_id, child_id=row.public_id, wrapped=row.wrapped_key
    )
    context = object_context(row, row.public_id, row.rendition, row.generation)
    file: BinaryIO = _blobs.open(row.blob_id)
    try:
        return SendingReader(key, context, file, suite=row.suite, on_tampered=on_tampered)
    except BaseException:
        file.close()
        raise
