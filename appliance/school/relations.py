"""What a person is to each class, from one query: offices, children under their authority, roles."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from peewee import JOIN, fn

from appliance.core import clock
from appliance.school.models import (
    Academy,
    Account,
    Classroom,
    Enrolment,
    Guardian,
    Guardianship,
    Membership,
    Office,
    School,
    SchoolYear,
    Student,
)
from appliance.storage.prepared import P, Prepared

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
    """What one person may see and do in one class. `children` are the reader's own, never another's.

    When its year has ended, its team still reads what was published and takes away what should go; nobody publishes in
    it any more, and who was in it is no longer theirs to look up or to change.
    """

    classroom_id: int
    classroom_public_id: str
    classroom_name: str
    school_id: int
    school_name: str
    academy_id: int
    academy_public_id: str
    year_name: str
    year_ends_on: date
    role: str
    children: tuple[Child, ...] = ()

    @property
    def is_past(self) -> bool:
        """Whether its school year has ended."""
        return self.year_ends_on < clock.today()

    @property
    def is_staff(self) -> bool:
        """Whether this person works with the class, or did when its year ended: sees every post and its reach."""
        return self.role in STAFF

    @property
    def sees_people(self) -> bool:
        """Whether this person sees the pupils of the class and their adults."""
        return self.is_staff and not self.is_past

    @property
    def can_publish(self) -> bool:
        """Whether this person may write posts here."""
        return self.is_staff and not self.is_past

    @property
    def leads(self) -> bool:
        """Whether this person answers for all that is published here, also when the year has ended."""
        return self.role in ("teacher", "principal")

    @property
    def can_manage(self) -> bool:
        """Whether this person decides who belongs to the class."""
        return self.leads and not self.is_past

    @property
    def student_ids(self) -> tuple[int, ...]:
        """Row ids of the reader's own children in this class."""
        return tuple(child.id for child in self.children)


class Relations(NamedTuple):
    """All that is decided for one person, from one query."""

    offices: frozenset[str]
    children: tuple[Child, ...]
    classes: tuple[ClassAccess, ...]


def _near():
    """The row ids of the classes that the account `account` may have to do with, found from its own few rows: without
    them the classes of the whole academy would be looked at for each person."""
    teaching = Membership.select(Membership.classroom).where(Membership.account == P("account"))
    raising = (
        Enrolment.select(Enrolment.classroom)
        .join(Guardianship, on=Guardianship.student == Enrolment.student)
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .where(Guardian.account == P("account"))
    )
    heading = (
        Classroom.select(Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(Office, on=(Office.academy == School.academy) & (Office.school.is_null() | (Office.school == School.id)))
        .where((Office.account == P("account")) & (Office.role == "principal"))
    )
    return teaching | raising | heading


def _places():
    """The classes of the account `account`, a line for each and, where they have children, for each child of theirs."""
    presides = fn.EXISTS(
        Office.select(Office.id).where(
            (Office.account == P("account"))
            & (Office.role == "principal")
            & (Office.academy == School.academy)
            & (Office.school.is_null() | (Office.school == School.id))
            & (SchoolYear.ends_on >= P("today"))
        )
    )
    own = (
        Enrolment.select(
            Enrolment.classroom.alias("own_classroom"),
            Student.id.alias("student_id"),
            Student.public_id.alias("student_public_id"),
            Student.first_name,
            Student.last_name,
            Student.usage_name,
        )
        .join(Guardianship, on=Guardianship.student == Enrolment.student)
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .join(Student, on=Enrolment.student == Student.id)
        .where(
            (Guardian.account == P("account"))
            & (Guardianship.authority == "legal")
            & (Enrolment.left_on.is_null() | (Enrolment.left_on > P("today")))
        )
        .distinct()
        .alias("own")
    )
    return (
        Classroom.select(
            Classroom.id.alias("classroom_id"),
            Classroom.public_id.alias("classroom_public_id"),
            Classroom.name.alias("classroom_name"),
            School.id.alias("school_id"),
            School.name.alias("school_name"),
            School.academy.alias("academy_id"),
            Academy.public_id.alias("academy_public_id"),
            SchoolYear.name.alias("year_name"),
            SchoolYear.ends_on.alias("year_ends_on"),
            Membership.role.alias("staff_role"),
            presides.alias("presides"),
            own.c.student_id,
            own.c.student_public_id,
            own.c.first_name,
            own.c.last_name,
            own.c.usage_name,
        )
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
        .join_from(Classroom, SchoolYear, on=Classroom.year == SchoolYear.id)
        .join_from(
            Classroom,
            Membership,
            JOIN.LEFT_OUTER,
            on=(Membership.classroom == Classroom.id) & (Membership.account == P("account")),
        )
        .join_from(
            Classroom,
            own,
            JOIN.LEFT_OUTER,
            on=(own.c.own_classroom == Classroom.id) & (SchoolYear.ends_on >= P("today")),
        )
        .where(
            Classroom.id.in_(_near())
            & (Membership.id.is_null(False) | own.c.student_id.is_null(False) | presides)
            # A class whose key was destroyed has nothing left to show: it exists for nobody.
            & Classroom.wrapped_key.is_null(False)
        )
        .alias("places")
    )


def _relations_query():
    places = _places()
    columns = (
        "classroom_id classroom_public_id classroom_name school_id school_name academy_id academy_public_id "
        "year_name year_ends_on staff_role presides student_id student_public_id first_name last_name usage_name"
    ).split()
    who = (places.c.first_name, places.c.last_name, places.c.student_id)
    in_order = (*who, places.c.year_ends_on.desc(), places.c.classroom_id)  # in August the class to come is first
    return (
        Account.select(
            Office.role.alias("office"),
            fn.DENSE_RANK().over(order_by=[places.c.classroom_name, places.c.classroom_id]).alias("rank"),
            *(getattr(places.c, name) for name in columns),
        )
        .join(Office, JOIN.LEFT_OUTER, on=Office.account == Account.id)
        .join_from(Account, places, JOIN.LEFT_OUTER, on=Account.id == P("account"))
        .where(Account.id == P("account"))
        .order_by(*in_order)
    )


_RELATIONS = Prepared(_relations_query)


def decide(account_id: int) -> Relations:
    """Offices, children and classes of a person, the strongest role in each class: member, head, guardian."""
    rows = _RELATIONS.all(account=account_id, today=clock.today())
    offices = frozenset(row.office for row in rows if row.office is not None)
    children: dict[tuple, Child] = {}
    classes: dict[int, tuple] = {}
    for row in rows:
        if row.classroom_id is None:
            continue
        if row.student_id is not None:
            children[row.student_id, row.classroom_id] = _child(row)
        role = row.staff_role or ("principal" if row.presides else "guardian")
        classes[row.rank] = (*row[2:10], date.fromisoformat(str(row.year_ends_on)), role)
    made = tuple(children.values())
    return Relations(
        offices,
        made,
        tuple(
            ClassAccess(
                *classes[rank], children=tuple(child for child in made if child.classroom_id == classes[rank][0])
            )
            for rank in sorted(classes)
        ),
    )


def _child(row) -> Child:
    name = f"{row.first_name} {row.usage_name or row.last_name}".strip()
    return Child(
        row.student_id, row.student_public_id, row.first_name, name,
        row.classroom_id, row.classroom_public_id, row.classroom_name, row.school_name,
    )  # fmt: skip
