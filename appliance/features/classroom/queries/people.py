"""What may be read about the people of a class: each question starts from a ClassAccess that the reader already has."""

from dataclasses import replace

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.features.classroom.queries.views import Adult, Colleague, Pupil, Request
from appliance.school.models import (
    Academy,
    Account,
    Classroom,
    Enrolment,
    Guardian,
    Guardianship,
    Invitation,
    JoinRequest,
    Membership,
    School,
    Student,
)
from appliance.school.policy import require
from appliance.services import audit
from appliance.services.people import children
from appliance.storage.database import transaction
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared, many

_PUPILS = Prepared(
    lambda: (
        Student.select(
            Student.id,
            Student.public_id,
            Student.first_name,
            Student.last_name,
            Student.usage_name,
            Student.born_on,
            Student.photo_rights,
            Student.family_comfort,
        )
        .join(Enrolment, on=Enrolment.student == Student.id)
        .where(
            (Enrolment.classroom == P("classroom")) & (Enrolment.left_on.is_null() | (Enrolment.left_on > P("today")))
        )
        .order_by(Student.last_name, Student.first_name, Student.id)
    )
)

_ADULTS = Prepared(
    lambda: (
        Guardianship.select(
            Guardianship.id.alias("guardianship_id"),
            Guardianship.student.alias("student_id"),
            Guardianship.authority,
            Guardianship.kinship,
            Guardian.id.alias("guardian_id"),
            Guardian.public_id,
            Guardian.civility,
            Guardian.first_name,
            Guardian.last_name,
            Guardian.usage_name,
            Guardian.account.alias("account_id"),
        )
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .where(Guardianship.student.in_(many("students")))
        .order_by(Guardianship.id)
    )
)

_INVITED = Prepared(
    lambda: (
        Invitation.select(Invitation.guardian.alias("guardian_id"))
        .where(
            Invitation.guardian.in_(many("guardians"))
            & Invitation.used_at.is_null()
            & Invitation.cancelled_at.is_null()
            & (Invitation.expires_at > P("now"))
        )
        .order_by(Invitation.id)
    )
)

_TEAM = Prepared(
    lambda: (
        Membership.select(
            Membership.id.alias("membership_id"),
            Membership.role,
            Account.public_id,
            Account.first_name,
            Account.last_name,
        )
        .join(Account, on=Membership.account == Account.id)
        .where((Membership.classroom == P("classroom")) & Account.disabled_at.is_null())
        .order_by(Membership.role.desc(), Account.last_name, Account.first_name, Membership.id)
    )
)

_REQUESTS = Prepared(
    lambda: (
        JoinRequest.select(
            JoinRequest.id,
            JoinRequest.public_id,
            JoinRequest.child_name,
            JoinRequest.kinship,
            JoinRequest.created_at,
            Account.first_name,
            Account.last_name,
            Account.identifier,
        )
        .join(Account, on=JoinRequest.account == Account.id)
        .where((JoinRequest.classroom == P("classroom")) & (JoinRequest.status == "pending"))
        .order_by(JoinRequest.created_at, JoinRequest.id)
    )
)


def _name(row) -> str:
    return f"{row.first_name} {getattr(row, 'usage_name', '') or row.last_name}".strip()


def list_pupils(access) -> list[Pupil]:
    """The pupils of the class with all their guardians, by last name; for the staff only, until the year ends.

    Neither contact details nor the reference of a decision of justice: these are read on purpose (`read_pupil`).
    """
    require(access.sees_people)
    pupils = _PUPILS.all(classroom=access.classroom_id, today=clock.today())
    rows = _ADULTS.all(students=[pupil.id for pupil in pupils])
    waiting = [row.guardian_id for row in rows if row.account_id is None]
    invited = {row.guardian_id for row in _INVITED.all(guardians=waiting, now=to_micros(clock.now()))}
    adults: dict[int, list[Adult]] = {}
    for row in rows:
        state = "joined" if row.account_id is not None else "invited" if row.guardian_id in invited else "none"
        adults.setdefault(row.student_id, []).append(
            Adult(
                row.guardian_id,
                row.public_id,
                _name(row),
                row.civility,
                row.kinship,
                row.authority,
                row.guardianship_id,
                state,
            )
        )
    return [
        Pupil(
            row.id,
            row.public_id,
            row.first_name,
            _name(row),
            row.born_on,
            row.photo_rights,
            tuple(adults.get(row.id, ())),
            row.family_comfort,
        )
        for row in pupils
    ]


def get_pupil(access, public_id: str) -> Pupil:
    """One pupil of the class; NotFound for a pupil of any other."""
    return _one(list_pupils(access), public_id)


def get_adult(pupil: Pupil, public_id: str) -> Adult:
    """One guardian of this pupil; NotFound for anybody else's."""
    return _one(pupil.adults, public_id)


def _one(items, public_id: str):
    for item in items:
        if item.public_id == public_id:
            return item
    raise NotFound()


def read_pupil(actor, access, public_id: str) -> Pupil:
    """One pupil's record with the guardians' contact details and decisions: a sensitive read, journaled each time."""
    pupil = get_pupil(access, public_id)
    with transaction():
        _record_read(actor, access, "pupil_record_read", "student", public_id)
    return _with_details(access, [pupil])[0]


def read_list(actor, access) -> list[Pupil]:
    """All pupils with their guardians' names, authority and image rights: journaled each time, as all pupils' data."""
    pupils = list_pupils(access)
    with transaction(brief=True):
        _record_read(actor, access, "class_list_read", "classroom", access.classroom_public_id)
    return pupils


def read_contacts(actor, access) -> list[Pupil]:
    """All pupils with their guardians' contact details and decisions: a sensitive read, journaled each time."""
    pupils = list_pupils(access)
    with transaction():
        _record_read(actor, access, "class_contacts_read", "classroom", access.classroom_public_id)
    return _with_details(access, pupils)


def _record_read(actor, access, event: str, kind: str, object_id: str) -> None:
    audit.record(
        actor,
        "read",
        event,
        kind=kind,
        object_id=object_id,
        classroom=access.classroom_public_id,
        tenant=access.academy_public_id,
    )


def _with_details(access, pupils: list[Pupil]) -> list[Pupil]:
    """The reference of a decision is for those who manage the class; an assistant sees that there is one."""
    wanted = {adult.id for pupil in pupils for adult in pupil.adults}
    references = _list_references(pupils) if access.can_manage else {}
    found = (
        Guardian.select(Guardian, School, Academy)
        .join(School)
        .join(Academy)
        .where(Guardian.id.in_(sorted(wanted)))
        .order_by(Guardian.id)
    )
    contacts = {guardian.id: children.open_contact(guardian) for guardian in found}

    def fill(adult: Adult) -> Adult:
        reference = references.get(adult.guardianship_id, "")
        return replace(adult, contact=contacts.get(adult.id), document_reference=reference)

    return [replace(pupil, adults=tuple(map(fill, pupil.adults))) for pupil in pupils]


def _list_references(pupils: list[Pupil]) -> dict[int, str]:
    links = [adult.guardianship_id for pupil in pupils for adult in pupil.adults]
    found = Guardianship.select(Guardianship.id, Guardianship.document_reference).where(Guardianship.id.in_(links))
    return {row.id: row.document_reference for row in found}


def list_team(access) -> list[Colleague]:
    """Who teaches and assists in the class: everyone who may open it sees these names."""
    rows = _TEAM.all(classroom=access.classroom_id)
    return [Colleague(row.public_id, _name(row), row.role, row.membership_id) for row in rows]


def get_membership(access, account_public_id: str) -> Membership:
    """The place of a colleague in the class; NotFound when they have none."""
    colleague = _one(list_team(access), account_public_id)
    return Membership.get_by_id(colleague.membership_id)


def list_requests(access) -> list[Request]:
    """Who waits for an answer, oldest first; for those who decide."""
    require(access.can_manage)
    return [
        Request(row.id, row.public_id, _name(row), row.identifier, row.child_name, row.kinship, row.created_at)
        for row in _REQUESTS.all(classroom=access.classroom_id)
    ]


def read_requests(actor, access) -> list[Request]:
    """The same for the page that shows them, with the children they name: journaled each time there is any."""
    found = list_requests(access)
    if found:
        with transaction(brief=True):
            _record_read(actor, access, "join_requests_read", "classroom", access.classroom_public_id)
    return found


def read_request(actor, access, public_id: str) -> Request:
    """One request for the page that answers it: journaled each time."""
    found = get_request(access, public_id)
    with transaction(brief=True):
        _record_read(actor, access, "join_request_read", "join_request", public_id)
    return found


def get_request(access, public_id: str) -> Request:
    """One request that still waits; NotFound once it has been answered."""
    return _one(list_requests(access), public_id)


def get_classroom(access) -> Classroom:
    """The row of the class that the reader manages."""
    require(access.can_manage)
    return Classroom.get_by_id(access.classroom_id)
