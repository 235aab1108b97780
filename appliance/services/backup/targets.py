"""Where backups go: a folder, a machine over SSH, an S3 server on the premises. A file is there whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
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
        path = self.root / name
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
        """Media count from their manifest on: the folders that name them are made durable before anything else is."""
        self._unsynced.add(folder)
        if not name.startswith("blobs/"):
            for each in self._unsynced:
                _sync_folder(each)
            self._unsynced.clear()

    def open(self, name: str) -> BinaryIO:
        """Read a file; FileNotFoundError."""
        return open(self.root / name, "rb")

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(name, size) of the files below a prefix that are whole."""
        for folder, _folders, files in os.walk(self.root / prefix):
            for each in files:
                path = Path(folder) / each
                if not each.endswith(PARTIAL):
                    yield path.relative_to(self.root).as_posix(), path.stat().st_size

    def delete(self, name: str) -> None:
        """Remove a file, and the folder that it leaves empty."""
        path = self.root / name
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
    return Folder((base / to).resolve())


def copy_pieces(file: BinaryIO) -> Iterator[bytes]:
    """The pieces of an open file."""
    while piece := file.read(_PIECE):
        yield piece
