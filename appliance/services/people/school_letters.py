"""The letters of all families of a school in one go, sorted by class: one page for each guardian without account.

The rules are those of one class's letters; whoever has children in several classes gets one letter, with the first.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from peewee import fn

from appliance.core import clock
from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.school.models import Classroom, Enrolment, Guardian, Guardianship, Invitation, SchoolYear
from appliance.school.relations import ClassAccess
from appliance.services.people import invitations, letters
from appliance.storage.database import transaction


class Awaited(NamedTuple):
    """Someone without account: in which class they are written to, and whether a letter of theirs still opens it."""

    access: ClassAccess
    public_id: str
    has_letter: bool


def list_awaited(accesses: Iterable[ClassAccess]) -> list[Awaited]:
    """The guardians with legal authority and without account in the classes that are managed, in their order, by name.

    Each is there once.
    """
    managed = {access.classroom_id: access for access in accesses if access.can_manage}
    order = {classroom_id: place for place, classroom_id in enumerate(managed)}
    waiting = fn.EXISTS(
        Invitation.select(Invitation.id).where(
            (Invitation.guardian == Guardian.id)
            & (Invitation.purpose == "guardian")
            & Invitation.used_at.is_null()
            & Invitation.cancelled_at.is_null()
            & (Invitation.expires_at > clock.now())
        )
    )
    rows = (
        Guardian.select(Guardian.public_id, Enrolment.classroom.alias("classroom_id"), waiting.alias("has_letter"))
        .join(Guardianship, on=Guardianship.guardian == Guardian.id)
        .join(Enrolment, on=Enrolment.student == Guardianship.student)
        .join(Classroom, on=Enrolment.classroom == Classroom.id)
        .join(SchoolYear, on=Classroom.year == SchoolYear.id)
        .where(
            Enrolment.classroom.in_(list(managed))
            & Enrolment.left_on.is_null()
            & Guardian.account.is_null()
            & (Guardianship.authority == "legal")
            & (SchoolYear.ends_on >= clock.today())
        )
        .order_by(Guardian.last_name, Guardian.first_name, Guardian.id)
        .namedtuples()
    )
    found: dict[str, Awaited] = {}
    for row in sorted(rows, key=lambda row: order[row.classroom_id]):
        found.setdefault(row.public_id, Awaited(managed[row.classroom_id], row.public_id, bool(row.has_letter)))
    return list(found.values())


def write_school_letters(actor, awaited: list[Awaited], *, public_url: str, most: int) -> bytes:
    """The PDF of their letters; each gets a new code, which cancels the one before. Refused above `most`."""
    if len(awaited) > most:
        raise Refused(
            _(
                "Cela ferait %(count)s lettres, plus que ce serveur n’en imprime en une fois (%(most)s). "
                "Imprimez-les classe par classe. Rien n’a été modifié.",
                count=len(awaited),
                most=most,
            )
        )
    return letters.draw(_write(actor, awaited, public_url))


def _write(actor, awaited: list[Awaited], public_url: str) -> Iterator[letters.Letter]:
    """Class by class, so that nobody else's write waits for a whole school, and none for what is drawn."""
    for access, those in groupby(awaited, key=lambda each: each.access):
        with transaction():
            invited = invitations.invite_guardians(actor, access, [each.public_id for each in those])
            pages = letters.compose_letters(actor, access, invited, public_url=public_url)
        yield from pages
