"""The rules: each function looks at one thing and gives its code, how bad it is and the facts for a sentence.

They are cheap enough for a small machine to run every few minutes; `check_integrity`, which reads every page of the
database, runs only when someone asks. Facts are rounded, so that nothing is written again for a few bytes.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from peewee import fn

from appliance.core import clock
from appliance.core.config import Config
from appliance.services import audit, backlog
from appliance.services.backup import status
from appliance.services.health import machine
from appliance.services.media import antivirus, care, programs, scrub
from appliance.storage import database, memory, migrate
from appliance.storage.blobs import BlobStore

OK, WARNING, PROBLEM = 0, 1, 2
LEVELS = ("ok", "warning", "problem")
CLOCK_SLACK = timedelta(minutes=5)
BACKUP_LATE, BACKUP_OLD = timedelta(days=2), timedelta(days=7)
REHEARSAL_LATE = timedelta(days=40)
CERTIFICATE_SOON, CERTIFICATE_NOW = timedelta(days=21), timedelta(days=7)
WAL_LARGE = 8 * database.WAL_BYTES
FILM_BYTES = 200_000_000  # ten minutes at the highest rate that films are given
_log = logging.getLogger("preau.health")


class Check(NamedTuple):
    """What was found of one thing: its level, which sentence says it, and what stands in that sentence."""

    code: str
    level: int = OK
    wording: str = "ok"
    facts: dict = {}


class Place(NamedTuple):
    """What is looked at: the settings, the encrypted files; `find_key` names the master key in force, which may be
    replaced meanwhile."""

    config: Config
    blobs: BlobStore
    find_key: Callable[[], str] = str

    @property
    def data(self) -> Path:
        """The folder beside the media, where notes are kept."""
        return status_folder(self.config)


def status_folder(config: Config) -> Path:
    """Where backups, rehearsals and the proof of the recovery sheet leave a note."""
    return config.path(config.storage.blobs).parent


def look(place: Place, *, thorough: bool = False) -> Iterator[Check]:
    """Every check that says something here, one after the other; one that fails itself holds up no other."""
    for rule in (*RULES, *(THOROUGH if thorough else ())):
        try:
            found = rule(place)
        except Exception as error:
            code = rule.__name__.removeprefix("check_")
            _log.error("a check failed", extra={"check": code, "error": type(error).__name__})
            found = Check(code, WARNING, "unknown")
        if found is not None:
            yield found


def check_disk(place: Place) -> Check:
    """Room for the data: below the reserve no file is accepted any more."""
    free = count_free(place.blobs.root)
    level, wording = (PROBLEM, "full") if free < place.blobs.reserve_bytes else (OK, "ok")
    if level == OK and free < 4 * place.blobs.reserve_bytes:
        level, wording = WARNING, "low"
    return Check("disk", level, wording, {"free_bytes": _round(free)})


def backup_folder(config: Config) -> Path | None:
    """The folder that backups go to, or the nearest one that exists; None when they go to another machine."""
    return None if "://" in config.backup.to else _existing(config.path(config.backup.to))


def check_disk_backup(place: Place) -> Check | None:
    """Room where the backups go, when that is another disk of this machine; a copy on the same disk is half a copy."""
    folder = backup_folder(place.config)
    if folder is None:
        return None
    if os.stat(folder).st_dev == os.stat(_existing(place.blobs.root)).st_dev:
        return Check("disk_backup", OK, "same")
    free = count_free(folder)
    low = free < 4 * place.blobs.reserve_bytes
    return Check("disk_backup", WARNING if low else OK, "low" if low else "ok", {"free_bytes": _round(free)})


def check_database(_place: Place) -> Check:
    """Which database, how large; a write-ahead log that grows means that something reads for hours."""
    facts = {"version": database.read_version(), "size_bytes": _round(database.count_bytes())}
    if database.count_wal_bytes() > WAL_LARGE:
        return Check("database", WARNING, "wal", {"size_bytes": _round(database.count_wal_bytes())})
    found, wanted = migrate.schema_version(), migrate.latest_version()
    if found != wanted:
        return Check("database", PROBLEM, "schema", {"found": found, "wanted": wanted})
    return Check("database", OK, database.kind(), facts)


def check_integrity(_place: Place) -> Check | None:
    """Whether every page of the database is sound; only for SQLite, and only when asked."""
    whole = database.is_whole()
    if whole is None:
        return None
    facts = {"looked_at": _instant(clock.now())}
    return Check("integrity", OK, "ok", facts) if whole else Check("integrity", PROBLEM, "broken", facts)


def check_queue(_place: Place) -> Check:
    """What waits to be prepared moves on, and nothing has failed for good."""
    found = backlog.summary()
    if found.failed:
        return Check("queue", PROBLEM, "failed", {"failed": found.failed, "codes": ", ".join(backlog.list_failures())})
    if found.oldest_seconds > backlog.LATE_SECONDS:
        return Check("queue", PROBLEM, "late", {"minutes": found.oldest_seconds // 60})
    return Check("queue", OK, "ok", {"waiting": found.waiting})


def check_backup(place: Place) -> Check | None:
    """The last backup went well and is not old."""
    if place.config.demo:
        return None
    last, now = status.read(place.data).get("backup"), clock.now()
    if last is None:
        return Check("backup", PROBLEM if now - _begun() > BACKUP_OLD else WARNING, "never")
    if not last["ok"]:
        return Check("backup", PROBLEM, "failed", {"at": last["at"], "says": str(last.get("says", ""))[:300]})
    age = now - datetime.fromisoformat(last["at"])
    level = PROBLEM if age > BACKUP_OLD else WARNING if age > BACKUP_LATE else OK
    if level == OK and last.get("left"):
        return Check("backup", WARNING, "left", {"at": last["at"], "says": str(last["left"])[:300]})
    return Check("backup", level, "old" if level else "ok", {"at": last["at"]})


def check_rehearsal(place: Place) -> Check | None:
    """A backup that was never restored is a hope: rehearsed at least every forty days."""
    if place.config.demo:
        return None
    last, now = status.read(place.data).get("rehearsal"), clock.now()
    if last is None:
        return Check("rehearsal", WARNING if now - _begun() > REHEARSAL_LATE else OK, "never")
    if not last["ok"]:
        return Check("rehearsal", PROBLEM, "failed", {"at": last["at"], "says": str(last.get("says", ""))[:300]})
    late = now - datetime.fromisoformat(last["at"]) > REHEARSAL_LATE
    return Check("rehearsal", WARNING if late else OK, "old" if late else "ok", {"at": last["at"]})


def read_certificate_end(config: Config) -> datetime | None:
    """The instant when the certificate that families see ends; None when there is none here, or not for us to read."""
    try:
        found = x509.load_pem_x509_certificate(config.path(config.server.certificate).read_bytes())
    except (OSError, ValueError):
        return None
    end = getattr(found, "not_valid_after_utc", None)  # cryptography 42; before it, a naive UTC instant
    return end or found.not_valid_after.replace(tzinfo=UTC)


def check_certificate(place: Place) -> Check | None:
    """The certificate does not end within three weeks: what renews itself does so earlier."""
    end = read_certificate_end(place.config) if place.config.secure else None
    if end is None:
        return None
    left, facts = end - clock.now(), {"ends_at": _instant(end)}
    if left < timedelta(0):
        return Check("certificate", PROBLEM, "over", facts)
    level = PROBLEM if left < CERTIFICATE_NOW else WARNING if left < CERTIFICATE_SOON else OK
    return Check("certificate", level, "soon" if level else "ok", facts)


def check_clock(_place: Place) -> Check:
    """The clock goes with the journal's, the database's and the network's."""
    now = clock.now()
    last = audit.AuditEntry.select(fn.MAX(audit.AuditEntry.at)).scalar()
    if last is not None and care.instant_of(last) - now > CLOCK_SLACK:
        return Check("clock", PROBLEM, "behind")
    theirs = database.read_clock()
    if theirs is not None and abs(theirs - now) > CLOCK_SLACK:
        return Check("clock", PROBLEM, "differs")
    synchronized = machine.is_clock_synchronized()
    if synchronized is None:
        return Check("clock", OK, "alone")
    return Check("clock", OK) if synchronized else Check("clock", WARNING, "unsynchronized")


def check_files(place: Place) -> Check:
    """The encrypted files are whole, and were compared in time."""
    found = scrub.report()
    if found.damaged:
        return Check("files", PROBLEM, "damaged", {"damaged": found.damaged})
    late = timedelta(days=2 * place.config.care.scrub_days + 1)
    if found.compared_since is not None and clock.now() - found.compared_since > late:
        return Check("files", WARNING, "late", {"since_at": _instant(found.compared_since)})
    return Check("files", OK, "ok", {"files": found.files})


def check_programs(_place: Place) -> Check:
    """What prepares photos, films and documents is installed."""
    packages = sorted({package for name, package in programs.NEEDED.items() if not programs.is_there(name)})
    return Check("programs", WARNING, "missing", {"packages": " ".join(packages)}) if packages else Check("programs")


def check_memory(place: Place) -> Check:
    """What must be in clear for a moment has its place in memory, large enough for a film of ten minutes."""
    found = memory.find_ram_disk()
    if found is None:
        return Check("memory", PROBLEM, "absent")
    size = shutil.disk_usage(found).total
    small = size < min(FILM_BYTES, place.config.processing.output_mb * 1_000_000)
    return Check("memory", WARNING if small else OK, "small" if small else "ok", {"size_bytes": _round(size)})


def check_antivirus(_place: Place) -> Check:
    """A scanner that is configured answers, and knows what went round this week."""
    found = antivirus.read_status()
    if not found.configured:
        return Check("antivirus", OK, "none")
    if not found.answers:
        return Check("antivirus", PROBLEM, "silent")
    return Check("antivirus", WARNING, "old") if found.is_old else Check("antivirus")


def check_proxy(place: Place) -> Check | None:
    """Behind a proxy, addresses are those of the visitors: without it one guesser slows everybody's sign-in."""
    if not place.config.secure:
        return None
    return Check("proxy") if place.config.server.trusted_proxy else Check("proxy", WARNING, "untrusted")


def check_sheet(place: Place) -> Check | None:
    """The recovery sheet of the key in force was read back once."""
    if place.config.demo:
        return None
    noted = status.read(place.data).get("sheet")
    if noted is None:
        return Check("sheet", WARNING, "never")
    if noted.get("key") != place.find_key():
        return Check("sheet", WARNING, "older")
    return Check("sheet", OK, "ok", {"at": noted["at"]})


def check_versions(_place: Place) -> Check:
    """What runs here, for whoever asks for help."""
    return Check("versions", OK, "ok", {"versions": machine.read_versions()})


RULES: tuple[Callable[[Place], Check | None], ...] = (
    check_disk, check_disk_backup, check_database, check_queue, check_backup, check_rehearsal, check_certificate,
    check_clock, check_files, check_programs, check_memory, check_antivirus, check_proxy, check_sheet, check_versions,
)  # fmt: skip
THOROUGH = (check_integrity,)


def count_free(folder: Path) -> int:
    """The free bytes of the disk under a folder, or under the nearest one that exists."""
    return shutil.disk_usage(_existing(folder)).free


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _round(size: int) -> int:
    step = 10 ** max(6, len(str(size)) - 2)
    return size // step * step if size >= step else size // 1000 * 1000


def _instant(value: datetime) -> str:
    return value.isoformat(timespec="seconds")


def _begun() -> datetime:
    """When this installation began: its journal's first entry."""
    first = audit.AuditEntry.select(fn.MIN(audit.AuditEntry.at)).scalar()
    return care.instant_of(first) if first is not None else clock.now()
