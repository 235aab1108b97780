"""Do rows and files agree? Rows without files are an alarm; files without rows are what an interrupted upload or
deletion left: noise, since their key is gone or was never kept.

No key is needed. Rows are read a page at a time and files a folder at a time, so that memory does not grow with them.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from peewee import fn

from appliance.core import clock
from appliance.services.media.models import FileCheck, Media, Rendition
from appliance.storage import database
from appliance.storage.blobs import BlobStore
from appliance.storage.fields import from_micros

MISSING, DAMAGED, LEFTOVER = "missing", "damaged", "leftover"
_GRACE = timedelta(days=1)
_KEPT = timedelta(days=30)
_PIECE = 1 << 20
_PAGE = 500


class Finding(NamedTuple):
    """One disagreement. `is_young`: it may still be settled by whoever is at work."""

    kind: str
    name: str
    bytes: int
    is_young: bool = False

    @property
    def text(self) -> str:
        """What is wrong and what to do."""
        if self.kind == LEFTOVER:
            return f"no row mentions the file {self.name}: delete it with preau doctor --repair"
        is_what = "missing" if self.kind == MISSING else "damaged"
        return f"the file {self.name} is {is_what}: restore it from the last backup"


def check(blobs: BlobStore, *, repair: bool = False, digests: bool = False) -> list[str]:
    """What is wrong, in sentences; `repair` deletes files without rows that are older than a day, `digests` reads
    all."""
    return [each.text for each in walk(blobs, repair=repair, digests=digests) if not each.is_young]


def walk(blobs: BlobStore, *, repair: bool = False, digests: bool = False) -> Iterator[Finding]:
    """Every disagreement, as it is found; those that `repair` settled are not told."""
    yield from _without_files(blobs, digests)
    for folder in blobs.list_folders():
        files = blobs.list_in(folder)
        for start in range(0, len(files), _PAGE):
            yield from _without_rows(blobs, files[start : start + _PAGE], repair)


def _without_files(blobs: BlobStore, digests: bool) -> Iterator[Finding]:
    last = 0
    while True:
        rows = list(
            Rendition.select(Rendition.id, Rendition.blob_id, Rendition.stored_size, Rendition.stored_sha256)
            .join(Media)
            .where(Media.deleted_at.is_null() & (Rendition.id > last))
            .order_by(Rendition.id)
            .limit(_PAGE)
            .tuples()
        )
        for _id, blob_id, size, sha256 in rows:
            kind = find_damage(blobs.path_of(blob_id), size, bytes(sha256) if digests else None)
            if kind and is_alive(blob_id):  # it may have been deleted since the page was read
                yield Finding(kind, blob_id, size)
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def find_damage(path: Path, size: int, sha256: bytes | None) -> str:
    """What is wrong with a file, empty when nothing is; without a digest only its size is compared. One that the disk
    gives no more is damaged, and keeps nobody from looking at the others."""
    try:
        if path.stat().st_size != size or (sha256 is not None and _sha256(path) != sha256):
            return DAMAGED
    except FileNotFoundError:
        return MISSING
    except OSError:
        return DAMAGED
    return ""


def is_alive(blob_id: str) -> bool:
    """Whether a file still has its row, and its media its key. By the file's name: its row id may be another's by
    now."""
    alive = (Rendition.blob_id == blob_id) & Media.deleted_at.is_null()
    return Rendition.select(Rendition.id).join(Media).where(alive).exists()


def _without_rows(blobs: BlobStore, paths: list[Path], repair: bool) -> Iterator[Finding]:
    deleted = dict(
        Rendition.select(Rendition.blob_id, Media.deleted_at)
        .join(Media)
        .where(Rendition.blob_id.in_([path.name for path in paths]))
        .tuples()
    )
    for path in paths:
        if path.name in deleted and deleted[path.name] is None:
            continue
        try:
            status = path.stat()
        except OSError:  # whoever deletes it was faster; or the disk gives no more of it, and nobody misses it
            continue
        since = max(datetime.fromtimestamp(status.st_mtime, UTC), instant_of(deleted.get(path.name)))
        is_young = clock.now() - since < _GRACE  # an upload or a deletion may be going on
        if repair and not is_young:
            blobs.remove(path)
        else:
            yield Finding(LEFTOVER, path.name, status.st_size, is_young)


def instant_of(value) -> datetime:
    """An instant as a row gave it, whatever the expression that it came through."""
    if value is None:
        return datetime.min.replace(tzinfo=UTC)
    return from_micros(value) if isinstance(value, int) else value


def _sha256(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()


def look(blobs: BlobStore) -> tuple[FileCheck, list[Finding]]:
    """Compare rows and files and keep the figures; gives them, and the files that are missing or cut (fifty at
    most)."""
    counted = {MISSING: 0, DAMAGED: 0, LEFTOVER: 0}
    leftover_bytes, alarming = 0, []
    for each in walk(blobs):
        if each.kind == LEFTOVER and each.is_young:
            continue
        counted[each.kind] += 1
        if each.kind == LEFTOVER:
            leftover_bytes += each.bytes
        elif len(alarming) < 50:
            alarming.append(each)
    files, size, _damaged = count_files()
    with database.transaction():
        FileCheck.delete().where(FileCheck.at < clock.now() - _KEPT).execute()
        made = FileCheck.create(
            files=files,
            bytes=size,
            missing=counted[MISSING] + counted[DAMAGED],
            leftovers=counted[LEFTOVER],
            leftover_bytes=leftover_bytes,
        )
    return made, alarming


def count_files() -> tuple[int, int, int]:
    """How many files there should be, their bytes, and how many of them are damaged or missing."""
    size = fn.COALESCE(fn.SUM(Rendition.stored_size), 0)
    alive = Rendition.select(fn.COUNT(Rendition.id), size, fn.COUNT(Rendition.damaged_at)).join(Media)
    files, size, damaged = alive.where(Media.deleted_at.is_null()).tuples().get()
    return files, int(size), damaged


def find_last_look() -> FileCheck | None:
    """The last comparison, if there was one."""
    return FileCheck.select().order_by(FileCheck.at.desc(), FileCheck.id.desc()).first()
