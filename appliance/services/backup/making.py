"""A backup, made while the service runs: first the media that are not there yet, then the rows of one instant, last the
manifest that makes it exist. A run that is cut leaves nothing that counts; the next one goes on from what is there."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from appliance import __version__
from appliance.core import clock
from appliance.crypto.keyring import Kek
from appliance.services import audit
from appliance.services.backup import ledger, sealed
from appliance.services.backup.targets import TargetError
from appliance.services.media.models import Media, Rendition
from appliance.storage import dump
from appliance.storage.blobs import BlobStore
from appliance.storage.database import transaction

INFO, KEYS = "preau-backup.json", "keys.enc"
DUMP, CONFIG, MANIFEST = "dump.enc", "config.enc", "manifest.enc"
_STAMP = "%Y%m%dT%H%M%SZ"
_PIECE = 1 << 20


class Result(NamedTuple):
    """What a backup did: its snapshot's name, media copied, media it has, rows, damaged files, snapshots removed."""

    name: str
    copied: int
    blobs: int
    rows: int
    damaged: list[str]
    removed: int


def snapshot_file(name: str, file: str) -> str:
    """The path of a file of a snapshot at the target."""
    return f"snapshots/{name}/{file}"


def blob_file(blob_id: str) -> str:
    """The path of a media file at the target: the same as here, so that a folder of backups can be read in place."""
    return f"blobs/{hashlib.sha256(blob_id.encode()).hexdigest()[:2]}/{blob_id}"


def back_up(
    target, keks: Sequence[Kek], blobs: BlobStore | None, files: dict[str, Path], *,
    keep_days: int = 35, say: Callable[[int, int], None] = lambda done, total: None,
) -> Result:  # fmt: skip
    """Make one backup at a target and remove those that are too old; `files` are kept beside the rows (configuration).

    `keks` are the master keys, the one in force first: older backups may have been made under another.
    `blobs` None copies the rows only (before an upgrade). Every media file is compared with its row's SHA-256 while it
    is copied, and the rows are read back; TargetError and OSError leave the earlier backups as they were.
    """
    target.prepare()
    target.sweep()
    kek = keks[0]
    key = sealed.backup_key(kek)
    name = clock.now().strftime(_STAMP)
    present = dict(target.list("blobs")) if blobs is not None else {}
    copied, damaged = 0, []
    wanted = list(_list_blobs()) if blobs is not None else []
    missing = [each for each in wanted if present.get(blob_file(each[0])) != each[1]]
    for number, (blob_id, _size, digest) in enumerate(missing):
        if _copy(target, blobs, blob_id, digest):
            copied += 1
        elif blobs.path_of(blob_id).exists() or _is_alive(blob_id):
            damaged.append(blob_id)
        say(number + 1, len(missing))
    target.put(
        snapshot_file(name, DUMP),
        sealed.seal(key, snapshot_file(name, DUMP), dump.write(clock.now().isoformat(), blank=ledger.SEPARATE)),
    )
    # Rows are later than media: what was added meanwhile is copied now, so that no row of the dump lacks its file.
    held = {each[0]: each for each in wanted}
    for blob_id, size, digest in _list_blobs() if blobs is not None else ():
        if blob_id not in held:
            held[blob_id] = (blob_id, size, digest)
            copied += _copy(target, blobs, blob_id, digest)
    _put_values(target, key, name, kek, files, [each for each in held.values() if each[0] not in damaged])
    rows = verify(target, key, name)
    removed = prune(target, keks, name, keep_days, sweep_blobs=blobs is not None)
    if blobs is None:
        return Result(name, 0, 0, rows, [], removed)
    with transaction():
        audit.record(None, "system", "backup_made", kind="backup", object_id=name)
    return Result(name, copied, len(held), rows, damaged, removed)


def _list_blobs() -> Iterator[tuple[str, int, bytes]]:
    query = (
        Rendition.select(Rendition.blob_id, Rendition.stored_size, Rendition.stored_sha256)
        .join(Media)
        .where(Media.deleted_at.is_null())
    )
    for blob_id, size, digest in query.tuples().iterator():
        yield blob_id, size, bytes(digest)


def _is_alive(blob_id: str) -> bool:
    return Rendition.select().join(Media).where((Rendition.blob_id == blob_id) & Media.deleted_at.is_null()).exists()


class _Changed(Exception):
    """The file is not what its row says."""


def _copy(target, blobs: BlobStore, blob_id: str, digest: bytes) -> bool:
    """Copy one media file, compared with its row while it goes; False when it is missing or damaged."""

    def pieces() -> Iterator[bytes]:
        found = hashlib.sha256()
        with blobs.open(blob_id) as file:
            while piece := file.read(_PIECE):
                found.update(piece)
                yield piece
        if found.digest() != digest:
            raise _Changed

    try:
        target.put(blob_file(blob_id), pieces())
    except (FileNotFoundError, _Changed):
        return False
    return True


def _put_values(target, key: bytes, name: str, kek: Kek, files: dict[str, Path], held: list) -> None:
    config = {label: path.read_text(encoding="utf-8") for label, path in files.items() if os.access(path, os.R_OK)}
    target.put(snapshot_file(name, CONFIG), sealed.seal_value(key, snapshot_file(name, CONFIG), config))
    target.put(KEYS, sealed.seal_value(key, KEYS, ledger.collect()))
    target.put(INFO, [f'{{"format": 1, "kek_id": "{kek.id}"}}\n'.encode()])
    manifest = {
        "at": clock.now().isoformat(timespec="seconds"),
        "program": __version__,
        "blobs": [[blob_id, size, digest.hex()] for blob_id, size, digest in held],
    }
    target.put(snapshot_file(name, MANIFEST), sealed.seal_value(key, snapshot_file(name, MANIFEST), manifest))


def verify(target, key: bytes, name: str) -> int:
    """Read the rows of a snapshot back from the target; how many. TargetError or DumpError when it is not whole."""
    import json

    rows, last = 0, b""
    for line in sealed.open_lines(key, target, snapshot_file(name, DUMP)):
        if line:
            rows += line.startswith(b"[")
            last = line
    counted = json.loads(last).get("rows") if last else None
    if counted is None or sum(counted.values()) != rows:
        raise dump.DumpError("the backup that was just written is not whole")
    return rows


def list_snapshots(target) -> list[str]:
    """The names of the whole snapshots, oldest first."""
    found = [name.split("/")[1] for name, _size in target.list("snapshots") if name.endswith(f"/{MANIFEST}")]
    return sorted(found)


def prune(target, keks: Sequence[Kek], newest: str, keep_days: int, *, sweep_blobs: bool) -> int:
    """Remove snapshots older than `keep_days`, half-made ones, and the media that no snapshot holds; how many.

    Where one manifest opens under no known key, no media is removed: it may be the one that needs it.
    """
    limit = clock.now() - timedelta(days=keep_days)
    whole = list_snapshots(target)
    kept = {name for name in whole if name == newest or _instant(name) >= limit}
    removed = set()
    for name, _size in list(target.list("snapshots")):
        snapshot = name.split("/")[1]
        if snapshot not in kept:
            removed.add(snapshot)
            target.delete(name)
    if sweep_blobs:
        manifests = [_open_manifest(target, keks, name) for name in sorted(kept)]
        if None not in manifests:
            needed = {blob_file(each[0]) for manifest in manifests for each in manifest["blobs"]}
            for name, _size in list(target.list("blobs")):
                if name not in needed:
                    target.delete(name)
    return len(removed & set(whole))


def _open_manifest(target, keks: Sequence[Kek], name: str) -> dict | None:
    for kek in keks:
        try:
            return sealed.open_value(sealed.backup_key(kek), target, snapshot_file(name, MANIFEST))
        except TargetError:
            continue
    return None


def _instant(name: str) -> datetime:
    return datetime.strptime(name, _STAMP).replace(tzinfo=clock.now().tzinfo)
