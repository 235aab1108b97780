"""Who may do what in a class: decided here, from the relations, for every feature.

A `ClassAccess` is the whole decision for one person and one class. It depends only on people's relations, which the
`access` revision follows: it is remembered under that revision and today's date, and never outlives either.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from appliance.core import clock
from appliance.core.errors import Denied, NotFound
from appliance.school.models import (
    Academy,
    Classroom,
    Enrolment,
    Guardian,
    Guardianship,
    Membership,
    Office,
    Revision,
    School,
    SchoolYear,
    Student,
)
from appliance.storage.prepared import P, Prepared, many

STAFF = frozenset({"teacher", "assistant", "principal"})


@dataclass(frozen=True)
class Child:
    """A child of the guardian who reads, as the chip shows it."""

    id: int
    public_id: str
    first_name: str
    name: str
    classroom_id: int
    classroom_public_id: str
    classroom_name: str
    school_name: str


@dataclass(frozen=True)
class ClassAccess:
    """What one person may see and do in one class. `children` are the reader's own, never another's."""

    classroom_id: int
    classroom_public_id: str
    classroom_name: str
    school_id: int
    school_name: str
    academy_id: int
    academy_public_id: str
    role: str
    children: tuple[Child, ...] = ()

    @property
    def is_staff(self) -> bool:
        """Whether this person works with the class: sees every post, its reach and its members."""
        return self.role in STAFF

    @property
    def can_publish(self) -> bool:
        """Whether this person may write posts here."""
        return self.role in STAFF

    @property
    def can_manage(self) -> bool:
        """Whether this person decides who belongs to the class."""
        return self.role in ("teacher", "principal")

    @property
    def student_ids(self) -> tuple[int, ...]:
        """Row ids of the reader's own children in this class."""
        return tuple(child.id for child in self.children)


@dataclass(frozen=True)
class Actor:
    """The person of this request. `access_revision` tells how fresh decisions must be."""

    account_id: int
    public_id: str
    first_name: str
    last_name: str
    language: str
    theme: str
    session_id: int
    session_public_id: str
    access_revision: int
    notice_accepted: bool = True

    # What flask-login asks of a signed-in person.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """The public id, for flask-login."""
        return self.public_id

    @property
    def name(self) -> str:
        """First and last name, as shown."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def initials(self) -> str:
        """One or two letters for the round mark."""
        return (self.first_name[:1] + self.last_name[:1]).upper()

    @property
    def tint(self) -> int:
        """A steady colour, 0 to 11."""
        return tint(self.public_id)

    @property
    def offices(self) -> frozenset[str]:
        """Roles over a school or the academy: principal, admin, dpo."""
        return _memo("offices", self, lambda: frozenset(row.role for row in _OFFICES.all(account=self.account_id)))

    @property
    def children(self) -> tuple[Child, ...]:
        """Children that this person has legal authority over, in classes of the current year, in name order."""
        return _memo("children", self, lambda: tuple(_children(self.account_id)))

    @property
    def classes(self) -> tuple[ClassAccess, ...]:
        """Every class that this person may open, in name order; the strongest role counts."""
        return _memo("classes", self, lambda: tuple(_classes(self)))

    @property
    def is_staff(self) -> bool:
        """Whether this person works with at least one class."""
        return any(access.is_staff for access in self.classes)

    @property
    def role_label(self) -> str:
        """The main role, for the menu and the journal."""
        if "dpo" in self.offices or "admin" in self.offices:
            return "dpo" if "dpo" in self.offices else "admin"
        roles = {access.role for access in self.classes}
        for role in ("principal", "teacher", "assistant", "guardian"):
            if role in roles or role in self.offices:
                return role
        return "contact"


def tint(public_id: str) -> int:
    """The steady colour (0 to 11) of a person or a child."""
    return sum(public_id.encode()) % 12


_OFFICES = Prepared(lambda: Office.select(Office.role).where(Office.account == P("account")).order_by(Office.id))

_CHILDREN = Prepared(
    lambda: (
        Student.select(
            Student.id,
            Student.public_id,
            Student.first_name,
            Student.last_name,
            Student.usage_name,
            Classroom.id.alias("classroom_id"),
            Classroom.public_id.alias("classroom_public_id"),
            Classroom.name.alias("classroom_name"),
            School.name.alias("school_name"),
        )
        .join(Guardianship, on=Guardianship.student == Student.id)
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .join(Enrolment, on=Enrolment.student == Student.id)
        .join(Classroom, on=Enrolment.classroom == Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(SchoolYear, on=Classroom.year == SchoolYear.id)
        .where(
            (Guardian.account == P("account"))
            & (Guardianship.authority == "legal")
            & (Enrolment.left_on.is_null() | (Enrolment.left_on > P("today")))
            & (SchoolYear.ends_on >= P("today"))
        )
        .order_by(Student.first_name, Student.last_name, Student.id, Classroom.id)
        .distinct()
    )
)

_CLASSROOM_COLUMNS = (
    Classroom.id.alias("classroom_id"),
    Classroom.public_id.alias("classroom_public_id"),
    Classroom.name.alias("classroom_name"),
    School.id.alias("school_id"),
    School.name.alias("school_name"),
    School.academy.alias("academy_id"),
)


def _classrooms():
    return (
        Classroom.select(*_CLASSROOM_COLUMNS, Academy.public_id.alias("academy_public_id"))
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
        .join(SchoolYear, on=Classroom.year == SchoolYear.id)
    )


_BY_ID = Prepared(lambda: _classrooms().where(Classroom.id.in_(many("ids"))).order_by(Classroom.name, Classroom.id))


_STAFFED = Prepared(
    lambda: (
        Membership.select(Membership.classroom.alias("classroom_id"), Membership.role)
        .where(Membership.account == P("account"))
        .order_by(Membership.id)
    )
)

_PRESIDED = Prepared(
    lambda: (
        Classroom.select(Classroom.id.alias("classroom_id"))
        .join(School, on=Classroom.school == School.id)
        .join(SchoolYear, on=Classroom.year == SchoolYear.id)
        .join(
            Office,
            on=(Office.academy == School.academy) & (Office.school.is_null() | (Office.school == School.id)),
        )
        .where((Office.account == P("account")) & (Office.role == "principal") & (SchoolYear.ends_on >= P("today")))
        .order_by(Classroom.id)
    )
)


def _children(account_id: int) -> list[Child]:
    return [
        Child(
            row.id,
            row.public_id,
            row.first_name,
            f"{row.first_name} {row.usage_name or row.last_name}".strip(),
            row.classroom_id,
            row.classroom_public_id,
            row.classroom_name,
            row.school_name,
        )
        for row in _CHILDREN.all(account=account_id, today=clock.today())
    ]


def _classes(actor: Actor) -> list[ClassAccess]:
    roles: dict[int, str] = {}
    children: dict[int, list[Child]] = {}
    for child in actor.children:
        roles[child.classroom_id] = "guardian"
        children.setdefault(child.classroom_id, []).append(child)
    for row in _PRESIDED.all(account=actor.account_id, today=clock.today()):
        roles[row.classroom_id] = "principal"
    for row in _STAFFED.all(account=actor.account_id):
        roles[row.classroom_id] = row.role
    if not roles:
        return []
    return [
        ClassAccess(*row, role=roles[row.classroom_id], children=tuple(children.get(row.classroom_id, ())))
        for row in _BY_ID.all(ids=sorted(roles))
    ]


def find_access(actor: Actor, classroom_public_id: str) -> ClassAccess | None:
    """The decision for this person and this class, or None: then the class does not exist for them."""
    for access in actor.classes:
        if access.classroom_public_id == classroom_public_id:
            return access
    return None


def get_access(actor: Actor, classroom_public_id: str) -> ClassAccess:
    """The decision for this person and this class; NotFound when they have no place in it."""
    access = find_access(actor, classroom_public_id)
    if access is None:
        raise NotFound()
    return access


def get_access_by_id(actor: Actor, classroom_id: int) -> ClassAccess:
    """The same, from the row id that a query found."""
    for access in actor.classes:
        if access.classroom_id == classroom_id:
            return access
    raise NotFound()


def require(allowed: bool) -> None:
    """Denied unless allowed: for acts on what the actor may see."""
    if not allowed:
        raise Denied()


_memory: OrderedDict[tuple, object] = OrderedDict()
_memory_lock = threading.Lock()
_MEMORY_SIZE = 4096


def _memo(what: str, actor: Actor, decide):
    key = (what, actor.account_id, actor.access_revision, clock.today())
    try:
        return _memory[key]
    except KeyError:
        pass
    value = decide()
    with _memory_lock:
        _memory[key] = value
        while len(_memory) > _MEMORY_SIZE:
            _memory.popitem(last=False)
    return value


def forget() -> None:
    """Empty the memory of decisions (tests that change rows behind the journal's back)."""
    with _memory_lock:
        _memory.clear()


_REVISION = Prepared(lambda: Revision.select(Revision.value).where(Revision.scope == P("scope")))


def revision(scope: str) -> int:
    """The present revision of a scope; 0 before its first write."""
    row = _REVISION.first(scope=scope)
    return row.value if row else 0


SYSTEM = Actor(0, "", "Préau", "", "fr", "", 0, "", 0)
"""The appliance itself: jobs and the operator's commands act under this name and see through no class."""
