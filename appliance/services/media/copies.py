"""What goes into an archive of photos and films: the best file of each, its checksum and a name that no other has.

A file that is gone or damaged is left out before the first byte leaves, and a note in the archive names it.
"""

import functools
import io
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime

from peewee import Case

from appliance.core.i18n import _
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
                Rendition.damaged_at,
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

    The caller has decided that the reader may have them. What can't be read is told to `on_damaged` with the media's
    public id, and named in a note at the end.
    """
    rows = {row.media_id: row for row in _FILES.all(media=[media for media, _modified in shown])}
    key, entries, lacking = keys.classroom_key(place.classroom_id), [], []
    for media, modified in shown:
        row = rows.get(media)
        if row is None:
            continue
        name = fields.open_sealed(key, store.name_context(place, row.public_id), row.name).decode() if row.name else ""
        name = _name(modified, len(entries) + len(lacking) + 1, len(shown), name, row.mime)
        try:
            crc32 = _find_checksum(row)
        except (Tampered, OSError) as error:
            on_damaged(row.public_id, error)
            lacking.append(name)
            continue
        opener = functools.partial(files.open_rendition, row)
        entries.append(Entry(name, row.size, crc32, modified, row.blob_id, opener, row.public_id))
    return [*entries, _note(lacking, shown[0][1])] if lacking else entries


def _note(lacking: list[str], modified: datetime) -> Entry:
    text = _(
        "Ces fichiers sont abîmés ou manquent sur le serveur\u202f: ils ne sont pas dans cette archive.\n"
        "L’administrateur en est averti\u202f; il peut les restaurer."
    )
    data = "\n".join([text, "", *lacking, ""]).encode()
    crc32 = zlib.crc32(data)
    return Entry(_("À lire.txt"), len(data), crc32, modified, f"note-{crc32}", functools.partial(io.BytesIO, data))


def _name(modified: datetime, number: int, total: int, name: str, mime: str) -> str:
    """“2026-11-12 003 la ferme.jpg”: in order in any folder, no two alike, and the extension says what it is now."""
    kind = next((each for each in kinds.KINDS.values() if each.mime == mime), None)
    prefix = f"{modified:%Y-%m-%d} {number:0{max(3, len(str(total)))}d}"
    return names.clean_file_name(f"{prefix} {names.clean_file_name(name, kind)}", kind)


def _find_checksum(row) -> int:
    """The CRC-32 of a file that is there. It is read whole where that is not known yet (it was stored before they were
    kept, and its row has it from then on) or where it was once found damaged."""
    if row.crc32 is not None and row.damaged_at is None:
        files.require_there(row)
        return row.crc32
    crc32 = 0
    with files.open_rendition(row) as reader:
        while piece := reader.read(_PIECE):
            crc32 = zlib.crc32(piece, crc32)
    with database.transaction():
        Rendition.update(crc32=crc32).where(
            (Rendition.id == row.rendition_id) & (Rendition.blob_id == row.blob_id)
        ).execute()
    return crc32
