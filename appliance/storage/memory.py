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


def find_ram_disk() -> Path | None:
    """Where files are in memory and may be written; None on a machine that has no such place.

    A folder of that name on a disk is none (a chroot, a container without its mounts): what is mounted there decides
    (proc(5), /proc/PID/mounts; the last mount at a place hides the others).
    """
    path = RAM_DISK.resolve()
    try:
        mounts = [line.split(" ") for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return None
    holders = (mount for mount in reversed(mounts) if path.is_relative_to(mount[1]))
    holder = max(holders, key=lambda mount: len(mount[1]), default=None)
    in_memory = holder is not None and holder[2] in ("tmpfs", "ramfs")
    return RAM_DISK if in_memory and path.is_dir() and os.access(path, os.W_OK | os.X_OK) else None


def make_folder(base: Path) -> Path:
    """A folder of this process, whose name says whose it is."""
    return Path(tempfile.mkdtemp(prefix=f"preau-{os.getuid()}-{os.getpid()}-", dir=base))


def remove_left(base: Path) -> None:
    """Remove the folders of our processes that are no more: a kill leaves them."""
    for folder in base.glob(f"preau-{os.getuid()}-*"):
        if not Path(f"/proc/{folder.name.split('-')[2]}").exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder of our own in memory, gone afterwards; Unavailable on a machine that has none."""
    spool = Path(tempfile.tempdir or "/")
    base = spool if spool.is_relative_to(RAM_DISK) and os.access(spool, os.W_OK) else find_ram_disk()
    if base is None:
        raise Unavailable()
    folder = make_folder(base)
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
