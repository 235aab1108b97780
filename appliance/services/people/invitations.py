"""Invitations: a printed code opens an account for the guardian it names, or links the account they already have.

Only a guardian with legal authority is invited; a code is spent once; nobody is ever shown another guardian.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from appliance.core import clock
from appliance.core.config import Security
from appliance.core.errors import Denied, NotFound, Refused
from appliance.core.i18n import _
from appliance.school.models import (
    Account,
    Classroom,
    Enrolment,
    Guardian,
    Guardianship,
    Invitation,
    SchoolYear,
    Student,
)
from appliance.services import audit, plans
from appliance.services.people import accounts, codes, colleagues, joining, passwords
from appliance.services.people.colleagues import (
    cancel_colleague_invitation,
    cancel_colleague_invitations,
    list_colleague_invitations,
)
from appliance.services.people.joining import (
    JoinFields,
    ask_to_join,
    decide_join_request,
    find_classroom_by_key,
    list_join_requests,
)
from appliance.storage import database
from appliance.storage.database import transaction

PURPOSES = ("guardian", "colleague")
_life = timedelta(days=Security().invitation_days)


@dataclass(frozen=True)
class Welcome:
    """What a valid code shows its holder: who is invited, to which school, for which of *their* children or class."""

    purpose: str
    first_name: str
    last_name: str
    school_name: str
    children: tuple[tuple[str, str], ...] = ()  # first name, class
    classroom_name: str = ""
    role: str = ""


def configure(security: Security) -> None:
    """Take the life of printed codes and the size of classes from here on."""
    global _life
    _life = timedelta(days=security.invitation_days)


def life() -> timedelta:
    """How long a printed code opens something."""
    return _life


def invite_guardians(actor, access, guardian_public_ids: Iterable[str]) -> list[tuple[Guardian, str]]:
    """A fresh code for each guardian of the class who has legal authority and no account yet, in name order.

    Their earlier codes are cancelled. NotFound when one of the ids is no guardian of this class; those who already have
    an account, or no legal authority, are left out.
    """
    _require_manager(access)
    wanted = set(guardian_public_ids)
    found = list(
        Guardian.select()
        .join(Guardianship, on=Guardianship.guardian == Guardian.id)
        .join(Enrolment, on=Enrolment.student == Guardianship.student)
        .where(
            Guardian.public_id.in_(wanted) & (Enrolment.classroom == access.classroom_id) & Enrolment.left_on.is_null()
        )
        .order_by(Guardian.last_name, Guardian.first_name, Guardian.id)
        .distinct()
    )
    if {guardian.public_id for guardian in found} != wanted:
        raise NotFound()
    with_authority = _with_authority(access.classroom_id)
    invited = [each for each in found if each.account_id is None and each.id in with_authority]
    with transaction():
        _hold(each.id for each in invited)
        # All codes, then the journal: whoever uses an old code meanwhile holds it and waits for the journal.
        made = [
            (each, codes.create("guardian", life=_life, created_by=actor.account_id, guardian=each)) for each in invited
        ]
        for guardian, _code in made:
            _record(actor, "authn_token_created", "guardian", guardian.public_id, access.classroom_public_id)
    return made


def _with_authority(classroom_id: int) -> set[int]:
    query = (
        Guardianship.select(Guardianship.guardian)
        .join(Enrolment, on=Enrolment.student == Guardianship.student)
        .join(Classroom, on=Enrolment.classroom == Classroom.id)
        .join(SchoolYear, on=Classroom.year == SchoolYear.id)
        .where(
            (Enrolment.classroom == classroom_id)
            & Enrolment.left_on.is_null()
            & (Guardianship.authority == "legal")
            & (SchoolYear.ends_on >= clock.today())
        )
    )
    return {row.guardian_id for row in query}


def _hold(guardian_ids: Iterable[int]) -> None:
    """Let nobody else give these guardians a code or an account until the commit; before the codes and the journal."""
    rows = Guardian.select(Guardian.id).where(Guardian.id.in_(list(guardian_ids)))
    list(database.locked(rows.order_by(Guardian.id)))


def cancel_guardian_invitations(actor, access, guardian_public_ids: Iterable[str]) -> None:
    """Make the printed codes of guardians of this class worthless."""
    _require_manager(access)
    wanted = set(guardian_public_ids)
    found = Guardian.select().where(
        Guardian.public_id.in_(wanted) & Guardian.id.in_(_with_authority(access.classroom_id))
    )
    guardians = list(found.order_by(Guardian.id))
    if {guardian.public_id for guardian in guardians} != wanted:
        raise NotFound()
    with transaction():
        _hold(guardian.id for guardian in guardians)
        cancelled = [guardian for guardian in guardians if codes.cancel("guardian", guardian=guardian)]
        for guardian in cancelled:
            _record(actor, "authn_token_revoked", "guardian", guardian.public_id, access.classroom_public_id)


def invite_colleague(actor, access, role: str = "teacher") -> str:
    """A code that makes whoever uses it a teacher or an assistant of this class, for the life of a printed code."""
    return colleagues.invite_colleague(actor, access, role, life=_life)


def welcome(typed: str, *, network: str = "") -> Welcome:
    """What a valid code opens; WrongCode otherwise. Looking spends nothing."""
    return _describe(_find(typed, network))


def open_account(
    typed: str, person: accounts.Person, password: str, *, network: str = "",
    then: Callable[[Account], None] = lambda account: None,
) -> Account:  # fmt: skip
    """Spend a code for a new account of this person; account, link and code are written together or not at all.

    The account's identifier is made here: no answer tells who else has one.
    """
    invitation = _find(typed, network)
    person = accounts.check_newcomer(person)
    password_hash = passwords.make_hash(password, [*accounts.words_about(person), _describe(invitation).school_name])
    with transaction():
        _spend(invitation)
        account = accounts.open_account(person, password_hash)
        _grant(invitation, account)
        then(account)
    return account


def link_account(actor, typed: str, *, network: str = "") -> None:
    """Spend a code for the account that the actor already has: one account for all children and schools."""
    invitation = _find(typed, network)
    with transaction():
        _spend(invitation)
        _grant(invitation, Account.get_by_id(actor.account_id))


def list_children_of(guardian: Guardian) -> list[tuple[Student, Classroom]]:
    """The children under a guardian's legal authority, in this year's classes of their school, in name order; in
    August two years are open, the class to come is last."""
    query = (
        Enrolment.select(Enrolment, Student, Classroom)
        .join(Student, on=Enrolment.student == Student.id)
        .join(Guardianship, on=Guardianship.student == Student.id)
        .switch(Enrolment)
        .join(Classroom, on=Enrolment.classroom == Classroom.id)
        .join(SchoolYear, on=Classroom.year == SchoolYear.id)
        .where(
            (Guardianship.guardian == guardian)
            & (Guardianship.authority == "legal")
            & (Enrolment.left_on.is_null() | (Enrolment.left_on > clock.today()))
            & (SchoolYear.ends_on >= clock.today())
            & (Classroom.school == guardian.school_id)
        )
        .order_by(Student.first_name, Student.id, SchoolYear.starts_on, Classroom.id)
    )
    return [(row.student, row.classroom) for row in query]


def list_places_of(guardian: Guardian) -> list[tuple[Student, Classroom]]:
    """The same with each child once, in the latest class: as a letter says it."""
    return list({student.id: (student, room) for student, room in list_children_of(guardian)}.values())


def _find(typed: str, network: str) -> Invitation:
    invitation = codes.find(typed, network=network, purposes=PURPOSES)
    if invitation.purpose == "guardian":
        guardian = invitation.guardian
        if guardian is None or guardian.account_id is not None or not list_children_of(guardian):
            raise codes.WrongCode()  # the authority was withdrawn, the child left, or an account is linked since
    elif not colleagues.stands(invitation):
        raise codes.WrongCode()  # the year is over, or whoever made it no longer decides
    return invitation


def _describe(invitation: Invitation) -> Welcome:
    if invitation.purpose == "guardian":
        guardian = invitation.guardian
        children = tuple((student.first_name, room.name) for student, room in list_places_of(guardian))
        last_name = guardian.usage_name or guardian.last_name
        return Welcome("guardian", guardian.first_name, last_name, guardian.school.name, children)
    room = invitation.classroom
    return Welcome("colleague", "", "", room.school.name, classroom_name=room.name, role=invitation.role)


def _spend(invitation: Invitation) -> None:
    """Hold what the code speaks of and spend it, before anything is journaled."""
    if invitation.purpose == "colleague":
        plans.hold(invitation.classroom_id)
    else:
        _hold([invitation.guardian_id])
    codes.use(invitation)


def _grant(invitation: Invitation, account: Account) -> None:
    """Give the account what the code stands for, in the caller's transaction."""
    actor = accounts.actor_of(account)
    if invitation.purpose == "guardian":
        _link_guardian(actor, invitation.guardian, account)
    else:
        colleagues.join_team(actor, invitation, account)


def _link_guardian(actor, guardian: Guardian, account: Account) -> None:
    if joining.follows_a_child_of(account, guardian):
        raise Refused(
            _(
                "Votre compte est déjà rattaché à cet enfant\u202f: cette lettre est adressée à une autre personne. "
                "Rien n’a été modifié. Si c’est une erreur, parlez-en à l’école."
            )
        )
    if not joining.link_account(actor, guardian, account):
        raise codes.WrongCode()
    rooms = {room.id: room for _student, room in list_children_of(guardian)}
    for room in rooms.values():
        audit.bump(f"class:{room.id}")


def _require_manager(access) -> None:
    if not access.can_manage:
        raise Denied()


def _record(actor, event: str, kind: str, object_id: str, classroom: str, *, reason: str = "") -> None:
    audit.record(
        actor, "authenticate", event, kind=kind, object_id=object_id, classroom=classroom, reason=reason or "invitation"
    )


__all__ = [
    "JoinFields",
    "Welcome",
    "ask_to_join",
    "cancel_colleague_invitation",
    "cancel_colleague_invitations",
    "cancel_guardian_invitations",
    "decide_join_request",
    "find_classroom_by_key",
    "invite_colleague",
    "invite_guardians",
    "link_account",
    "list_colleague_invitations",
    "list_join_requests",
    "open_account",
    "welcome",
]
