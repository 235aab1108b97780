"""A school whose server is started, cut off and killed as one likes, a film as long as one likes, and the search for
its bytes in clear."""

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path

from tests.support import installation
from tests.support.process import serving
from tests.support.tus import PIECE, Client

CANARY = b"Quetzalou-canari-en-clair-8f3a"
BLOCK = 1 << 16
_FILL = os.urandom(BLOCK)
# Runs inside the server: it dies at the next piece, as by a power cut, when the file named by DIE is there.
DYING = """
import os, signal
from appliance.services.media import uploads
from appliance.storage import database
_count = uploads._count
def dying(*arguments):
    marked = os.path.exists(os.environ["DIE"])
    if marked and os.environ["DIE_WHEN"] == "between file and row":
        os.unlink(os.environ["DIE"]); os.kill(os.getpid(), signal.SIGKILL)
    _count(*arguments)
    if marked and os.environ["DIE_WHEN"] == "between commit and answer":
        os.unlink(os.environ["DIE"]); database.after_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
uploads._count = dying
"""


def block(number: int) -> bytes:
    """One block of the film: no two are the same, each holds the canary."""
    head = b"\x00\x00\x00\x20ftypisom" if number == 0 else b"\x00" * 12
    return (head + number.to_bytes(8, "big") + CANARY + _FILL)[:BLOCK]


def film(offset: int, size: int) -> bytes:
    """The bytes of a film as long as one likes."""
    first = offset // BLOCK
    last = (offset + size - 1) // BLOCK
    return b"".join(block(number) for number in range(first, last + 1))[offset - first * BLOCK :][:size]


def digest(length: int) -> str:
    """The SHA-256 of a film."""
    found = hashlib.sha256()
    for offset in range(0, length, PIECE):
        found.update(film(offset, min(PIECE, length - offset)))
    return found.hexdigest()


def clear_bytes(*folders: Path) -> list[str]:
    """Files that hold the canary: what lies in clear."""
    found = []
    for path in (each for folder in folders for each in folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                kept = b""
                while piece := file.read(8 << 20):
                    if CANARY in kept + piece:
                        found.append(str(path))
                        break
                    kept = piece[-len(CANARY) :]
    return found


class School:
    """An installation whose server is started and killed as one likes."""

    def __init__(self, folder: Path, blobs: str = "blobs"):
        self.folder, self.spool = folder / "data", folder / "spool"
        self.spool.mkdir()
        self.config = self.folder / "config.toml"
        made = installation.ask("make", self.config, blobs)
        self.client, self.blobs = Client(0, made["token"], made["classroom"]), Path(made["blobs"])

    @contextmanager
    def serving(self, before: str = "", **environment: str):
        """The server; what it would spool goes where it is looked for."""
        environment = {"TMPDIR": str(self.spool), "PREAU_LOG": "DEBUG", **environment}
        with serving(self.config, environment=environment, before=before) as server:
            self.client.port = server.port
            yield server

    def facts(self) -> dict:
        """What the rows and the files say."""
        return installation.ask("facts", self.config)

    def clear_bytes(self) -> list[str]:
        """Where something lies in clear: data, spools, database, WAL, logs."""
        shared = Path("/dev/shm")  # what the server would spool goes there
        return clear_bytes(self.folder, self.spool, self.blobs, *shared.glob(f"preau-{os.getuid()}-*"))


def memory(pid: int) -> str:
    """The peak of what a process held in memory, and what it holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return ", ".join(" ".join(line.split()) for line in lines if line.startswith(("VmHWM", "VmRSS")))
