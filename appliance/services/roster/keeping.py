"""Uploads wait sealed for an hour, what an import changed is kept a month; then they are gone.

The files never lie in clear anywhere: they are read again from their sealed row each time they are looked at.
"""

import base64
import json
import zlib
from datetime import timedelta

from appliance.core import clock
from appliance.core.errors import Conflict
from appliance.core.i18n import _
from appliance.crypto import fields
from appliance.school import keys
from appliance.school.models import School
from appliance.services import audit
from appliance.services.roster.models import APPLIED, EXPIRED, PENDING, RosterChange, RosterImport
from appliance.services.roster.onde import read_onde
from appliance.services.roster.records import Roster, RosterFile
from appliance.services.roster.state import State
from appliance.services.roster.tables import Limits
from appliance.storage import database
from appliance.storage.database import transaction

UPLOAD_LIFE = timedelta(hours=1)
UNDO_LIFE = timedelta(days=30)
MOST_WAITING = 5
ROLES = ("pupils", "guardians", "teachers")


def limits_of(roster_mb: int) -> Limits:
    """The limits of a reading, with the configured size of a file."""
    return Limits(file_bytes=roster_mb * 1024 * 1024)


def read_files(files: dict[str, RosterFile], limits: Limits) -> Roster:
    """The roster of the files by role; RosterRefused where one is not what it is given as."""
    return read_onde(files["pupils"], files.get("guardians"), files.get("teachers"), limits=limits)


def keep_upload(actor, school: School, files: dict[str, RosterFile]) -> RosterImport:
    """Keep files that could be read, sealed, for an hour: nothing of them is applied. The oldest of many go."""
    packed = {role: [file.name, base64.b64encode(file.data).decode()] for role, file in files.items()}
    with transaction():
        waiting = RosterImport.create(
            school=school,
            account=actor.account_id or None,
            created_at=clock.now(),
            expires_at=clock.now() + UPLOAD_LIFE,
        )
        key, context = _place(waiting)
        sealed = fields.seal(key, context, zlib.compress(json.dumps(packed).encode(), 6))
        RosterImport.update(upload=sealed).where(RosterImport.id == waiting.id).execute()
        _record(actor, "create", "roster_upload_kept", waiting)
        _drop_surplus(actor, waiting)
    return RosterImport.get_by_id(waiting.id)


def _drop_surplus(actor, latest: RosterImport) -> None:
    """One person's uploads that wait for one school are few: giving files again and again fills no disk."""
    own = (RosterImport.school == latest.school_id) & (RosterImport.account == latest.account_id)
    waiting = own & (RosterImport.status == PENDING)
    for surplus in sorted(_list_held(waiting), key=lambda row: -row.id)[MOST_WAITING:]:
        RosterImport.delete().where(RosterImport.id == surplus.id).execute()
        _record(actor, "delete", "roster_upload_discarded", surplus)


def open_upload(waiting: RosterImport) -> dict[str, RosterFile] | None:
    """The files of a waiting import by role; None once its hour is over or it was applied or abandoned."""
    if not is_waiting(waiting):
        return None
    key, context = _place(waiting)
    packed = json.loads(zlib.decompress(fields.open_sealed(key, context, waiting.upload)))
    return {role: RosterFile(name, base64.b64decode(data)) for role, (name, data) in packed.items()}


def is_waiting(waiting: RosterImport) -> bool:
    """Whether its files are still there to be looked at and applied."""
    return waiting.status == PENDING and clock.now() < waiting.expires_at


def choose(actor, waiting: RosterImport, answers: dict[str, str]) -> None:
    """Keep what a person answered to the doubts of a waiting import; an empty answer leaves the doubt open."""
    with transaction():
        if not is_waiting(RosterImport.get_by_id(waiting.id)):
            raise Conflict(_("Cet import n’attend plus. Rien n’a été modifié."))
        kept = {doubt: answer for doubt, answer in sorted(answers.items()) if answer}
        RosterImport.update(choices=json.dumps(kept)).where(RosterImport.id == waiting.id).execute()
        _record(actor, "update", "roster_doubts_answered", waiting)


def discard(actor, waiting: RosterImport) -> None:
    """Delete the files of a waiting import at once; doing it twice changes nothing."""
    with transaction():
        if RosterImport.delete().where((RosterImport.id == waiting.id) & (RosterImport.status == PENDING)).execute():
            _record(actor, "delete", "roster_upload_discarded", waiting)


def note_reading(actor, school: School, object_id: str = "") -> None:
    """Leave the entry of a sensitive read: someone looked at the difference of a whole school."""
    with transaction():
        audit.record(
            actor, "read", "roster_difference_read", kind="roster_upload", object_id=object_id or school.public_id,
            tenant=school.academy.public_id,
        )  # fmt: skip


def open_report(done: RosterImport) -> dict[str, list]:
    """The lists of an applied import; empty once they were forgotten."""
    if not done.report:
        return {"differences": [], "doubts": [], "teachers": []}
    return State(done.school, done.school.academy, None).unseal("roster_import", "report", done.public_id, done.report)


def forget_uploads() -> int:
    """Delete the files that nobody applied within the hour; how many."""
    late = (RosterImport.status == PENDING) & (RosterImport.expires_at <= clock.now())
    with transaction():
        rows = _list_held(late)
        RosterImport.update(status=EXPIRED, upload=None, choices="{}").where(late).execute()
        for row in rows:
            _record(None, "delete", "roster_upload_expired", row)
    return len(rows)


def forget_changes() -> int:
    """Delete the before-images and lists of imports older than a month, and the traces of expired uploads; how many."""
    limit = clock.now() - UNDO_LIFE
    with transaction():
        RosterImport.delete().where((RosterImport.status == EXPIRED) & (RosterImport.created_at < limit)).execute()
        old = (RosterImport.applied_at < limit) & RosterImport.forgotten_at.is_null()
        rows = _list_held(old)
        ids = [row.id for row in rows]
        RosterChange.delete().where(RosterChange.roster_import.in_(ids)).execute()
        RosterImport.update(report=None, forgotten_at=clock.now()).where(RosterImport.id.in_(ids)).execute()
        for row in rows:
            _record(None, "delete", "roster_lists_forgotten", row)
    return len(rows)


def _list_held(condition) -> list[RosterImport]:
    """Imports by row, without their files, held until the transaction ends."""
    rows = RosterImport.select(RosterImport.id, RosterImport.public_id, RosterImport.school).where(condition)
    return list(database.locked(rows.order_by(RosterImport.id)))


def can_be_undone(done: RosterImport) -> bool:
    """Whether what it changed is still kept."""
    return done.status == APPLIED and done.forgotten_at is None


def _place(waiting: RosterImport) -> tuple[bytes, bytes]:
    academy = waiting.school.academy
    context = fields.field_context(academy.public_id, "roster_import", "upload", waiting.public_id)
    return keys.academy_key(academy), context


def _record(actor, operation: str, event: str, waiting: RosterImport) -> None:
    audit.record(
        actor, operation, event, kind="roster_upload", object_id=waiting.public_id,
        tenant=waiting.school.academy.public_id,
    )  # fmt: skip
