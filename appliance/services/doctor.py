"""Is everything in order? Each problem in one sentence with its remedy; memory does not grow with what is looked at.

`repair` does what is safe at any time: it removes noise older than a day and submits again what nobody would prepare.
"""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from peewee import fn

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.crypto.errors import Tampered
from appliance.school import keys
from appliance.school.models import Academy, Classroom
from appliance.services import audit, backlog, work
from appliance.services.media import care, programs, scrub, store
from appliance.services.media.models import Media, Rendition, Upload
from appliance.services.work import Task
from appliance.storage import database
from appliance.storage.blobs import BlobStore

PROBLEM, NOTE = "problem", "note"
_CLOCK_SLACK = timedelta(minutes=5)


class Sign(NamedTuple):
    """One thing found: a problem, or a note that may stay as it is."""

    code: str
    text: str
    level: str = PROBLEM


def examine(blobs: BlobStore, *, scrub_days: int, repair: bool = False, digests: bool = False) -> Iterator[Sign]:
    """Everything found, as it is found: clock, disk, keys, journal, tasks, media, files."""
    yield from _clock()
    yield from _disk(blobs)
    yield from _keys()
    yield from (Sign("journal", f"{text}: keep a copy of the database and tell the DPO") for text in audit.verify())
    yield from (Sign("task", text) for text in backlog.list_problems())
    yield from (Sign("program", text, NOTE) for text in programs.list_missing())
    yield from _media(repair)
    yield from _files(blobs, repair, digests)
    yield from _scrub(scrub_days)


def _clock() -> Iterator[Sign]:
    now = clock.now()
    last = audit.AuditEntry.select(fn.MAX(audit.AuditEntry.at)).scalar()
    if last is not None and care.instant_of(last) - now > _CLOCK_SLACK:
        yield Sign("clock", "the clock is behind the last entry of the journal: set it (timedatectl)")
    theirs = database.read_clock()
    if theirs is not None and abs(theirs - now) > _CLOCK_SLACK:
        yield Sign("clock", "the clocks of this machine and of PostgreSQL's differ: set them (timedatectl)")


def _disk(blobs: BlobStore) -> Iterator[Sign]:
    free = shutil.disk_usage(blobs.root).free
    if free < blobs.reserve_bytes:
        yield Sign("disk", f"{free // 1_000_000} MB are free, so no file is accepted: make room, or enlarge the disk")
    elif free < 4 * blobs.reserve_bytes:
        yield Sign("disk", f"only {free // 1_000_000} MB are free: make room before files are refused", NOTE)


def _keys() -> Iterator[Sign]:
    ring = keys.ring()
    ring.forget_all()  # what was opened before proves nothing
    held = "restore the key file from the recovery sheet, then the database from the last backup"
    elsewhere = 0
    for academy in Academy.select().order_by(Academy.id):
        try:
            keys.academy_key(academy)
            elsewhere += ring.kek_of(academy.public_id, academy.wrapped_key) != ring.kek_id
        except Tampered:
            yield Sign("academy_key", f"the key of the academy {academy.public_id} does not open: {held}")
    if elsewhere:
        yield Sign("rotation", f"{elsewhere} academies are under another master key than the one in force: "
                   "run preau key rotate, which ends what was interrupted")  # fmt: skip
    elif len(ring.kek_ids) > 1:
        yield Sign("rotation", "a retired master key is still here: once the new recovery sheet is printed, "
                   "run preau key rotate --forget-old", NOTE)  # fmt: skip
    for room in Classroom.select(Classroom.id, Classroom.public_id).where(Classroom.wrapped_key.is_null(False)):
        try:
            keys.classroom_key(room.id)
        except (Tampered, NotFound):
            yield Sign("class_key", f"the key of the class {room.public_id} does not open: {held}")
    for purpose in keys.PURPOSES:
        try:
            keys.purpose_key(purpose)
        except Tampered:
            yield Sign("purpose_key", f"the key for {purpose} does not open: {held}")


def _media(repair: bool) -> Iterator[Sign]:
    alive = Media.deleted_at.is_null()
    running = Upload.select(Upload.media).where(Upload.expires_at > clock.now() - timedelta(days=1))
    stuck = Media.select().where(alive & (Media.state == "uploading") & Media.id.not_in(running)).count()
    if stuck:
        yield Sign(
            "uploading", f"{stuck} uploads were given up and are still there: start the service, it removes them"
        )
    tasks = Task.select(Task.subject).where(Task.kind == store.PROCESSING)
    waiting = alive & (Media.state == "waiting") & Media.public_id.not_in(tasks)
    stuck = Media.select().where(waiting).count()
    if stuck and repair:
        for media in list(Media.select(Media.public_id).where(waiting)):
            work.submit(store.PROCESSING, media.public_id)
    elif stuck:
        yield Sign("waiting", f"{stuck} media wait and nothing will prepare them: run preau doctor --repair")


def _files(blobs: BlobStore, repair: bool, digests: bool) -> Iterator[Sign]:
    young = 0
    for each in care.walk(blobs, repair=repair, digests=digests):
        if each.is_young:
            young += 1
        else:
            yield Sign(f"file_{each.kind}", each.text)
    if young:
        yield Sign("file_young", f"{young} files have no row yet or no more: an upload or a deletion is going on, or "
                   "was cut; preau doctor --repair removes them a day later", NOTE)  # fmt: skip
    known = Rendition.damaged_at.is_null(False) & Media.deleted_at.is_null()
    damaged = Rendition.select().join(Media).where(known).count()
    if damaged:
        yield Sign("file_known", f"{damaged} files were found damaged or missing by the weekly comparison: restore "
                   "them from the last backup; the next comparison clears them")  # fmt: skip


def _scrub(days: int) -> Iterator[Sign]:
    since = scrub.report().compared_since
    if since is not None and clock.now() - since > timedelta(days=2 * days + 1):
        yield Sign("scrub", f"some files were last compared on {since:%Y-%m-%d}: keep the service running, or raise "
                   "care.scrub_mb_per_second", NOTE)  # fmt: skip
