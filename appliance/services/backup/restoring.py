"""A restore: rows, then media, then what was erased is erased again, and only then may the service open.

A restore that is cut is run again: what was copied stays, the rows come all or not at all.
"""

import hashlib
import random
from collections.abc import Callable
from typing import NamedTuple

from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import Kek
from appliance.services import audit
from appliance.services.backup import ledger, making, sealed
from appliance.services.backup.making import MANIFEST, snapshot_file
from appliance.services.backup.targets import TargetError, copy_pieces
from appliance.services.media import files
from appliance.services.media.models import Media, Rendition
from appliance.storage import dump
from appliance.storage.blobs import BlobStore
from appliance.storage.database import transaction

_SAMPLE = 20


class Restored(NamedTuple):
    """What a restore did: the snapshot, its rows, media files in place, media that the backup lacks, erased again."""

    name: str
    rows: int
    blobs: int
    missing: list[str]
    erased: int


def choose(target, kek: Kek, wanted: str = "") -> str:
    """The snapshot to restore: the newest whole one, or the one named; TargetError with what there is."""
    names = making.list_snapshots(target)
    if not names:
        raise TargetError(f"{target}: no whole backup is there")
    if wanted and wanted not in names:
        raise TargetError(f"{target}: no backup is called {wanted}. There are: {', '.join(names)}")
    name = wanted or names[-1]
    sealed.open_value(sealed.backup_key(kek), target, snapshot_file(name, MANIFEST))  # is it this master key's?
    return name


def read_files(target, kek: Kek, name: str) -> dict[str, str]:
    """The files that were kept beside the rows: the configuration."""
    return sealed.open_value(sealed.backup_key(kek), target, snapshot_file(name, making.CONFIG))


def restore_rows(target, kek: Kek, name: str) -> tuple[int, int]:
    """Fill the empty database in use, erase again what was erased; (rows, things erased again)."""
    key = sealed.backup_key(kek)
    lines = (line for line in sealed.open_lines(key, target, snapshot_file(name, making.DUMP)) if line)
    rows = sum(dump.read(lines).values())
    erased = ledger.replay(sealed.open_value(key, target, making.KEYS))
    with transaction():
        audit.record(None, "system", "backup_restored", kind="backup", object_id=name)
    return rows, erased


def restore_blobs(
    target, kek: Kek, name: str, blobs: BlobStore, say: Callable[[int, int], None] = lambda done, total: None
) -> tuple[int, list[str]]:
    """Put the media files of a snapshot back, those that are not there yet; (how many are in place, those missing).

    Each is compared with the manifest's SHA-256; what is not the same is not put back.
    """
    manifest = sealed.open_value(sealed.backup_key(kek), target, snapshot_file(name, MANIFEST))
    placed, missing = 0, []
    for number, (blob_id, size, digest) in enumerate(manifest["blobs"]):
        path = blobs.path_of(blob_id)
        if path.exists() and path.stat().st_size == size:
            placed += 1
        elif _fetch(target, blobs, blob_id, digest):
            placed += 1
        else:
            missing.append(blob_id)
        say(number + 1, len(manifest["blobs"]))
    return placed, missing


def _fetch(target, blobs: BlobStore, blob_id: str, digest: str) -> bool:
    blobs.path_of(blob_id).unlink(missing_ok=True)
    try:
        with target.open(making.blob_file(blob_id)) as source, blobs.writer(blob_id) as writer:
            for piece in copy_pieces(source):
                writer.write(piece)
            if writer.digest.hexdigest() != digest:
                return False
            writer.finish()
    except FileNotFoundError:
        return False
    return True


def check_media(target, kek: Kek, name: str, say: Callable[[int, int], None] = lambda done, total: None) -> list[str]:
    """Compare every media file at the target with the manifest; the ids of those that are missing or changed."""
    manifest = sealed.open_value(sealed.backup_key(kek), target, snapshot_file(name, MANIFEST))
    wrong = []
    for number, (blob_id, _size, digest) in enumerate(manifest["blobs"]):
        found = hashlib.sha256()
        try:
            with target.open(making.blob_file(blob_id)) as source:
                for piece in copy_pieces(source):
                    found.update(piece)
        except FileNotFoundError:
            wrong.append(blob_id)
            continue
        if found.hexdigest() != digest:
            wrong.append(blob_id)
        say(number + 1, len(manifest["blobs"]))
    return wrong


def open_sample(target, blobs: BlobStore, count: int = _SAMPLE) -> tuple[int, list[str]]:
    """Open some media of the restored rows with their keys, to the last byte: (how many, those that do not open)."""
    ready = (Media.state == "ready") & Media.deleted_at.is_null()
    query = Rendition.select(Rendition.blob_id, Rendition.name, Media.public_id).join(Media).where(ready)
    rows = list(query.order_by(Rendition.id).tuples())
    rows = random.sample(rows, min(count, len(rows)))
    wrong = []
    for blob_id, rendition, public_id in rows:
        digest = Rendition.get(Rendition.blob_id == blob_id).stored_sha256.hex()
        if not blobs.path_of(blob_id).exists() and not _fetch(target, blobs, blob_id, digest):
            wrong.append(public_id)
            continue
        try:
            with files.open_rendition(files.get_rendition(public_id, rendition)) as reader:
                while reader.read(1 << 20):
                    pass
        except (Tampered, OSError):
            wrong.append(public_id)
    return len(rows), wrong
