"""Do rows and files agree? Rows without files are an alarm; files without rows are what an interrupted upload left."""

import hashlib
from datetime import UTC, datetime, timedelta

from appliance.core import clock
from appliance.services.media.models import Media, Rendition
from appliance.storage.blobs import BlobStore

_GRACE = timedelta(days=1)
_PIECE = 1 << 20


def check(blobs: BlobStore, *, repair: bool = False, digests: bool = False) -> list[str]:
    """What is wrong, in sentences; `repair` deletes files without rows that are older than a day, `digests` reads all.

    No key is needed: the SHA-256 of what lies on the disk is in the row.
    """
    problems, expected = [], {}
    rows = (
        Rendition.select(Rendition.blob_id, Rendition.stored_size, Rendition.stored_sha256)
        .join(Media)
        .where(Media.deleted_at.is_null())
    )
    for row in rows.tuples().iterator():
        expected[row[0]] = row[1:]
    for path in blobs.list_files():
        found = expected.pop(path.name, None)
        if found is None:
            problems += _orphan(blobs, path, repair)
        elif path.stat().st_size != found[0] or (digests and _sha256(path) != bytes(found[1])):
            problems.append(f"the file {path.name} is damaged: restore it from the last backup")
    problems += [f"the file {name} is missing: restore it from the last backup" for name in sorted(expected)]
    return problems


def _orphan(blobs: BlobStore, path, repair: bool) -> list[str]:
    written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if clock.now() - written_at < _GRACE:  # an upload may be going on
        return []
    if repair:
        blobs.remove(path)
        return []
    return [f"no row mentions the file {path.name}: delete it with preau check --repair"]


def _sha256(path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()
