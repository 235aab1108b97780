"""Writes of an import: its files are kept, its doubts answered, it is applied, undone or dropped; each by who may."""

import json

from appliance.core.errors import Conflict, QuotaReached, Refused
from appliance.core.i18n import _
from appliance.features.roster_import import queries
from appliance.school.models import Classroom
from appliance.services.people import invitations, letters, school_letters
from appliance.services.roster import keeping, undo
from appliance.services.roster.apply import apply_import
from appliance.services.roster.models import RosterImport
from appliance.services.roster.records import RosterFile
from appliance.services.roster.undo import Undone
from appliance.storage.database import transaction


def upload(actor, school_public_id: str, files: dict[str, RosterFile], limits) -> RosterImport:
    """Keep the files of a school, once they are found readable; nothing is applied. Refused names the file's field."""
    school = queries.get_school(actor, school_public_id)
    keeping.read_files(files, limits)
    return keeping.keep_upload(actor, school, files)


def answer_doubts(actor, public_id: str, answers: dict[str, str]) -> None:
    """Keep what someone answered to the doubts of a waiting import; nothing is applied."""
    keeping.choose(actor, queries.get_import(actor, public_id), answers)


def apply(actor, public_id: str, seen: str, limits) -> RosterImport:
    """Apply a waiting import if its difference still is the one that was seen; Conflict once its files are gone."""
    waiting = queries.get_import(actor, public_id)
    files = keeping.open_upload(waiting)
    if files is None:
        raise Conflict(_("Cet import a déjà été appliqué, ou ses fichiers ne sont plus gardés. Rien n’a été modifié."))
    roster = keeping.read_files(files, limits)
    return apply_import(actor, waiting.school, roster, seen, json.loads(waiting.choices), waiting=waiting)


def print_teacher_letters(actor, public_id: str, public_url: str) -> bytes:
    """A PDF with a letter and a code for each teacher of the file who is in no team yet, a page for each class.

    These codes replace the teachers' codes of those classes that have not served: a code does not say whose it is.
    """
    done = queries.get_import(actor, public_id)
    uninvited = queries.list_uninvited(actor, done)
    if not uninvited:
        raise Refused(_("Aucun enseignant de ce fichier n’attend de lettre dans vos classes. Rien n’a été imprimé."))
    rooms = Classroom.select().where(Classroom.id.in_([access.classroom_id for _name, access in uninvited]))
    found = {room.id: room for room in rooms}
    with transaction():
        keeping.note_reading(actor, done.school, done.public_id)
        for access in {access.classroom_id: access for _name, access in uninvited}.values():
            invitations.cancel_colleague_invitations(actor, access, "teacher")
        invited = [(name, found[access.classroom_id], _invite(actor, access)) for name, access in uninvited]
        return letters.write_colleague_letters(invited, public_url=public_url)


def print_family_letters(actor, public_id: str, again: bool, public_url: str, most: int) -> bytes:
    """A PDF with the letter of each family without account, sorted by class; `again`: of those who have one, too."""
    awaited = [
        each
        for each in queries.list_awaited(actor, queries.get_import(actor, public_id))
        if again or not each.has_letter
    ]
    if not awaited:
        raise Refused(_("Aucune famille n’attend de lettre dans vos classes. Rien n’a été imprimé."))
    return school_letters.write_school_letters(actor, awaited, public_url=public_url, most=most)


def _invite(actor, access) -> str:
    try:
        return invitations.invite_colleague(actor, access)
    except QuotaReached:
        raise Refused(
            _(
                "La classe %(classroom)s a déjà tous les enseignants que sa formule permet. Rien n’a été imprimé. "
                "Invitez les autres collègues depuis l’équipe de leur classe.",
                classroom=access.classroom_name,
            )
        ) from None


def foresee_undo(actor, public_id: str) -> Undone:
    """What undoing an import would put back and keep, by name: nothing is written, the reading is in the journal."""
    done = queries.get_import(actor, public_id)
    foreseen = undo.foresee_undo(actor, done)
    keeping.note_reading(actor, done.school, done.public_id)
    return foreseen


def undo_import(actor, public_id: str) -> Undone:
    """Put back what an import changed."""
    return undo.undo_import(actor, queries.get_import(actor, public_id))


def discard(actor, public_id: str) -> None:
    """Delete the files of an import that waits; doing it twice changes nothing."""
    keeping.discard(actor, queries.get_import(actor, public_id))
