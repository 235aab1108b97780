"""An antivirus beside the service, when there is one: ClamAV over its Unix socket (clamd(8), INSTREAM and VERSION).

What it finds is put in quarantine: the encrypted files stay, nobody is served them, an administrator deletes them.
While a configured scanner does not answer, files wait: none passes unseen.
"""

import os
import re
import socket
import struct
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import BinaryIO, NamedTuple

from appliance.core import clock
from appliance.core.config import Antivirus
from appliance.core.errors import Unavailable
from appliance.core.i18n import lazy_
from appliance.services import audit
from appliance.services.media import files
from appliance.services.media.models import Media
from appliance.services.media.refusals import FileRefused
from appliance.storage import database

UNSCANNED, QUARANTINED = "unscanned", "quarantined"
REASONS = {
    UNSCANNED: lazy_("Ce document est trop lourd pour l’antivirus de ce serveur. Réduisez-le, puis renvoyez-le."),
    QUARANTINED: lazy_(
        "L’antivirus a trouvé un danger dans ce fichier\u202f: personne ne peut l’ouvrir. L’administrateur en est "
        "averti. Vérifiez votre appareil avant de le renvoyer."
    ),
}
OLD = timedelta(days=7)
_PIECE = 64 * 1024
_CONNECT_SECONDS = 3
_MAX_ANSWER = 4096
_ODD = re.compile(r"[^\w.:+/-]+", re.ASCII)

_settings = Antivirus()


class Infected(Exception):
    """The scanner knows what is in the file; `signature` is its name."""

    def __init__(self, signature: str):
        super().__init__(signature)
        self.signature = signature


class _TooLarge(Exception):
    """More than the scanner takes."""


class Status(NamedTuple):
    """What the administrator is told: whether there is a scanner, whether it answers, its version and how old what
    it knows is."""

    configured: bool
    answers: bool = False
    engine: str = ""
    signatures_on: date | None = None

    @property
    def is_old(self) -> bool:
        """Whether its signatures are older than a week."""
        return self.signatures_on is not None and clock.today() - self.signatures_on > OLD


def configure(settings: Antivirus) -> None:
    """Use this scanner, or none when its socket is empty."""
    global _settings
    _settings = settings


def is_configured() -> bool:
    """Whether what is kept as it was sent must be scanned first."""
    return bool(_settings.socket)


def require_clean(source: BinaryIO, *, kept: bool, tick: Callable[[], object] | None = None) -> None:
    """Infected when the scanner knows what is in it, Unavailable when it does not answer; nothing without a scanner.

    What is larger than it takes is refused when it is `kept` as it was sent, and passes when it is drawn anew.
    """
    if not is_configured():
        return
    try:
        signature = _scan(source, tick)
    except _TooLarge:
        if kept:
            raise FileRefused(UNSCANNED, REASONS[UNSCANNED]) from None
        return
    except OSError as error:
        raise Unavailable() from error
    finally:
        source.seek(0)
    if signature:
        raise Infected(signature)


def _scan(source: BinaryIO, tick) -> str:
    """The name of what was found, empty when nothing was."""
    if source.seek(0, os.SEEK_END) > _settings.max_mb * 1_000_000:
        raise _TooLarge()
    source.seek(0)
    with _connected(_settings.seconds) as line:
        try:
            line.sendall(b"zINSTREAM\0")
            while piece := source.read(_PIECE):
                line.sendall(struct.pack(">L", len(piece)) + piece)
                if tick is not None:
                    tick()
            line.sendall(bytes(4))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it hangs up on what is too large, after having said so
        return read_verdict(_receive(line))


def read_verdict(answer: bytes) -> str:
    """The signature in an answer to INSTREAM, empty when all is well; OSError when it says neither."""
    text = answer.rstrip(b"\0\r\n").decode("utf-8", "replace").strip()
    if text == "stream: OK":
        return ""
    if text.startswith("stream: ") and text.endswith(" FOUND"):
        return _ODD.sub("_", text[len("stream: ") : -len(" FOUND")])[:60] or "?"
    if "size limit exceeded" in text:
        raise _TooLarge()
    raise OSError("the scanner gave no verdict")


def read_version(answer: bytes) -> tuple[str, date | None]:
    """The engine, and the day of its signatures where it tells: `ClamAV 1.4.6/27800/Mon Nov 10 09:41:22 2025`."""
    engine, _slash, rest = answer.rstrip(b"\0\r\n").decode("utf-8", "replace").partition("/")
    engine = "".join(char for char in engine if char.isprintable())[:60].strip()
    try:
        return engine, datetime.strptime(" ".join(rest.partition("/")[2].split()), "%a %b %d %H:%M:%S %Y").date()
    except ValueError:
        return engine, None


def read_status() -> Status:
    """Ask the scanner what it is; an answer is waited for a few seconds at most."""
    if not is_configured():
        return Status(False)
    try:
        with _connected(_CONNECT_SECONDS) as line:
            line.sendall(b"zVERSION\0")
            return Status(True, True, *read_version(_receive(line)))
    except OSError:
        return Status(True)


def _connected(seconds: float) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(_CONNECT_SECONDS)
        line.connect(_settings.socket)
        line.settimeout(seconds)
    except BaseException:
        line.close()
        raise
    return line


def _receive(line: socket.socket) -> bytes:
    answer = b""
    while b"\0" not in answer and len(answer) < _MAX_ANSWER:
        piece = line.recv(_MAX_ANSWER)
        if not piece:
            break
        answer += piece
    return answer


def quarantine(row, signature: str) -> bool:
    """Lock a media away under the name of what was found in it: its encrypted files stay, nobody is served them;
    False when it was deleted meanwhile."""
    with database.transaction():
        found = Media.update(state=QUARANTINED, reason=signature[:60]).where(files.is_alive(row)).execute()
        if found:
            audit.record(
                None, "update", "media_quarantined", reason=signature[:60],
                kind="media", object_id=row.public_id,
                classroom=row.classroom_public_id, classroom_id=row.classroom_id, tenant=row.academy_public_id,
            )  # fmt: skip
    return bool(found)
