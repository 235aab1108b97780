"""What the database knows of one school, in a handful of queries: the side that a roster is compared with."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import NamedTuple

import peewee

from appliance.core import clock
from appliance.crypto import fields
from appliance.school import keys
from appliance.school.models import Academy, Classroom, Enrolment, Guardian, Guardianship, School, SchoolYear, Student
from appliance.services.people import children, places
from appliance.services.roster.models import RosterSource
from appliance.storage.database import locked

SOURCES = {"classroom": RosterSource.classroom, "student": RosterSource.student, "guardian": RosterSource.guardian}


class Known(NamedTuple):
    """A row by its number, with what the last file said of it (None: no file ever did)."""

    row: object
    said: dict | None


@dataclass
class State:
    """One school in one year: rows by number, and who is tied to whom."""

    school: School
    academy: Academy
    year: SchoolYear | None
    classrooms: dict[int, Known] = field(default_factory=dict)
    students: dict[int, Known] = field(default_factory=dict)
    guardians: dict[int, Known] = field(default_factory=dict)
    enrolments: dict[tuple[int, int], object] = field(default_factory=dict)
    links: dict[tuple[int, int], object] = field(default_factory=dict)
    _contacts: dict[int, dict[str, str]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> dict[int, Known]:
        """The rows that a doubt of this kind is about."""
        return {"classroom": self.classrooms, "pupil": self.students, "guardian": self.guardians}[kind]

    @property
    def year_name(self) -> str:
        """The name of the year, also of one that nobody has made yet."""
        return self.year.name if self.year else places.year_dates(clock.today())[0]

    @cached_property
    def classes_of(self) -> dict[int, set[int]]:
        """The classes of this year that a pupil is in today."""
        found = defaultdict(set)
        for (student, classroom), row in self.enrolments.items():
            if row.left_on is None or row.left_on > clock.today():
                found[student].add(classroom)
        return found

    @cached_property
    def guardians_of(self) -> dict[int, set[int]]:
        """The guardians of a pupil, whatever the link allows."""
        found = defaultdict(set)
        for guardian, student in self.links:
            found[student].add(guardian)
        return found

    @cached_property
    def children_of(self) -> dict[int, set[int]]:
        """The pupils of a guardian."""
        found = defaultdict(set)
        for guardian, student in self.links:
            found[guardian].add(student)
        return found

    def contact(self, guardian_id: int) -> dict[str, str]:
        """A guardian's contact details, opened."""
        if guardian_id not in self._contacts:
            row = self.guardians[guardian_id].row
            self._contacts[guardian_id] = asdict(children.open_contact(self.as_guardian(row))) if row.contact else {}
        return self._contacts[guardian_id]

    def as_guardian(self, row) -> Guardian:
        """The model of a row, with its school at hand: sealing and opening then ask the database nothing."""
        return Guardian(public_id=row.public_id, school=self.school, contact=row.contact)

    @cached_property
    def key(self) -> bytes:
        """The academy's key."""
        return keys.academy_key(self.academy)

    def seal(self, table: str, column: str, row_id: str, value: object) -> bytes:
        """Seal a value as JSON for its place."""
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return fields.seal(self.key, fields.field_context(self.academy.public_id, table, column, row_id), text.encode())

    def unseal(self, table: str, column: str, row_id: str, sealed: bytes):
        """Open what `seal` sealed for this place."""
        context = fields.field_context(self.academy.public_id, table, column, row_id)
        return json.loads(fields.open_sealed(self.key, context, sealed))


def load_state(school: School, year: SchoolYear | None, *, lock: bool = False) -> State:
    """Everything of a school that a roster may touch; with `lock`, nobody changes it before the commit."""
    state = State(school, school.academy, year)
    hold = locked if lock else (lambda query: query)
    this_year = (Classroom.school == school) & (Classroom.year == (year and year.id))
    own = {
        "classroom": _flat(Classroom).where(this_year),
        "student": _flat(Student).where(Student.school == school),
        "guardian": _flat(Guardian).where(Guardian.school == school),
    }
    for kind, query in own.items():
        rows = {row.id: row for row in hold(query).namedtuples()}
        said = _read_sources(state, kind, rows)
        setattr(state, f"{kind}s", {number: Known(row, said.get(number)) for number, row in rows.items()})
    inside = Classroom.select(Classroom.id).where(this_year)
    for row in hold(_flat(Enrolment).where(Enrolment.classroom.in_(inside))).namedtuples():
        state.enrolments[row.student_id, row.classroom_id] = row
    theirs = Guardian.select(Guardian.id).where(Guardian.school == school)
    for row in hold(_flat(Guardianship).where(Guardianship.guardian.in_(theirs))).namedtuples():
        state.links[row.guardian_id, row.student_id] = row
    return state


def _flat(model) -> peewee.Query:
    """Every column under its own name: foreign keys as numbers."""
    columns = [item.alias(item.column_name) for item in model._meta.sorted_fields]
    return model.select(*columns).order_by(model.id)


def _read_sources(state: State, kind: str, rows: dict) -> dict[int, dict]:
    column, model = SOURCES[kind], SOURCES[kind].rel_model
    owned = model.select(model.id).where(model.school == state.school)
    query = RosterSource.select(column.alias("owner"), RosterSource.said).where(column.in_(owned)).namedtuples()
    return {
        row.owner: state.unseal("roster_source", kind, rows[row.owner].public_id, row.said)
        for row in query
        if row.owner in rows
    }
