"""A restore: media first, then the rows, in which what was erased is erased again, take the place of what is there in
one step. Until then nothing is changed; a restore that is cut is run again and goes on from the media that are there.
"""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import Kek
from appliance.services import audit
from appliance.services.backup import keeping, ledger, sealed, withdrawals  # noqa: F401 - they register themselves
from appliance.services.backup.keeping import CONFIG, DUMP, MANIFEST, blob_file, snapshot_file
from appliance.services.backup.targets import TargetError, read_pieces
from appliance.services.media import files
from appliance.services.media.models import Media, Rendition
from appliance.storage import dump, migrate, replacing
from appliance.storage.blobs import BlobStore, BlobWriter
from appliance.storage.database import transaction

_SAMPLE = 20
Say = Callable[[int, int], None]


def quiet(done: int, total: int) -> None:
    """Tell nobody how far it is."""


def choose(target, kek: Kek, wanted: str = "", *, readable: bool = False, expected: str = "") -> str:
    """The snapshot to restore: the newest whole one, or the one named; TargetError with what there is.

    `readable`: the newest that this program can read. An upgrade that was cut copied rows of a later schema too.
    `expected`: the last one that was made there, where that is known; a place that does not show it is refused.
    """
    names = keeping.list_snapshots(target)
    if not names:
        raise TargetError(f"{target}: no whole backup is there")
    if wanted and wanted not in names:
        raise TargetError(f"{target}: no backup is called {wanted}. There are: {', '.join(names)}")
    if expected > names[-1]:
        raise TargetError(
            f"{target}: the backup {expected} was made and is not there any more, the newest is {names[-1]}"
        )
    keys = keeping.opening(target, kek)
    for name in [wanted] if wanted else reversed(names):
        try:
            manifest = sealed.open_value(keys, target, snapshot_file(name, MANIFEST))  # is it this master key's?
        except sealed.Unopened as error:
            others = ", ".join(each for each in names if each != name) or "none"
            raise TargetError(f"{error}. Other backups there, to be named with --snapshot: {others}") from error
        if wanted or not readable or manifest.get("schema", 0) <= migrate.latest_version():
            return name
    return names[-1]


def read_files(target, kek: Kek, name: str) -> dict[str, str]:
    """The files that were kept beside the rows: the configuration."""
    return sealed.open_value(keeping.opening(target, kek), target, snapshot_file(name, CONFIG))


def restore_rows(target, kek: Kek, name: str) -> tuple[int, int]:
    """Fill the empty database in use, erase again what was erased; (rows, things erased again)."""
    keys, kept = keeping.opening(target, kek), keeping.read_keys(target, kek)
    lines = (line for line in sealed.open_lines(keys, target, snapshot_file(name, DUMP)) if line)
    rows = sum(dump.read(lines).values())
    erased = ledger.replay(kept, kek.id)
    with transaction():
        audit.record(None, "system", "backup_restored", kind="backup", object_id=name)
    return rows, erased


def replace_rows(target, kek: Kek, name: str, folder: Path, *, pool: int = 4) -> tuple[int, int, str]:
    """Put the rows of a snapshot in the place of the database in use, in one step; (rows, erased again, where the
    former rows are kept). InUse when the service still runs."""
    counts, aside = replacing.replace(lambda: restore_rows(target, kek, name), folder, pool=pool)
    return (*counts, aside)


def restore_blobs(target, kek: Kek, name: str, blobs: BlobStore, say: Say = quiet) -> tuple[int, list[str]]:
    """Put the media files of a snapshot back, those that are not there yet; (how many are in place, those missing).

    Each is compared with the manifest's SHA-256; what is not the same is not put back.
    """
    manifest = sealed.open_value(keeping.opening(target, kek), target, snapshot_file(name, MANIFEST))
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
    try:
        # Not `blobs.writer`: what is damaged here keeps its place until the good file takes it.
        with BlobWriter(blobs, blob_id) as writer:
            for piece in read_pieces(target, blob_file(blob_id)):
                writer.write(piece)
            if writer.digest.hexdigest() != digest:
                return False
            writer.finish()
    except FileNotFoundError:
        return False
    return True


def mend_blobs(target, blobs: BlobStore, say: Say = quiet) -> tuple[int, list[str]]:
    """Fetch the files that rows name and that are missing or damaged here; (how many came back, those that did not)."""
    rows = list(
        Rendition.select(Rendition.blob_id, Rendition.stored_sha256)
        .join(Media)
        .where(Media.deleted_at.is_null())
        .order_by(Rendition.id)
        .tuples()
    )
    mended, missing = 0, []
    for number, (blob_id, digest) in enumerate(rows):
        if _digest(blobs.path_of(blob_id)) != bytes(digest):
            if _fetch(target, blobs, blob_id, bytes(digest).hex()):
                mended += 1
            else:
                missing.append(blob_id)
        say(number + 1, len(rows))
    return mended, missing


def _digest(path: Path) -> bytes:
    try:
        return _hash(path)
    except OSError:  # missing, or on a bad sector
        return b""


def _hash(path: Path) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def drop_erased_blobs(blobs: BlobStore) -> int:
    """Remove the files of media that the restored rows say are deleted; their keys are gone already."""
    query = Rendition.select(Rendition.blob_id).join(Media).where(Media.deleted_at.is_null(False)).tuples()
    return sum(blobs.delete(blob_id) for (blob_id,) in list(query) if blobs.path_of(blob_id).exists())


def check_media(target, kek: Kek, name: str, say: Say = quiet) -> list[str]:
    """Compare every media file at the target with the manifest; the ids of those that are missing or changed."""
    manifest = sealed.open_value(keeping.opening(target, kek), target, snapshot_file(name, MANIFEST))
    wrong = []
    for number, (blob_id, _size, digest) in enumerate(manifest["blobs"]):
        found = hashlib.sha256()
        try:
            for piece in read_pieces(target, blob_file(blob_id)):
                found.update(piece)
        except FileNotFoundError:
            found = None
        if found is None or found.hexdigest() != digest:
            wrong.append(blob_id)
        say(number + 1, len(manifest["blobs"]))
    return wrong


def open_sample(target, blobs: BlobStore, count: int = _SAMPLE) -> tuple[int, list[str]]:
    """Open some media of the restored rows with their keys, to the last byte: (how many, those that do not open).

    One file after the other is fetched and goes again: a rehearsal lies in memory, where films have no room.
    """
    ready = (Media.state == "ready") & Media.deleted_at.is_null()
    query = Rendition.select(Rendition.blob_id, Rendition.name, Rendition.stored_sha256, Media.public_id).join(Media)
    rows = list(query.where(ready).order_by(Rendition.id).tuples())
    rows = random.sample(rows, min(count, len(rows)))
    wrong = []
    for blob_id, rendition, digest, public_id in rows:
        is_here = blobs.path_of(blob_id).exists()
        if not is_here and not _fetch(target, blobs, blob_id, bytes(digest).hex()):
            wrong.append(public_id)
            continue
        try:
            with files.open_rendition(files.get_rendition(public_id, rendition)) as reader:
                while reader.read(1 << 20):
                    pass
        except (Tampered, OSError):
            wrong.append(public_id)
        if not is_here:
            blobs.delete(blob_id)
    return len(rows), wrong
