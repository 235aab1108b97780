"""One program that works on what people sent: with little memory and time, no network, no other file than those of its
private folder in memory, no way to outlive us. It is never begun on a type that was not verified before.

`_child.py` holds what the program gives up; here are the clock, the pipes and the end of the whole process group.
"""

import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from appliance.core import clock
from appliance.core.errors import Unavailable
from appliance.core.i18n import _, lazy_
from appliance.services.media.refusals import FileRefused
from appliance.storage.memory import private_folder as private_folder

# Program -> Debian package.
NEEDED = {
    "ffmpeg": "ffmpeg",
    "ffprobe": "ffmpeg",
    "heif-convert": "libheif-examples",
    "pdftoppm": "poppler-utils",
}
REASONS = {
    "missing_program": lazy_(
        "Ce serveur ne sait pas encore préparer ce type de fichier\u202f: il y manque un programme. "
        "Prévenez l’administrateur."
    ),
}
_REASONS = {0: "", -signal.SIGXCPU: "too_slow"}
_PATH = "/usr/local/bin:/usr/bin:/bin"
_CHILD = Path(__file__).with_name("_child.py")
_PIECE = 256 * 1024
_TURN_SECONDS = 0.5
_SHORT_SECONDS = 0.005  # it closed its outputs, so it is about to end
_MAX_OUTPUT = 4 << 20
_MAX_ERRORS = 16 << 10


class MissingProgram(Unavailable):
    """A program is not installed, or may not be confined here: what needs it waits for the operator."""

    def __init__(self, name: str, reason: str = "missing_program"):
        super().__init__()
        self.program, self.reason = name, reason


class ProgramKilled(Exception):
    """Something else ended the program (the kernel for want of memory): that says nothing of the file."""

    reason = "killed"


class Result(NamedTuple):
    """How a program ended. `reason` is empty when all went well; else `failed`, `too_slow` or `too_much_output`.

    `errors` is for deciding only: it may quote names and contents, so it is never logged.
    """

    code: int
    output: bytes
    errors: bytes
    reason: str

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return not self.reason


def find(name: str) -> str:
    """The path of a program; MissingProgram when it is not installed."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise MissingProgram(name)
    return found


def is_there(name: str) -> bool:
    """Whether a program is installed."""
    return shutil.which(name, path=_PATH) is not None


def require(*names: str) -> None:
    """FileRefused at the door, before anything is sent, when a program that it takes is absent."""
    if not all(map(is_there, names)):
        raise FileRefused("missing_program", _(
            "Ce serveur ne sait pas encore préparer ce type de fichier\u202f: il y manque un programme. "
            "Prévenez l’administrateur. Rien n’a été envoyé."
        ))  # fmt: skip


def run(
    argv: list[str],
    *,
    folder: Path,
    seconds: float,
    memory_mb: int = 1024,
    output_mb: int = 64,
    input: BinaryIO | None = None,
    on_line: Callable[[str], object] | None = None,
    tick: Callable[[], object] | None = None,
) -> Result:
    """Run one confined program to its end in its private folder and give what it printed.

    `input` is read in this process and piped to it; `on_line` gets what it prints line by line, `tick` is called
    about twice a second; what they or `input` raise ends the program and is raised.
    """
    program = find(argv[0])
    limits = (os.getpid(), memory_mb << 20, max(1, int(seconds * 2)), output_mb << 20)
    command = [sys.executable, "-I", "-S", str(_CHILD), *map(str, limits), str(folder), program, *argv[1:]]
    environment = {"HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, bufsize=0,
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        room = _Room(folder, output_mb << 20)
        watch = _Watch(process, clock.monotonic() + seconds, on_line, tick, room)
        feeder = _Feeder(process.stdin, input) if input is not None else None
        try:
            watch.until_the_end(feeder)
        finally:
            _end_group(process)
            if feeder is not None:
                feeder.join()
    if feeder is not None and feeder.problem is not None:
        raise feeder.problem
    if process.returncode == 126:
        raise MissingProgram(argv[0], "not_confined")
    if process.returncode == -signal.SIGKILL and not watch.reason:
        raise ProgramKilled()
    reason = watch.reason or _REASONS.get(process.returncode, "failed")
    return Result(process.returncode, bytes(watch.output), bytes(watch.errors), reason)


def _end_group(process: subprocess.Popen) -> None:
    """The whole group, before its leader is waited for: until then its number can't belong to others."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for _turn in range(100):  # what it left behind dies a moment later
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    process.wait()


class _Watch:
    """Reads what a program prints, minds the clock, and stops at the end of its first process."""

    def __init__(self, process, deadline: float, on_line, tick, room: "_Room"):
        self.process, self.deadline, self.on_line, self.tick, self.room = process, deadline, on_line, tick, room
        self.output, self.errors, self.reason, self._line = bytearray(), bytearray(), "", b""

    def until_the_end(self, feeder) -> None:
        with selectors.DefaultSelector() as selector:
            for pipe in (self.process.stdout, self.process.stderr):
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ)
            ticked = clock.monotonic()
            while not self.reason and not (feeder is not None and feeder.problem):
                over = _has_ended(self.process)  # asked first, so that what it printed last is read
                turn = _TURN_SECONDS if selector.get_map() else _SHORT_SECONDS
                ready = selector.select(0 if over else turn)
                for key, _events in ready:
                    if not self._read(key.fileobj):
                        selector.unregister(key.fileobj)
                now = clock.monotonic()
                if over and not ready:
                    return
                if now > self.deadline:
                    self.reason = "too_slow"
                if now - ticked >= _TURN_SECONDS:
                    ticked = now
                    if self.room.is_exceeded():
                        self.reason = "too_much_output"
                    if self.tick is not None:
                        self.tick()

    def _read(self, pipe) -> bool:
        data = pipe.read(65536)
        if not data:
            return data is None
        if pipe is self.process.stderr:
            self.errors = (self.errors + data)[-_MAX_ERRORS:]
        elif self.on_line is not None:
            *lines, self._line = (self._line + data).split(b"\n")
            for line in lines:
                self.on_line(line.decode("utf-8", "replace"))
        else:
            self.output += data
        if len(self.output) + len(self._line) > _MAX_OUTPUT:
            self.reason = "too_much_output"
        return True


def _has_ended(process: subprocess.Popen) -> bool:
    """Whether the first process ended, without waiting for it: the group keeps its number."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class _Room:
    """What a program may add to its folder in all: the limit of the system is that of one file, and it may write
    many into memory that others need."""

    def __init__(self, folder: Path, most: int):
        self.folder, self.most = folder, most + self._size_of(folder)

    def is_exceeded(self) -> bool:
        """Whether there is more by now."""
        return self._size_of(self.folder) > self.most

    @classmethod
    def _size_of(cls, folder: Path) -> int:
        size = 0
        with suppress(FileNotFoundError), os.scandir(folder) as found:
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    size += cls._size_of(Path(each.path))
                else:
                    with suppress(FileNotFoundError):
                        size += each.stat(follow_symlinks=False).st_size
        return size


class _Feeder(threading.Thread):
    """Pipes a reader to a program, which takes it at its own speed."""

    def __init__(self, pipe, source: BinaryIO):
        super().__init__(name="feeder", daemon=True)
        self.pipe, self.source, self.problem = pipe, source, None
        self.start()

    def run(self) -> None:
        """Until the source or the program ends."""
        try:
            with self.pipe:
                while piece := self.source.read(_PIECE):
                    view = memoryview(piece)
                    while view:
                        view = view[self.pipe.write(view) :]
        except BrokenPipeError:
            pass  # the program has seen enough, or ended
        except BaseException as error:
            self.problem = error
