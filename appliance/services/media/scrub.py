"""Each encrypted file is read again every week and compared with the SHA-256 of what was written: no key is needed.

A weekly run (`run_whole`) does it in one go; the service's turns (`run`) read what no run came for. One at a time. The
oldest comparison comes first and each is a row, so that it goes on where it was cut and nothing is read twice in a
week. It is slow on purpose, and holds no connection while it reads.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from peewee import fn

from appliance.core import clock, i18n
from appliance.core.config import Care
from appliance.core.errors import Unavailable
from appliance.core.i18n import _
from appliance.school import keys
from appliance.school.models import Account, Classroom, Office, School
from appliance.services import audit, mail
from appliance.services.media import care
from appliance.services.media.models import Media, Rendition
from appliance.storage import database
from appliance.storage.blobs import BlobStore

# Set when the service ends: whatever is being read is left at once, and read again another time.
stopping = threading.Event()
_TURN_SECONDS = 15
_LOOK_EVERY = timedelta(days=1)
_BATCH = 50
_PIECE = 1 << 20
# A run comes every week, at about the same hour: what would fall due before the next one is read by this one.
_EARLY = 1 / 7
# The service's turns leave a run the time to begin, later than the week before by as much as its timer may.
_PATIENCE = timedelta(hours=12)
_log = logging.getLogger("preau.care")
_blobs: BlobStore | None = None
_settings = Care()


class Due(NamedTuple):
    """A file to compare."""

    id: int
    media_public_id: str
    blob_id: str
    stored_size: int
    stored_sha256: bytes
    damaged_at: object


def configure(blobs: BlobStore, settings: Care) -> None:
    """Compare the files of this store, at this pace."""
    global _blobs, _settings
    _blobs, _settings = blobs, settings


def run() -> int:
    """One turn of the service: the files that no weekly run has read, for a few seconds; once a day, rows and files
    are counted. How many files were read."""
    keys.forget_destroyed()
    _look_if_due()
    end, read = clock.monotonic() + _TURN_SECONDS, 0
    with _alone(wait=False) as is_mine:
        while is_mine and clock.monotonic() < end and not stopping.is_set():
            found = list_due()
            if not found:
                break
            read += _compare_all(found, end)
    return read


def run_whole(say: Callable[[int, int], None], *, everything: bool = False) -> int:
    """The weekly run: every file that is due before the next one, or every file; how many were read.

    `say` is told how many of how many. Cut at any moment, the next run and the service's turns go on from there.
    """
    _look_if_due()
    with _alone(wait=True):
        days = timedelta(days=_settings.scrub_days)
        before, read = clock.now() - (timedelta() if everything else days - days * _EARLY), 0
        total = sum(_due(condition).count() for condition in _conditions(before))
        while not stopping.is_set() and (found := list_due(before=before)):
            read += _compare_all(found, clock.monotonic() + _TURN_SECONDS)
            say(min(read, total), total)
    return read


@contextlib.contextmanager
def _alone(*, wait: bool) -> Iterator[bool]:
    """Whether no other process compares files meanwhile; `wait` for its end. The lock ends with its process."""
    folder = os.open(_blobs.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_mine = True
        except BlockingIOError:
            is_mine = wait
            if wait:
                _log.warning("files are being compared by another process: waiting for its end")
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield is_mine
    finally:
        os.close(folder)


def _look_if_due() -> None:
    last = care.find_last_look()
    if last is None or clock.now() - last.at >= _LOOK_EVERY:
        _made, alarming = care.look(_blobs)
        _tell([each for each in alarming if _mark(each.name, each.kind)])


def _conditions(before: datetime) -> tuple:
    """What is due, in the order in which it is read: never compared, then compared longest ago."""
    return Rendition.checked_at.is_null() & (Media.created_at < before), Rendition.checked_at < before


def _due(condition, *columns):
    alive = Media.deleted_at.is_null() & (Media.state != "uploading")
    return Rendition.select(*columns).join(Media).where(condition & alive)


def list_due(limit: int = _BATCH, *, before: datetime | None = None) -> list[Due]:
    """The files that were compared, or written, longest ago, before an instant; without one, when no weekly run has
    come for them in time."""
    before = before or clock.now() - timedelta(days=_settings.scrub_days) - _PATIENCE
    columns = (
        Rendition.id, Media.public_id, Rendition.blob_id, Rendition.stored_size, Rendition.stored_sha256,
        Rendition.damaged_at,
    )  # fmt: skip
    rows: list[Due] = []
    for condition, order in zip(_conditions(before), (Rendition.id, Rendition.checked_at), strict=True):
        query = _due(condition, *columns).order_by(order, Rendition.id).limit(limit - len(rows))
        rows += [Due(*row) for row in query.tuples()]
        if len(rows) >= limit:
            break
    return rows


def _compare_all(found: list[Due], end: float) -> int:
    database.release()  # nothing is held while the disk is read
    good, bad = [], []
    try:
        for each in found:
            kind = _compare(each)
            if kind is None:
                break
            (bad if kind else good).append((each, kind))
            if clock.monotonic() >= end:
                break
    finally:
        database.connect()
    with database.transaction():
        # By their names: the row ids of files that went away meanwhile may be those of other files by now.
        names = [each.blob_id for each, _kind in good]
        Rendition.update(checked_at=clock.now()).where(Rendition.blob_id.in_(names)).execute()
        healed = [each for each, _kind in good if each.damaged_at is not None]
        for each in healed:
            if Rendition.update(damaged_at=None).where(Rendition.blob_id == each.blob_id).execute():
                audit.record(None, "system", "media_file_whole_again", kind="media", object_id=each.media_public_id)
    _tell([each for each, kind in bad if care.is_alive(each.blob_id) and _mark(each.blob_id, kind)])
    return len(good) + len(bad)


def _compare(each: Due) -> str | None:
    """What is wrong with a file, empty when nothing is; None when the service stops meanwhile."""
    path = _blobs.path_of(each.blob_id)
    try:
        if path.stat().st_size != each.stored_size:
            return care.DAMAGED
        found = _read_slowly(path)
    except FileNotFoundError:
        return care.MISSING
    except OSError:  # the disk itself gives it no more
        return care.DAMAGED
    if found is None:
        return None
    return "" if found == bytes(each.stored_sha256) else care.DAMAGED


def _read_slowly(path: Path) -> bytes | None:
    digest, size, begun = hashlib.sha256(), 0, clock.monotonic()
    pace = _settings.scrub_mb_per_second * 1_000_000
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            if stopping.wait(max(0.0, size / pace - (clock.monotonic() - begun))):
                return None
    return digest.digest()


def _mark(blob_id: str, kind: str) -> bool:
    """Note that a file is damaged or missing; False when that was known."""
    with database.transaction():
        now = clock.now()
        Rendition.update(checked_at=now).where(Rendition.blob_id == blob_id).execute()
        unknown = (Rendition.blob_id == blob_id) & Rendition.damaged_at.is_null()
        if not Rendition.update(damaged_at=now).where(unknown).execute():
            return False
        media = Media.select().join(Rendition).where(Rendition.blob_id == blob_id).get()
        audit.record(
            None, "system", "media_file_damaged", kind="media", object_id=media.public_id,
            classroom=media.classroom.public_id, outcome="failure", reason=kind,
        )  # fmt: skip
    return True


def _tell(damaged: list) -> None:
    """Say it in the log and, where there is a relay, to the administrators."""
    if not damaged:
        return
    _log.error("files are damaged or missing: preau doctor lists them", extra={"files": len(damaged)})
    if not mail.is_possible():
        return
    admins = Account.select().join(Office).where((Office.role == "admin") & Account.disabled_at.is_null())
    for account in admins.where((Account.email != "") & Account.email_confirmed_at.is_null(False)).distinct():
        with i18n.speaking(account.language):
            body = _(
                "Bonjour,\n\n"
                "Préau a trouvé des fichiers abîmés ou manquants sur le disque du serveur\u202f: %(number)s.\n"
                "La page Administration et la commande «\u202fpreau doctor\u202f» en donnent la liste\u202f; "
                "ils sont à reprendre dans la dernière sauvegarde.\n",
                number=len(damaged),
            )
            try:
                mail.send(account.email, _("Des fichiers sont abîmés"), body)
            except Unavailable:
                return  # logged by the mail service; the administration page shows it


class Report(NamedTuple):
    """What is known of the files; `compared_since`: each of them was compared, or written, after it."""

    files: int
    bytes: int
    damaged: int
    compared_since: object
    last_look: object


def report() -> Report:
    """The figures for the administration page and for the metrics; one of four queries reads all files' rows."""
    files, size, damaged = care.count_files()
    rows = Rendition.select().join(Media).where(Media.deleted_at.is_null())
    compared = rows.select(Rendition.checked_at).where(Rendition.checked_at.is_null(False))
    oldest = (
        compared.order_by(Rendition.checked_at).limit(1),
        rows.select(fn.MIN(Media.created_at)).where(Rendition.checked_at.is_null()),
    )
    since = min((care.instant_of(each) for query in oldest if (each := query.scalar()) is not None), default=None)
    return Report(files, size, damaged, since, care.find_last_look())


def list_damaged_files(limit: int = 50) -> list[str]:
    """The names of the damaged or missing files, the newest find first."""
    found = _due(Rendition.damaged_at.is_null(False), Rendition.blob_id)
    return [name for (name,) in found.order_by(Rendition.damaged_at.desc(), Rendition.id).limit(limit).tuples()]


def list_damaged(academy_ids: list[int], limit: int = 50) -> list:
    """The damaged or missing files of some academies, the newest find first: their media, class, school and since
    when."""
    return list(
        Rendition.select(Rendition, Media, Classroom, School)
        .join(Media)
        .join(Classroom)
        .join(School)
        .where(Media.deleted_at.is_null() & Rendition.damaged_at.is_null(False) & School.academy.in_(academy_ids))
        .order_by(Rendition.damaged_at.desc(), Rendition.id)
        .limit(limit)
    )
