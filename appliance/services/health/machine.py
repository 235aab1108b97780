"""What only the machine knows: the versions of programs and libraries, whether the clock follows the network."""

import functools
import importlib.metadata
import platform
import re
import shutil
import subprocess
from pathlib import Path

from appliance import __version__
from appliance.core import clock
from appliance.storage import database, migrate

LIBRARIES = ("flask", "peewee", "waitress", "cryptography", "pillow", "argon2-cffi", "babel", "psycopg2")
_PROGRAMS = (
    ("ffmpeg", ("ffmpeg", "-version"), r"ffmpeg version (\d[\w.]*)"),
    ("libheif", ("heif-convert", "--help"), r"libheif version:? (\d[\w.]*)"),
    ("poppler", ("pdftoppm", "-v"), r"pdftoppm version (\d[\w.]*)"),
)
_SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
_SECONDS = 5
_HOUR = 3600
_asked: tuple[float, bool | None] | None = None


def is_clock_synchronized() -> bool | None:
    """Whether the clock follows the network; None where nothing says so (another machine keeps it, a container)."""
    global _asked
    if _SYNCHRONIZED.exists():
        return True
    if _asked is None or clock.monotonic() - _asked[0] > _HOUR:  # asking wakes a service that writes to its log
        said = _say(("timedatectl", "show", "--property=NTPSynchronized", "--value")).strip()
        _asked = clock.monotonic(), {"yes": True, "no": False}.get(said)
    return _asked[1]


def read_versions() -> dict[str, str]:
    """Program, schema, Python, database, programs and libraries, by name; what is not installed is absent."""
    names = {"Préau": __version__, "schema": str(migrate.schema_version()), "Python": platform.python_version()}
    names[{"sqlite": "SQLite"}.get(database.kind(), "PostgreSQL")] = database.read_version()
    return {**names, **_read_others()}


@functools.cache
def _read_others() -> dict[str, str]:
    found = {}
    for name, command, pattern in _PROGRAMS:
        version = re.search(pattern, _say(command))
        if version:
            found[name] = version[1]
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _say(command: tuple[str, ...]) -> str:
    """What a program prints of itself; empty when it is not there or does not answer."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr
