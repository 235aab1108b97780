"""What goes into an archive of photos and films: the best file of each, its checksum and a name that no other has."""

import functools
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime

from peewee import Case

from appliance.crypto import fields
from appliance.crypto.errors import Tampered
from appliance.school import keys
from appliance.services.media import files, kinds, names, store
from appliance.services.media.archive import Entry
from appliance.services.media.models import Media, Rendition
from appliance.storage import database
from appliance.storage.prepared import Prepared, many

_PIECE = 256 * 1024

_FILES = Prepared(
    lambda: (
        files.of_class(
            Rendition.select(
                Rendition.id.alias("rendition_id"),
                Rendition.blob_id,
                Rendition.name.alias("rendition"),
                Rendition.mime,
                Rendition.size,
                Rendition.crc32,
                *files.MEDIA,
            ).join(Media, on=Rendition.media == Media.id)
        )
        .where(
            Media.id.in_(many("media"))
            & (Rendition.name == Case(Media.family, [("video", "video")], "large"))
            & (Media.state == "ready")
            & Media.wrapped_key.is_null(False)
            & Media.deleted_at.is_null()
        )
        .order_by(Rendition.id)
    )
)


def list_entries(place, shown: Sequence[tuple[int, datetime]], on_damaged: Callable[[str, Exception], object]):
    """The best file of each of these photos and films (row id, day and hour), in their order, named; two queries.

    The caller has decided that the reader may have them. Tampered or FileNotFoundError, told to `on_damaged` with the
    media's public id, when a checksum that is not known yet can't be made.
    """
    rows = {row.media_id: row for row in _FILES.all(media=[media for media, _modified in shown])}
    key, entries = keys.classroom_key(place.classroom_id), []
    for media, modified in shown:
        row = rows.get(media)
        if row is None:
            continue
        name = fields.open_sealed(key, store.name_context(place, row.public_id), row.name).decode() if row.name else ""
        entries.append(
            Entry(
                _name(modified, len(entries) + 1, len(shown), name, row.mime),
                row.size,
                row.crc32 if row.crc32 is not None else _make_checksum(row, on_damaged),
                modified,
                row.blob_id,
                functools.partial(files.open_rendition, row),
                row.public_id,
            )
        )
    return entries


def _name(modified: datetime, number: int, total: int, name: str, mime: str) -> str:
    """“2026-11-12 003 la ferme.jpg”: in order in any folder, no two alike, and the extension says what it is now."""
    kind = next((each for each in kinds.KINDS.values() if each.mime == mime), None)
    prefix = f"{modified:%Y-%m-%d} {number:0{max(3, len(str(total)))}d}"
    return names.clean_file_name(f"{prefix} {names.clean_file_name(name, kind)}", kind)


def _make_checksum(row, on_damaged: Callable[[str, Exception], object]) -> int:
    """The CRC-32 of a file that was stored before they were kept: read once, its row has it from then on."""
    crc32 = 0
    try:
        with files.open_rendition(row) as reader:
            while piece := reader.read(_PIECE):
                crc32 = zlib.crc32(piece, crc32)
    except (Tampered, FileNotFoundError) as error:
        on_damaged(row.public_id, error)
        raise
    with database.transaction():
        Rendition.update(crc32=crc32).where(
            (Rendition.id == row.rendition_id) & (Rendition.blob_id == row.blob_id)
        ).execute()
    return crc32
