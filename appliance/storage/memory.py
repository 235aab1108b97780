"""Clear bytes that a program must find in a file lie in memory, in a folder of their own that goes away: never on a
disk."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.core.errors import Unavailable

RAM_DISK = Path("/dev/shm")  # noqa: S108 - a private folder is made in it


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder of our own in memory, gone afterwards; Unavailable on a machine that has none."""
    spool = Path(tempfile.tempdir) if tempfile.tempdir else RAM_DISK
    base = spool if spool.is_relative_to(RAM_DISK) else RAM_DISK
    if not os.access(base, os.W_OK):
        raise Unavailable()
    # The name is that of server.spool_to_memory, which removes what a killed process left.
    folder = Path(tempfile.mkdtemp(prefix=f"preau-{os.getuid()}-{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(path: Path, pieces: Iterable[bytes]) -> None:
    """A new file of a private folder."""
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)


def require_room(folder: Path, size: float) -> None:
    """Unavailable unless the memory that holds the folder has room for so many bytes: it is tried again later."""
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < size:
        raise Unavailable()
