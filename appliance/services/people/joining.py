"""Joining by the class key: the key lets one ask, the teacher decides; until then nothing of the class is shown.

What happens to a request is the same whether the child is in the class or not: only the teacher knows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.core import clock
from appliance.core.errors import Conflict, Denied, NotFound, QuotaReached, Refused
from appliance.core.i18n import _, lazy_
from appliance.core.richtext import normalise
from appliance.school.models import (
    Account,
    Classroom,
    Enrolment,
    Guardian,
    Guardianship,
    JoinRequest,
    Membership,
    SchoolYear,
    Student,
)
from appliance.services import audit, plans
from appliance.services.people import accounts, children, passwords, throttle
from appliance.storage import database
from appliance.storage.database import transaction

KEY_LENGTH = 8
PENDING_AT_MOST = 5
_UNKNOWN_KEY = lazy_(
    "Cette clé de classe n’est pas reconnue. Vérifiez-la, ou demandez à l’enseignant celle d’aujourd’hui\u202f: "
    "elle peut changer."
)
_LOOK_ALIKES = str.maketrans("OIL", "011")


@dataclass(frozen=True)
class JoinFields:
    """What is asked of someone who joins."""

    key: str
    child_name: str
    kinship: str = ""


def find_classroom_by_key(typed: str, *, network: str = "") -> Classroom:
    """The class of this year that a key belongs to; Refused on `key`, in the same words, for any other text."""
    throttle.require_calm_network(throttle.CLASS_KEY, network)
    key = "".join(sign for sign in normalise(typed).upper() if sign.isalnum()).translate(_LOOK_ALIKES)
    room = None
    if len(key) == KEY_LENGTH and key.isascii():
        room = (
            Classroom.select()
            .join(SchoolYear, on=Classroom.year == SchoolYear.id)
            .where((Classroom.join_code == key) & (SchoolYear.ends_on >= clock.today()))
            .first()
        )
    if room is None:
        with transaction():
            throttle.note_failure(throttle.CLASS_KEY, b"", network)
        raise Refused(_UNKNOWN_KEY, field="key")
    return room


def ask_to_join(
    actor, fields: JoinFields, person: accounts.Person | None = None, password: str = "", *, network: str = "",
    then: Callable[[Account], None] = lambda account: None,
) -> JoinRequest:  # fmt: skip
    """Leave a request for the teacher; someone without account opens one, which shows nothing before the approval.

    The answer is the same whoever has an account already: the identifier is made here, the address need not be free.
    """
    room = find_classroom_by_key(fields.key, network=network)
    child_name, kinship = accounts.one_line(fields.child_name), accounts.one_line(fields.kinship)[:30]
    if not child_name:
        raise Refused(_("Écrivez le prénom et le nom de l’enfant."), field="child_name")
    if len(child_name) > 200:
        raise Refused(_("Ce nom est trop long\u202f: %(most)s caractères au plus.", most=200), field="child_name")
    password_hash = ""
    if actor is None:
        person = accounts.check_newcomer(person)
        password_hash = passwords.make_hash(password, [*accounts.words_about(person), room.school.name])
    with transaction():
        if actor is None:
            account = accounts.open_account(person, password_hash)
            actor = accounts.actor_of(account)
        else:
            account = database.locked(Account.select().where(Account.id == actor.account_id)).get()
            _require_patience(account, room)
        request = JoinRequest.create(account=account, classroom=room, child_name=child_name, kinship=kinship)
        _record(actor, "create", "join_requested", request, room)
        then(account)
    return request


def _require_patience(account: Account, room: Classroom) -> None:
    pending = (
        JoinRequest.select()
        .join(Classroom)
        .join(SchoolYear)
        .where(
            (JoinRequest.account == account)
            & (JoinRequest.status == "pending")
            & (SchoolYear.ends_on >= clock.today())  # nobody answers for a class of a past year
        )
    )
    if pending.where(JoinRequest.classroom == room).exists():
        raise Refused(_("Votre demande attend déjà la réponse de l’enseignant\u202f: il n’y a rien d’autre à faire."))
    if pending.count() >= PENDING_AT_MOST:
        raise Refused(
            _("Vous avez déjà plusieurs demandes en attente. Attendez une réponse avant d’en faire une autre.")
        )


def list_join_requests(actor, access) -> list[JoinRequest]:
    """The requests that wait in a class, the oldest first, for those who decide."""
    if not access.can_manage:
        raise Denied()
    return list(
        JoinRequest.select(JoinRequest, Account)
        .join(Account, on=JoinRequest.account == Account.id)
        .where((JoinRequest.classroom == access.classroom_id) & (JoinRequest.status == "pending"))
        .order_by(JoinRequest.created_at, JoinRequest.id)
    )


def decide_join_request(
    actor, access, request_public_id: str, approve: bool, student_public_id: str = "", guardian_public_id: str = ""
) -> JoinRequest:
    """Approve or refuse once: approving makes the account a guardian, with legal authority, of that pupil of the class.

    `guardian_public_id` names the guardian without account whom the roster already knows for this pupil, if it is them.
    """
    if not access.can_manage:
        raise Denied()
    with transaction():
        plans.hold(access.classroom_id)
        request = JoinRequest.get_or_none(
            (JoinRequest.public_id == request_public_id) & (JoinRequest.classroom == access.classroom_id)
        )
        if request is None:
            raise NotFound()
        decided = (
            JoinRequest.update(
                status="approved" if approve else "refused", decided_at=clock.now(), decided_by=actor.account_id
            )
            .where((JoinRequest.id == request.id) & (JoinRequest.status == "pending"))
            .execute()
        )
        if not decided:
            raise Conflict(_("Cette demande a déjà reçu une réponse. Rien n’a été modifié."))
        room = Classroom.get_by_id(access.classroom_id)
        if approve:
            _make_guardian(actor, request, room, _get_pupil(room, student_public_id), guardian_public_id)
        _record(actor, "update", "join_approved" if approve else "join_refused", request, room)
    return JoinRequest.get_by_id(request.id)


def _get_pupil(room: Classroom, student_public_id: str) -> Student:
    student = (
        Student.select()
        .join(Enrolment, on=Enrolment.student == Student.id)
        .where((Student.public_id == student_public_id) & (Enrolment.classroom == room) & Enrolment.left_on.is_null())
        .first()
    )
    if student is None:
        raise Refused(_("Choisissez l’élève de la classe que cette demande concerne."), field="student")
    return student


def _make_guardian(actor, request: JoinRequest, room: Classroom, student: Student, guardian_public_id: str) -> None:
    account = request.account
    of_this_pupil = (
        Guardian.select()
        .join(Guardianship, on=Guardianship.guardian == Guardian.id)
        .where(Guardianship.student == student)
    )
    if of_this_pupil.where(Guardian.account == account).exists():
        raise Conflict(
            _("Cette personne est déjà rattachée à cet élève\u202f: refusez la demande. Rien n’a été modifié.")
        )
    _require_place(room)
    if guardian_public_id:
        known = of_this_pupil.where((Guardian.public_id == guardian_public_id) & Guardian.account.is_null()).first()
        if known is None:
            raise NotFound()
        if follows_a_child_of(account, known):
            raise Refused(
                _(
                    "Le compte de cette personne suit déjà un autre enfant de %(name)s, à un autre titre\u202f: "
                    "ce sont deux personnes. Rien n’a été modifié.",
                    name=known.name,
                ),
                field="adult",
            )
        if not link_account(actor, known, account):
            raise Conflict()  # their letter served at the same moment
        return
    guardian = Guardian.get_or_none(
        (Guardian.account == account) & (Guardian.school == room.school_id)
    ) or children.create_guardian(actor, room.school, account.first_name, account.last_name, account=account)
    children.link(actor, guardian, student, authority="legal", kinship=request.kinship)


def follows_a_child_of(account: Account, guardian: Guardian) -> bool:
    """Whether the account is already another guardian of one of this one's children: two people, then."""
    own = Guardianship.select(Guardianship.student).where(
        (Guardianship.guardian == guardian) & (Guardianship.authority == "legal")
    )
    doubled = (
        Guardianship.select()
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .where((Guardian.account == account) & Guardianship.student.in_(own))
    )
    return doubled.exists()


def link_account(actor, guardian: Guardian, account: Account) -> bool:
    """Give a guardian their account; False when they have one by now. In the caller's transaction."""
    linked = Guardian.update(account=account).where((Guardian.id == guardian.id) & Guardian.account.is_null()).execute()
    if linked:
        audit.record(actor, "update", "guardian_account_linked", kind="guardian", object_id=guardian.public_id)
    return bool(linked)


def _require_place(room: Classroom) -> None:
    guardians = (
        Guardianship.select(Guardianship.guardian)
        .join(Enrolment, on=Enrolment.student == Guardianship.student)
        .where((Enrolment.classroom == room) & Enrolment.left_on.is_null())
        .distinct()
    )
    members = guardians.count() + Membership.select().where(Membership.classroom == room).count()
    most = plans.plan_of(room.id).members
    if most is not None and members >= most:
        raise QuotaReached(
            _(
                "Cette classe a déjà %(most)s membres, le maximum. Rien n’a été modifié.",
                most=most,
            )
        )


def _record(actor, operation: str, event: str, request: JoinRequest, room: Classroom) -> None:
    audit.record(
        actor,
        operation,
        event,
        kind="join_request",
        object_id=request.public_id,
        classroom=room.public_id,
        classroom_id=room.id,
    )
