"""Encrypted files on disk: written whole and durable before any row mentions them, addressed by a random name.

Order of a write (03 §3.4): temporary file O_EXCL 0600 in the same folder → write → fsync → rename → fsync of the
folder, then the caller commits the row. What arrives here is already encrypted; its SHA-256 is kept so that a scrub
needs no key.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.core.errors import StorageFull

_OURS = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True)
class Written:
    """A stored blob: its size in bytes and the SHA-256 of what is on disk."""

    blob_id: str
    size: int
    sha256: bytes


class BlobWriter:
    """One blob being written; `finish()` makes it durable, leaving the block without it removes every trace."""

    def __init__(self, store: "BlobStore", blob_id: str):
        self.store, self.blob_id = store, blob_id
        self.path = store.path_of(blob_id)
        self.lies_at = self.path.with_name(f".{blob_id}.{secrets.token_hex(4)}.partial")
        with _full_disk_in_words():
            _make_folder(self.path.parent)
            descriptor = os.open(self.lies_at, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        self.file = os.fdopen(descriptor, "wb", buffering=0)
        self.digest, self.size, self.done = hashlib.sha256(), 0, False

    def write(self, data: bytes) -> int:
        """Append encrypted bytes; StorageFull when the disk has no room."""
        with _full_disk_in_words():
            view = memoryview(data)
            while view:
                view = view[self.file.write(view) :]
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def finish(self) -> Written:
        """Make the blob durable under its name; a failed fsync is fatal for it and never retried."""
        with _full_disk_in_words():
            os.fsync(self.file.fileno())
            self.file.close()
            os.rename(self.lies_at, self.path)
            self.lies_at = self.path
            _sync_folder(self.path.parent)
        self.done = True
        return Written(self.blob_id, self.size, self.digest.digest())

    def __enter__(self) -> "BlobWriter":
        return self

    def __exit__(self, *_exception) -> None:
        try:
            self.file.close()
        finally:
            if not self.done:
                self.lies_at.unlink(missing_ok=True)


class BlobStore:
    """The folder of encrypted files, spread over 256 sub-folders."""

    def __init__(self, root: Path, reserve_bytes: int = 0):
        self.root, self.reserve_bytes = Path(root), reserve_bytes
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path_of(self, blob_id: str) -> Path:
        """Where a blob lies; only ids of our own alphabet make a path."""
        if not (8 <= len(blob_id) <= 64 and blob_id.isalnum() and blob_id.isascii()):
            raise ValueError("not a blob id")
        return self.root / hashlib.sha256(blob_id.encode()).hexdigest()[:2] / blob_id

    def check_room(self, size: int) -> None:
        """StorageFull unless `size` more bytes leave the reserve of the database and the journal untouched."""
        if shutil.disk_usage(self.root).free - size < self.reserve_bytes:
            raise StorageFull()

    def writer(self, blob_id: str) -> BlobWriter:
        """Begin a new blob; an existing id is refused."""
        if self.path_of(blob_id).exists():
            raise FileExistsError(blob_id)
        return BlobWriter(self, blob_id)

    def open(self, blob_id: str) -> BinaryIO:
        """The encrypted bytes; FileNotFoundError when the row has lost its file."""
        return open(self.path_of(blob_id), "rb", buffering=0)

    def delete(self, blob_id: str) -> bool:
        """Remove a blob durably; False when it was already gone. The caller has destroyed its key first."""
        return self.remove(self.path_of(blob_id))

    def remove(self, path: Path) -> bool:
        """Remove a file that `list_files` gave, durably; False when it was already gone."""
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync_folder(path.parent)
        return True

    def list_folders(self) -> list[Path]:
        """Our sub-folders, so that what lies here can be gone through a little at a time. What else lies beside them
        (the `lost+found` of a disk of its own, a link to elsewhere) is not ours to read, nor to delete."""
        ours = (path for path in self.root.iterdir() if _OURS.fullmatch(path.name))
        return sorted(path for path in ours if path.is_dir() and not path.is_symlink())

    def list_files(self) -> list[Path]:
        """Every file of ours, partial ones included."""
        return [path for folder in self.list_folders() for path in self.list_in(folder)]

    @staticmethod
    def list_in(folder: Path) -> list[Path]:
        """The files of one sub-folder; none of them is looked at, so that a bad one hides no other."""
        with os.scandir(folder) as found:
            return sorted(folder / each.name for each in found if each.is_file(follow_symlinks=False))


@contextlib.contextmanager
def _full_disk_in_words():
    """StorageFull at whatever step the disk, or the quota of its user, turns out to be full: NFS says it at the end."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull() from error
        raise


def _make_folder(folder: Path) -> None:
    """A sub-folder that a power cut doesn't take away with the first file in it."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
