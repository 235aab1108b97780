"""Invitations: a printed code opens an account for the guardian it names, or links the account they already have.

Only a guardian with legal authority is invited; a code is spent once; nobody is ever shown another guardian.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from appliance.core import clock
from appliance.core.config import Security
from appliance.core.errors import Denied, NotFound, QuotaReached, Refused
from appliance.core.i18n import _
from appliance.school.models import (
    Account,
    Classroom,
    Enrolment,
    Guardian,
    Guardianship,
    Invitation,
    Membership,
    SchoolYear,
    Student,
)
from appliance.services import audit, plans
from appliance.services.people import accounts, codes, passwords, places
from appliance.services.people.joining import (
    JoinFields,
    ask_to_join,
    decide_join_request,
    find_classroom_by_key,
    list_join_requests,
)
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
        return [(guardian, _invite_guardian(actor, access, guardian)) for guardian in invited]


def _with_authority(classroom_id: int) -> set[int]:
    query = (
        Guardianship.select(Guardianship.guardian)
        .join(Enrolment, on=Enrolment.student == Guardianship.student)
        .where(
            (Enrolment.classroom == classroom_id) & Enrolment.left_on.is_null() & (Guardianship.authority == "legal")
        )
    )
    return {row.guardian_id for row in query}


def _invite_guardian(actor, access, guardian: Guardian) -> str:
    code = codes.create("guardian", life=_life, created_by=actor.account_id, guardian=guardian)
    _record(actor, "authn_token_created", "guardian", guardian.public_id, access.classroom_public_id)
    return code


def cancel_guardian_invitation(actor, access, guardian_public_id: str) -> None:
    """Make the printed code of a guardian of this class worthless."""
    _require_manager(access)
    guardian = Guardian.get_or_none(Guardian.public_id == guardian_public_id)
    if guardian is None or guardian.id not in _with_authority(access.classroom_id):
        raise NotFound()
    with transaction():
        if codes.cancel("guardian", guardian=guardian):
            _record(actor, "authn_token_revoked", "guardian", guardian.public_id, access.classroom_public_id)


def invite_colleague(actor, access, role: str = "teacher") -> str:
    """A code that makes whoever uses it a teacher or an assistant of this class."""
    _require_manager(access)
    if role not in places.TEACHING:
        raise Refused(_("Choisissez un rôle."), field="role")
    with transaction():
        classroom = Classroom.get_by_id(access.classroom_id)
        _require_place(classroom, role)
        code = codes.create("colleague", life=_life, created_by=actor.account_id, classroom=classroom, role=role)
        _record(actor, "authn_token_created", "classroom", classroom.public_id, classroom.public_id, reason=role)
    return code


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
        account = accounts.open_account(person, password_hash)
        _grant(invitation, account)
        then(account)
    return account


def link_account(actor, typed: str, *, network: str = "") -> None:
    """Spend a code for the account that the actor already has: one account for all children and schools."""
    invitation = _find(typed, network)
    with transaction():
        _grant(invitation, Account.get_by_id(actor.account_id))


def list_children_of(guardian: Guardian) -> list[tuple[Student, Classroom]]:
    """The children under a guardian's legal authority, in this year's classes of their school, in name order."""
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
        .order_by(Student.first_name, Student.id, Classroom.id)
    )
    return [(row.student, row.classroom) for row in query]


def _find(typed: str, network: str) -> Invitation:
    invitation = codes.find(typed, network=network, purposes=PURPOSES)
    if invitation.purpose == "guardian":
        guardian = invitation.guardian
        if guardian is None or guardian.account_id is not None or not list_children_of(guardian):
            raise codes.WrongCode()  # the authority was withdrawn, the child left, or an account is linked since
    return invitation


def _describe(invitation: Invitation) -> Welcome:
    if invitation.purpose == "guardian":
        guardian = invitation.guardian
        children = tuple((student.first_name, room.name) for student, room in list_children_of(guardian))
        last_name = guardian.usage_name or guardian.last_name
        return Welcome("guardian", guardian.first_name, last_name, guardian.school.name, children)
    room = invitation.classroom
    return Welcome("colleague", "", "", room.school.name, classroom_name=room.name, role=invitation.role)


def _grant(invitation: Invitation, account: Account) -> None:
    """Give the account what the code stands for, in the caller's transaction."""
    codes.use(invitation)
    actor = accounts.actor_of(account)
    if invitation.purpose == "guardian":
        _link_guardian(actor, invitation.guardian, account)
    else:
        _require_place(invitation.classroom, invitation.role)
        places.add_teacher(actor, account, invitation.classroom, invitation.role)


def _link_guardian(actor, guardian: Guardian, account: Account) -> None:
    students = [student.id for student, _room in list_children_of(guardian)]
    doubled = (
        Guardianship.select()
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .where((Guardian.account == account) & Guardianship.student.in_(students))
    )
    if doubled.exists():
        raise Refused(
            _(
                "Votre compte est déjà rattaché à cet enfant\u202f: cette lettre est adressée à une autre personne. "
                "Rien n’a été modifié. Si c’est une erreur, parlez-en à l’école."
            )
        )
    linked = Guardian.update(account=account).where((Guardian.id == guardian.id) & Guardian.account.is_null()).execute()
    if not linked:
        raise codes.WrongCode()
    audit.record(actor, "update", "guardian_account_linked", kind="guardian", object_id=guardian.public_id)
    rooms = {room.id: room for _student, room in list_children_of(guardian)}
    for room in rooms.values():
        audit.bump(f"class:{room.id}")


def _require_manager(access) -> None:
    if not access.can_manage:
        raise Denied()


def _require_place(classroom: Classroom, role: str) -> None:
    if role != "teacher":
        return
    teachers = Membership.select().where((Membership.classroom == classroom) & (Membership.role == "teacher")).count()
    most = plans.plan_of(classroom.id).administrators
    if most is not None and teachers >= most:
        raise QuotaReached(
            _(
                "Cette classe a déjà %(most)s enseignants, le maximum. Rien n’a été modifié.",
                most=most,
            )
        )


def _record(actor, event: str, kind: str, object_id: str, classroom: str, *, reason: str = "") -> None:
    audit.record(
        actor, "authenticate", event, kind=kind, object_id=object_id, classroom=classroom, reason=reason or "invitation"
    )


__all__ = [
    "JoinFields",
    "Welcome",
    "ask_to_join",
    "cancel_guardian_invitation",
    "decide_join_request",
    "find_classroom_by_key",
    "invite_colleague",
    "invite_guardians",
    "link_account",
    "list_join_requests",
    "open_account",
    "welcome",
]
