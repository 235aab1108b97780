"""Clear bytes that a program must find in a file lie in memory, in a folder of their own that goes away: never on a
disk."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

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


def open_made(path: Path) -> BinaryIO:
    """What a program left in a private folder, to be read; FileNotFoundError unless it is a plain file of that folder.

    The program has read what people sent: a link that it left would have us read, with our rights, what it could not.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileNotFoundError(path.name) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise FileNotFoundError(path.name)
    return os.fdopen(descriptor, "rb")


def require_room(folder: Path, size: float) -> None:
    """Unavailable unless the memory that holds the folder has room for so many bytes: it is tried again later."""
    found = os.statvfs(folder)
    if found.f_bavail * found.f_frsize < size:
        raise Unavailable()
