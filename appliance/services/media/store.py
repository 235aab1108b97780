"""Media in and out: recognised by content, pictures drawn anew, encrypted under a key of their own, durable before
any row.

What is accepted but never attached, or detached, loses its key first and its files after the commit (03 §3.4).
"""

import os
from collections.abc import Sequence

from appliance.core import clock
from appliance.core.ids import new_id
from appliance.crypto import envelope, fields
from appliance.crypto.keyring import OBJECT, new_key
from appliance.school import keys
from appliance.services import audit, plans, work
from appliance.services.media import admission, antivirus, documents, files, heif, kinds, names, still
from appliance.services.media.models import Media, Rendition, Upload
from appliance.services.media.refusals import FileRefused
from appliance.storage import database
from appliance.storage.blobs import BlobStore

PROCESSING = "media"
_PIECE = 256 * 1024
_RAW = "application/octet-stream"  # what waits is not looked at by anybody


def configure(blobs: BlobStore, *, suite: int, limits) -> None:
    """Use this store, this cipher for what is new, and these limits from here on."""
    files.configure(blobs, suite)
    admission.configure(limits)


def accept(actor, access, uploads: Sequence) -> list[Media]:
    """Store uploaded files (`.filename`, `.stream`) for a class: all of them, or none with the reason for each
    refused one.

    Files are written and durable when this returns; the rows are part of the caller's transaction if it has one.
    """
    kinds_found, refused = [], []
    for file in uploads:
        try:
            kinds_found.append((file, _recognise(file)))
        except FileRefused as error:
            refused.append(f"{names.clean_file_name(file.filename)}\u202f: {error.message}")
    if refused:
        raise FileRefused("files", "\n".join(refused))
    stored: list[_Accepted] = []
    try:
        for file, kind in kinds_found:
            stored.append(_Accepted(access, kind))
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
    kind = kinds.identify(file.stream, allowed=admission.accepted())
    admission.require_size(kind, size)
    admission.require_tools(kind)
    files.check_room(size)
    return kind


class _Accepted(files.Writer):
    """One file of a form being stored: its kind, its name and its key."""

    def __init__(self, access, kind: kinds.Kind):
        super().__init__(access, new_id(), new_key())
        self.kind, self.name = kind, ""
        # Films, sound and what a program of its own reads are prepared behind the pages; what is kept as it came is
        # seen by the antivirus first, where there is one.
        slow = kind.family in ("audio", "video") or kind.name in heif.KINDS
        scanned = kind.family == "document" and antivirus.is_configured()
        self.state = "waiting" if slow or scanned else "ready"


def _write(stored: _Accepted, file, refused: list[str]) -> None:
    stored.name = names.clean_file_name(file.filename, stored.kind)
    file.stream.seek(0)
    if stored.state == "waiting" or stored.kind.family != "picture":
        name, mime = (files.ORIGINAL, stored.kind.mime) if stored.state == "ready" else (f"{files.PART}00001", _RAW)
        stored.add(name, mime, iter(lambda: file.stream.read(_PIECE), b""))
        return
    try:
        drawn = still.draw(stored.kind, file.stream)
    except FileRefused as error:
        refused.append(f"{names.clean_file_name(file.filename)}\u202f: {error.message}")
        return
    for each in drawn:
        stored.add(each.name, each.mime, (each.data,), each.width, each.height)


def _insert(actor, access, stored: list[_Accepted]) -> list[Media]:
    made = []
    with database.transaction():
        plans.require_storage(access, sum(each.bytes for each in stored))
        for each in stored:
            media = insert(
                actor, access, each.public_id, each.key, each.name,
                family=each.kind.family, kind=each.kind.name, state=each.state, bytes=each.bytes,
            )  # fmt: skip
            Rendition.insert_many([{"media": media.id, **rendition} for rendition in each.renditions]).execute()
            if each.state == "waiting":
                work.submit(PROCESSING, each.public_id)
            elif each.kind.name in documents.PREVIEWED:
                work.submit(documents.PREVIEW, each.public_id)
            made.append(media)
    return made


def insert(actor, place, public_id: str, key: bytes, name: str, **values) -> Media:
    """The row of a new media, its key wrapped and its name sealed under the key of its class; journaled.

    `values`: family, kind, state, bytes…
    """
    class_key = keys.classroom_key(place.classroom_id)
    with database.transaction():
        media = Media.create(
            public_id=public_id,
            classroom=place.classroom_id,
            owner=actor.account_id or None,
            born_in=place.classroom_public_id,
            name=_seal_name(place, public_id, name),
            wrapped_key=envelope.wrap(
                class_key, kind=OBJECT, parent_id=place.classroom_public_id, child_id=public_id, key=key
            ),
            suite=files.suite(),
            **values,
        )
        audit.record(
            actor,
            "create",
            "media_created",
            kind="media",
            object_id=public_id,
            classroom=place.classroom_public_id,
            tenant=place.academy_public_id,
        )
    return media


def _seal_name(place, public_id: str, name: str) -> bytes:
    return fields.seal(keys.classroom_key(place.classroom_id), name_context(place, public_id), name.encode())


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
        for each in media:
            if Media.delete().where(Media.id == each.id).execute():
                audit.record(
                    None, "delete", "media_discarded",
                    kind="media", object_id=each.public_id, classroom=each.classroom.public_id,
                )  # fmt: skip
        database.after_commit(lambda: files.delete(blobs))


def delete(actor, media_public_id: str) -> None:
    """Destroy a media: the key with the commit, the files after it."""
    with database.transaction():
        media = Media.get_or_none((Media.public_id == media_public_id) & Media.deleted_at.is_null())
        if media is None:
            return
        # First: a piece that is arriving holds this row until it is counted, and is then in the list below.
        Upload.delete().where(Upload.media == media.id).execute()
        Media.update(wrapped_key=None, name=None, bytes=0, deleted_at=clock.now()).where(Media.id == media.id).execute()
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
        database.after_commit(lambda: files.delete(blobs))


def settle(row, writer: files.Writer, **values) -> bool:
    """A processed media becomes ready: its new files take the place of those that it had; False when it was deleted
    meanwhile (nothing is left then).

    `values`: family, kind, duration_ms, pages… The class learns of it through the journal. A document's name now ends
    as its content says.
    """
    kind = kinds.KINDS.get(values.get("kind", ""))
    if kind is not None and kind.family == "document" and row.name is not None:
        name = names.clean_file_name(open_name(row, row), kind)
        values["name"] = _seal_name(row, row.public_id, name)
    return _replace_files(row, writer.renditions, "media_ready", state="ready", bytes=writer.bytes, **values)


def refuse(row, reason: str, **values) -> bool:
    """A media that could not be accepted: its files go, its name stays so that its owner is told; `reason` is a
    code."""
    return _replace_files(row, [], "media_refused", state="refused", reason=reason, bytes=0, **values)


def _replace_files(row, renditions: list[dict], event: str, **values) -> bool:
    with database.transaction():
        changed = Media.update(**values).where(files.is_alive(row)).execute()
        if changed:
            old = [each.blob_id for each in files.LIST.all(media=row.media_id)]
            Rendition.delete().where(Rendition.media == row.media_id).execute()
            if renditions:
                Rendition.insert_many([{"media": row.media_id, **each} for each in renditions]).execute()
            audit.record(
                None, "update", event,
                kind="media", object_id=row.public_id,
                classroom=row.classroom_public_id, classroom_id=row.classroom_id, tenant=row.academy_public_id,
            )  # fmt: skip
        else:
            old = [each["blob_id"] for each in renditions]
        database.after_commit(lambda: files.delete(old))
    return bool(changed)
