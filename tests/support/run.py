"""One run of the tests: the folder that all its test processes share, in memory where that is safe, gone at the end.

Of a run in memory nothing stays: `--basetemp=FOLDER` keeps the files of the tests on the disk, to look at them.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

FOLDER = "PREAU_TEST_RUN"  # where the run's folder is
PID = "PREAU_TEST_PID"  # the process whose end ends the run
PREFIX = "preau-tests-"
RAM_DISK = Path("/dev/shm")
ROOM = 1_000_000_000  # what a run may need of it; a container often has 64 MB

_alive = None  # the lock by which a later run tells a folder in use from one that a killed run left


def begin(*, in_memory: bool) -> Path:
    """Open a run and give its folder: called once, by the process that starts the others."""
    global _alive
    base = RAM_DISK if in_memory and _has_room() else Path(tempfile.gettempdir())
    sweep(base)
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    _alive = (made / "alive").open("w")
    fcntl.flock(_alive, fcntl.LOCK_EX)
    os.environ[FOLDER], os.environ[PID] = str(made), str(os.getpid())
    return made


def end() -> None:
    """Close the run and remove its folder."""
    global _alive
    os.environ.pop(PID, None)
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)
    if _alive is not None:
        _alive.close()
        _alive = None


def folder() -> Path:
    """The folder of this run."""
    return Path(os.environ[FOLDER])


def is_mine() -> bool:
    """Whether this process opened the run, and did not only inherit it."""
    return os.environ.get(PID) == str(os.getpid())


def is_in_memory() -> bool:
    """Whether the run's files take memory, so that they should go as soon as nobody needs them."""
    return folder().is_relative_to(RAM_DISK)


def forget(files: Path) -> None:
    """Remove what one test wrote, if it takes the run's memory."""
    if is_in_memory() and files.is_relative_to(folder()):
        shutil.rmtree(files, ignore_errors=True)


@contextmanager
def locked(folder: Path):
    """Hold the folder's lock among test processes."""
    with (folder / "lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def keep_bytecode_apart(cache: Path) -> None:
    """Who forbids Python to write beside the sources (PYTHONDONTWRITEBYTECODE) gets what is compiled in a cache: else
    each test process, and each program that a test starts, would compile everything again."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(cache)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(cache)


def sweep(base: Path) -> None:
    """Remove what runs left that were killed outright."""
    for left in base.glob(f"{PREFIX}*"):
        try:
            with (left / "alive").open("r+") as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
        except OSError:  # in use, another user's, or being made
            continue


def _has_room() -> bool:
    try:
        return os.access(RAM_DISK, os.W_OK) and shutil.disk_usage(RAM_DISK).free > ROOM
    except OSError:
        return False
