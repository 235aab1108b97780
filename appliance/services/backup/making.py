"""A backup, made while the service runs: media that are not there yet, the rows of one instant, the media that these
rows name beside, last the manifest that makes it exist. A run that is cut leaves nothing that counts; the next one goes
on from what is there."""

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import peewee

from appliance import __version__
from appliance.core import clock
from appliance.crypto.keyring import Kek
from appliance.services import audit
from appliance.services.backup import keeping, ledger, sealed, withdrawals  # noqa: F401 - they register themselves
from appliance.services.backup.keeping import CONFIG, DUMP, MANIFEST, blob_file, snapshot_file
from appliance.services.backup.targets import Folder, TargetError
from appliance.services.media.models import Media, Rendition
from appliance.storage import dump, migrate
from appliance.storage.blobs import BlobStore
from appliance.storage.database import transaction

_PIECE = 1 << 20
_TRIES = 5
_log = logging.getLogger("preau.backup")
Say = Callable[[int, int], None]


class Result(NamedTuple):
    """What a backup did: its snapshot's name, media copied, media it has, rows, damaged files, snapshots removed, and
    why older ones could not be."""

    name: str
    copied: int
    blobs: int
    rows: int
    damaged: list[str]
    removed: int
    left: str = ""


class Blob(NamedTuple):
    """A media file that a row names."""

    blob_id: str
    size: int
    digest: bytes


def back_up(
    target, keks: Sequence[Kek], blobs: BlobStore | None, files: dict[str, Path], *,
    keep_days: int = 35, suspects: Collection[str] = (), say: Say = lambda done, total: None,
) -> Result:  # fmt: skip
    """Make one backup at a target and remove those that are too old; `files` are kept beside the rows (configuration).

    `keks` are the master keys, the one in force first: older backups may have been made under another. `blobs` None
    copies the rows only (before an upgrade). Every media file is compared with its row's SHA-256 while it is copied
    (`suspects` are copied again), and the rows are read back; TargetError and OSError leave the earlier backups as
    they were.
    """
    if blobs is not None and isinstance(target, Folder):
        target.require_apart(blobs.root)
    target.prepare()
    keeping.require_own(target, keks)
    target.sweep()
    keeping.drop_halves(target)
    name, key = keeping.new_name(target), sealed.backup_key(keks[0])
    copying = _Copying(target, blobs, suspects, say)
    copying.copy(_list_blobs() if blobs is not None else ())
    for _try in range(_TRIES):
        named = _put_rows(target, key, name, with_blobs=blobs is not None)
        # What was added meanwhile is copied now. When a row names a file that is gone since, a film that was just
        # prepared, the rows are taken again: none may lack its file.
        gone = copying.copy(named)
        if not gone:
            break
    else:
        copying.damaged.update(gone)
    rows = verify(target, key, name)
    held = [each for each in named if each.blob_id in copying.there]
    _put_values(target, key, name, keks, files, held, rows)
    if blobs is not None:
        _journal(name)
    removed, left = _prune(target, keks, keep_days, sweep_blobs=blobs is not None)
    if blobs is None:
        return Result(name, 0, 0, rows, [], removed, left)
    return Result(name, copying.copied, len(held), rows, sorted(copying.damaged), removed, left)


def _journal(name: str) -> None:
    """The backup counts all the same where the disk of the data is so full that its journal takes no entry: that is
    when it is needed."""
    try:
        with transaction():
            audit.record(None, "system", "backup_made", kind="backup", object_id=name)
    except peewee.PeeweeException as error:
        _log.error("a backup is not in the journal", extra={"backup": name, "error": type(error).__name__})


def _prune(target, keks: Sequence[Kek], keep_days: int, *, sweep_blobs: bool) -> tuple[int, str]:
    """A place that lets nothing be removed undoes no backup: it is there and whole."""
    try:
        return keeping.prune(target, keks, keep_days, sweep_blobs=sweep_blobs), ""
    except (TargetError, OSError) as error:
        return 0, f"older backups could not be removed: {error}"


class _Copying:
    """Media on their way: what is there, what was copied, what is damaged here."""

    def __init__(self, target, blobs: BlobStore | None, suspects: Collection[str], say: Say):
        self.target, self.blobs, self.say = target, blobs, say
        self.sizes = dict(target.list("blobs")) if blobs is not None else {}
        self.suspects, self.there, self.damaged, self.copied = set(suspects), set(), set(), 0

    def copy(self, wanted) -> list[str]:
        """Copy those that are not there; the ids of files that are gone though a row that lives named them."""
        wanted, gone = list(wanted), []
        missing = [each for each in wanted if not self._is_there(each)]
        for number, blob in enumerate(missing):
            if self._copy(blob):
                self.there.add(blob.blob_id)
                self.copied += 1
            elif _is_named(blob.blob_id):
                self.damaged.add(blob.blob_id)
            elif not _is_deleted(blob.blob_id):
                gone.append(blob.blob_id)
            self.say(number + 1, len(missing))
        return gone

    def _is_there(self, blob: Blob) -> bool:
        if blob.blob_id in self.there or blob.blob_id in self.damaged:
            return True
        if blob.blob_id in self.suspects or self.sizes.get(blob_file(blob.blob_id)) != blob.size:
            return False
        self.there.add(blob.blob_id)
        return True

    def _copy(self, blob: Blob) -> bool:
        """Copy one media file, compared with its row while it goes; False when it is missing or damaged."""
        found = hashlib.sha256()

        def pieces(file) -> Iterator[bytes]:
            while piece := _read(file):
                found.update(piece)
                yield piece
            if found.digest() != blob.digest:
                raise _Changed

        try:
            file = self.blobs.open(blob.blob_id)
        except OSError:
            return False
        with file:
            try:
                self.target.put(blob_file(blob.blob_id), pieces(file), blob.size)
            except _Changed:
                return False
        return True


class _Changed(Exception):
    """The file is not what its row says."""


def _read(file) -> bytes:
    """The next bytes; a file that the disk does not give back is a damaged one, and the others are copied."""
    try:
        return file.read(_PIECE)
    except OSError as error:
        raise _Changed from error


def _list_blobs() -> Iterator[Blob]:
    query = (
        Rendition.select(Rendition.blob_id, Rendition.stored_size, Rendition.stored_sha256)
        .join(Media)
        .where(Media.deleted_at.is_null())
    )
    for blob_id, size, digest in query.tuples().iterator():
        yield Blob(blob_id, size, bytes(digest))


def _is_named(blob_id: str) -> bool:
    return Rendition.select().join(Media).where((Rendition.blob_id == blob_id) & Media.deleted_at.is_null()).exists()


def _is_deleted(blob_id: str) -> bool:
    """Whether its media is gone: the ledger, collected after the rows, erases it after a restore."""
    return (
        Rendition.select().join(Media).where((Rendition.blob_id == blob_id) & Media.deleted_at.is_null(False)).exists()
    )


def _put_rows(target, key: bytes, name: str, *, with_blobs: bool) -> list[Blob]:
    """Write the rows of one instant, and give the media that they name at this very instant."""
    named: list[Blob] = []

    def pieces(lines) -> Iterator[bytes]:
        yield next(lines)  # from its first line on, a dump reads in one transaction, and so do we
        if with_blobs:
            named.extend(_list_blobs())
        yield from lines

    file = snapshot_file(name, DUMP)
    with contextlib.closing(dump.write(clock.now().isoformat(), blank=ledger.SEPARATE)) as lines:
        target.put(file, sealed.seal(key, file, pieces(lines)))
    return named


def _put_values(
    target, key: bytes, name: str, keks: Sequence[Kek], files: dict[str, Path], held: list[Blob], rows: int
) -> None:
    config = {label: path.read_text(encoding="utf-8") for label, path in files.items() if os.access(path, os.R_OK)}
    target.put(snapshot_file(name, CONFIG), sealed.seal_value(key, snapshot_file(name, CONFIG), config))
    # Before the manifest: a snapshot with a class whose key is nowhere must not exist. Cut in between, the earlier
    # ones have the keys that exist now, which is what they are to have.
    keeping.write_keys(target, keks, name)
    manifest = {
        "at": clock.now().isoformat(timespec="seconds"),
        "program": __version__,
        "schema": migrate.schema_version(),
        "rows": rows,
        "blobs": [[blob_id, size, digest.hex()] for blob_id, size, digest in held],
    }
    target.put(snapshot_file(name, MANIFEST), sealed.seal_value(key, snapshot_file(name, MANIFEST), manifest))


def verify(target, key: bytes, name: str) -> int:
    """Read the rows of a snapshot back from the target; how many. TargetError or DumpError when it is not whole."""
    rows, last = 0, b""
    for line in sealed.open_lines(key, target, snapshot_file(name, DUMP)):
        if line:
            rows += line.startswith(b"[")
            last = line
    counted = json.loads(last).get("rows") if last else None
    if counted is None or sum(counted.values()) != rows:
        raise dump.DumpError("the rows that were just written are not whole")
    return rows
