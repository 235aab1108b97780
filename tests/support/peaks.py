"""What a server and the programs that it runs take of the memory at their worst, looked at while they live."""

import os
import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_EVERY_SECONDS = 0.1


def children_of(pid: int) -> list[int]:
    """The processes that a process has begun and that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after = path.read_text().rpartition(")")[2].split()
            if int(after[1]) == pid and after[0] != "Z":
                found.append(int(path.parent.name))
    return found


def has_ended(pid: int) -> bool:
    """Whether a process ends within five seconds."""
    end = time.monotonic() + 5
    while (alive := _is_alive(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def spools_of(pid: int) -> list[Path]:
    """The folders in memory of a server."""
    return list(Path("/dev/shm").glob(f"preau-{os.getuid()}-{pid}-*"))


class Peaks:
    """Watches one server after the other, from `watch` on; sizes in MB by name: server, each program, and “spool”, what
    lay in /dev/shm."""

    def __init__(self):
        self.found: dict[str, int] = defaultdict(int)
        self._pid, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._run, name="peaks", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self._thread.join()

    def watch(self, pid: int) -> None:
        """Look at this server from now on."""
        self._pid = pid

    def _run(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            if not self._pid:
                continue
            self._note("server", _peak(self._pid))
            for child in children_of(self._pid):
                with suppress(OSError):
                    self._note(Path(f"/proc/{child}/comm").read_text().strip(), _peak(child))
            self._note("spool", sum(map(_size, spools_of(self._pid))) >> 20)

    def _note(self, name: str, size: int) -> None:
        self.found[name] = max(self.found[name], size)


def _peak(pid: int) -> int:
    """The most that a process ever held, in MB (proc(5), VmHWM); 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) >> 10
    return 0


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.stat().st_size
    return size
