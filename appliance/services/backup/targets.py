"""Where backups go: a folder, a machine over SSH, an S3 server on the premises. A file is there whole or not at all."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

PARTIAL = ".partial"
_PIECE = 1 << 20


class TargetError(Exception):
    """The place of the backups can't be reached or used; the text says which and why."""


class Folder:
    """A folder, on another disk if possible."""

    def __init__(self, root: Path):
        self.root = root
        self._unsynced: set[Path] = set()

    def __str__(self) -> str:
        return str(self.root)

    def _at(self, name: str) -> Path:
        """Where a file lies; TargetError when a link leads away: whoever holds the place could have the service write
        over its own files, or take them for copies."""
        path = self.root
        for part in PurePosixPath(name).parts:
            path /= part
            if path.is_symlink():
                raise TargetError(f"{path} is a link: remove it, backups are kept in real folders and files only")
        return path

    def require_apart(self, data: Path) -> None:
        """TargetError when the media in use, below `data`, would be taken for their own copies."""
        media, data = (self.root / "blobs").resolve(), data.resolve()
        if media.is_relative_to(data) or data.is_relative_to(media) or self.root.resolve().is_relative_to(data):
            raise TargetError(f"the media in {self.root} are the data themselves: name another folder for the backups")

    def prepare(self) -> None:
        """Make it when it is not there; TargetError when nothing can be written."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.put("probe", [b"preau"])
            self.delete("probe")
        except OSError as error:
            raise TargetError(f"{self.root} cannot be written: {error.strerror}") from error

    def put(self, name: str, pieces: Iterable[bytes], size: int | None = None) -> None:
        """Write a file durably under its name; what was there before is replaced at once or not at all. `size`, where
        it is known, spares some places a question."""
        path = self._at(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            self._sync(name, path.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def _sync(self, name: str, folder: Path) -> None:
        """Media count from their manifest on: the folders that name them, and those that name these, are made durable
        before anything else is."""
        self._unsynced.update(each for each in (folder, *folder.parents) if each.is_relative_to(self.root))
        if not name.startswith("blobs/"):
            for each in self._unsynced:
                _sync_folder(each)
            self._unsynced.clear()

    def open(self, name: str) -> BinaryIO:
        """Read a file; FileNotFoundError."""
        return open(self._at(name), "rb")

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(name, size) of the files below a prefix that are whole."""
        for folder, _folders, files in os.walk(self._at(prefix)):
            for each in files:
                path = Path(folder) / each
                if not each.endswith(PARTIAL) and not path.is_symlink():
                    yield path.relative_to(self.root).as_posix(), path.stat().st_size

    def delete(self, name: str) -> None:
        """Remove a file, and the folder that it leaves empty."""
        path = self._at(name)
        path.unlink(missing_ok=True)
        if path.parent != self.root:
            with contextlib.suppress(OSError):  # it is not empty
                path.parent.rmdir()

    def sweep(self) -> None:
        """Remove what interrupted backups left half-written."""
        for path in self.root.rglob(f".*{PARTIAL}"):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_target(
    to: str,
    base: Path,
    *,
    endpoint: str = "",
    credentials: Path | None = None,
    runtime: Path,
    spool: Path | None = None,
):
    """The place that a setting names; relative folders start at `base`. Sockets lie in `runtime`, and what must be
    whole before it is sent, encrypted as it is, in `spool`."""
    if to.startswith("ssh://"):
        from appliance.services.backup.remote import Ssh

        return Ssh(to, runtime)
    if to.startswith("s3://"):
        from appliance.services.backup.bucket import S3

        return S3(to, endpoint, credentials, spool)
    if "://" in to:  # a folder of that name would be made, and called a success
        raise TargetError(f"{to}: a place is a folder, ssh://USER@HOST/FOLDER or s3://BUCKET/PREFIX")
    return Folder((base / to).resolve())


def read_pieces(target, name: str) -> Iterator[bytes]:
    """The pieces of a file at a target; FileNotFoundError when it is not there, or lies where the disk is broken: one
    bad sector must not hold back all the files behind it."""
    try:
        with target.open(name) as file:
            yield from copy_pieces(file)
    except OSError as error:
        if error.errno == errno.EIO:
            raise FileNotFoundError(name) from error
        raise


def copy_pieces(file: BinaryIO) -> Iterator[bytes]:
    """The pieces of an open file."""
    while piece := file.read(_PIECE):
        yield piece
