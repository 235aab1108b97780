"""Is everything in order? Each problem in one sentence with its remedy; memory does not grow with what is looked at.

`repair` does what is safe at any time: it removes noise older than a day and submits again what nobody would prepare.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.crypto.errors import Tampered
from appliance.school import keys
from appliance.school.models import Academy, Classroom
from appliance.services import audit, work
from appliance.services.health import checks, words
from appliance.services.health.checks import Place
from appliance.services.media import care, store
from appliance.services.media.models import Media, Upload
from appliance.services.work import Task
from appliance.storage import migrate
from appliance.storage.blobs import BlobStore

PROBLEM, NOTE = "problem", "warning"


class Sign(NamedTuple):
    """One thing found: a problem, a warning that may stay as it is, or what is well."""

    code: str
    text: str
    level: str = PROBLEM


def examine(place: Place, *, repair: bool = False, digests: bool = False) -> Iterator[Sign]:
    """Everything, as it is looked at: the rules of the console with what is well, then keys, journal, media, files."""
    for check in checks.look(place, thorough=True):
        yield Sign(check.code, words.english(check), checks.LEVELS[check.level])
    yield from (
        Sign("schema", f"step {step.number:04} of the schema was another file when it was applied here: "
             "install the package again, and tell its makers if this stays", NOTE)
        for step in migrate.list_edited()
    )  # fmt: skip
    yield from _keys()
    yield from (Sign("journal", f"{text}: keep a copy of the database and tell the DPO") for text in audit.verify())
    yield from _media(repair)
    yield from _files(place.blobs, repair, digests)


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
