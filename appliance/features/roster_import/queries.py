"""What someone may import into and look at: the schools of their offices, and the imports of those schools."""

import json
from dataclasses import dataclass, field

from peewee import JOIN

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.core.i18n import _
from appliance.school.models import Account, Office, School
from appliance.school.policy import ClassAccess
from appliance.services.people import school_letters
from appliance.services.people.school_letters import Awaited
from appliance.services.roster import keeping, saying, teaching
from appliance.services.roster.apply import report_of
from appliance.services.roster.difference import Plan
from appliance.services.roster.models import EXPIRED, RosterImport
from appliance.services.roster.plan import find_year, plan_import
from appliance.services.roster.printing import candidate_name
from appliance.services.roster.problems import Problem

MOST = 1000  # lines of one list on a page
HISTORY = 50
_LISTED = ("id", "public_id", "status", "created_at", "expires_at", "applied_at", "undone_at")


@dataclass(frozen=True)
class Line:
    """One line of a list: who, where, and what in words."""

    kind: str
    name: str
    place: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A doubt to be settled by a person: who may be meant, and what was answered so far."""

    id: str
    name: str
    detail: str
    reason: str
    choices: tuple[tuple[str, str], ...]
    answer: str
    none_of_them: str


@dataclass(frozen=True)
class Shown:
    """An import as its page shows it, before or after it is applied."""

    row: RosterImport
    counts: dict
    lists: dict[str, list[Line]]
    questions: list[Question] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()
    teachers: list[dict] = field(default_factory=list)
    kept_by_undo: list[tuple[str, str, str]] = field(default_factory=list)
    digest: str = ""
    year_name: str = ""
    looks_like_next_year: bool = False
    is_complete: bool = True

    def lines(self, state: str, kind: str | None = None) -> list[Line]:
        """The lines of one state, of one kind or of all."""
        return [line for line in self.lists.get(state, ()) if kind in (None, line.kind)]

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing to apply."""
        return not self.digest


def _schools(actor):
    """The schools into which someone may import: those of a principal, all of an administrator's academy."""
    mine = (
        (Office.academy == School.academy)
        & (Office.school.is_null() | (Office.school == School.id))
        & (Office.account == actor.account_id)
        & Office.role.in_(("principal", "admin"))
    )
    return School.select().join(Office, on=mine).distinct()


def list_schools(actor) -> list[School]:
    """These schools, by name."""
    return list(_schools(actor).order_by(School.name, School.id))


def get_school(actor, public_id: str) -> School:
    """One of those schools; NotFound for any other."""
    school = _schools(actor).where(School.public_id == public_id).get_or_none() if public_id.isalnum() else None
    if school is None:
        raise NotFound()
    return school


def get_import(actor, public_id: str) -> RosterImport:
    """An import of one of those schools; NotFound for any other."""
    if not public_id.isalnum():  # a NUL is an error to one database and nothing to the other
        raise NotFound()
    schools = _schools(actor).select(School.id)
    found = RosterImport.get_or_none((RosterImport.public_id == public_id) & RosterImport.school.in_(schools))
    if found is None:
        raise NotFound()
    return found


def list_imports(actor) -> list[RosterImport]:
    """The latest imports of those schools, with who made them; uploads that nobody applied in time are not shown."""
    shown = RosterImport.school.in_(_schools(actor).select(School.id)) & (RosterImport.status != EXPIRED)
    latest = RosterImport.select(RosterImport.id).where(shown).order_by(RosterImport.id.desc()).limit(HISTORY)
    columns = [RosterImport._meta.fields[name] for name in _LISTED]  # without the files: they are heavy
    query = (
        RosterImport.select(*columns, School, Account)
        .join(School)
        .switch(RosterImport)
        .join(Account, JOIN.LEFT_OUTER)
        .where(RosterImport.id.in_(latest))  # found first: the instant stands after the lists, which would all be read
        .order_by(RosterImport.created_at.desc(), RosterImport.id.desc())
    )
    return [row for row in query if row.status != "pending" or keeping.is_waiting(row)]


def read_difference(actor, row: RosterImport, limits) -> Shown | None:
    """What a waiting import would do now; None once its files are gone. The reading is in the journal."""
    files = keeping.open_upload(row)
    if files is None:
        return None
    roster = keeping.read_files(files, limits)
    plan = plan_import(row.school, find_year(row.school, clock.today()), roster, json.loads(row.choices))
    keeping.note_reading(actor, row.school, row.public_id)
    return _show(row, plan.counts(), report_of(plan), plan)


def list_managed(actor, row: RosterImport) -> list[ClassAccess]:
    """The classes of the import's school and year in which this person may invite."""
    return [
        access
        for access in actor.classes
        if access.school_id == row.school_id
        and access.can_manage
        and (row.year is None or access.year_name == row.year.name)
    ]


def list_uninvited(actor, row: RosterImport) -> list[tuple[str, ClassAccess]]:
    """The teachers of an applied file who are in no team of these classes yet, once for each of their classes."""
    if row.applied_at is None or row.undone_at is not None:
        return []
    rooms = {access.classroom_name: access for access in list_managed(actor, row)}
    absent = teaching.list_absent(keeping.open_report(row)["teachers"], {room.classroom_id for room in rooms.values()})
    return [(each["name"], rooms[name]) for each in absent for name in each["classes"] if name in rooms]


def list_awaited(actor, row: RosterImport) -> list[Awaited]:
    """The families of these classes who have no account yet, once an import is applied and as long as it stands."""
    if row.applied_at is None or row.undone_at is not None:
        return []
    return school_letters.list_awaited(list_managed(actor, row))


def read_result(actor, row: RosterImport) -> Shown:
    """What an import did. The reading is in the journal."""
    keeping.note_reading(actor, row.school, row.public_id)
    return _show(row, json.loads(row.counts), keeping.open_report(row))


def _show(row: RosterImport, counts: dict, report: dict, plan: Plan | None = None) -> Shown:
    lists: dict[str, list[Line]] = {}
    for kind, state, name, place, fields in report["differences"]:
        words = saying.kept if state == "kept" else saying.change
        texts = tuple(words(*item) for item in fields)
        if (kind, state) != ("link", "new") or fields:
            lists.setdefault(state, []).append(Line(kind, name, place, texts))
    return Shown(
        row,
        counts,
        lists,
        questions=_questions(row, plan) if plan else [],
        problems=plan.roster.problems if plan else (),
        teachers=report["teachers"],
        kept_by_undo=[tuple(each) for each in report.get("undone", ())],
        digest="" if plan is None or plan.changes_nothing else plan.digest,
        year_name=plan.state.year_name if plan else row.year.name if row.year else "",
        looks_like_next_year=plan.looks_like_next_year if plan else False,
        is_complete=plan.roster.is_complete if plan else True,
    )


def _questions(row: RosterImport, plan: Plan) -> list[Question]:
    """The doubts of a plan, and those that were answered, which may be answered otherwise."""
    answers = json.loads(row.choices)
    found = []
    for doubt in plan.asked:
        known = [plan.state.of_kind(doubt.kind)[number].row for number in doubt.candidates]
        choices = tuple((each.public_id, _candidate(plan, doubt.kind, each)) for each in known)
        detail = " · ".join(filter(None, (doubt.place, _line(doubt.line))))
        reason, answer = str(saying.DOUBTS[doubt.reason]), str(answers.get(doubt.id, ""))
        other = _("C’est une nouvelle classe") if doubt.kind == "classroom" else _("C’est quelqu’un d’autre")
        found.append(Question(doubt.id, doubt.name, detail, reason, choices, answer, other if doubt.may_be_new else ""))
    return found


def _line(number: int | None) -> str:
    return _("ligne %(line)s", line=number) if number else ""


def _candidate(plan: Plan, kind: str, row) -> str:
    """A candidate as a choice names it: a pupil with the class, a guardian with the children."""
    near = ()
    if kind == "pupil":
        rooms = sorted(plan.state.classes_of.get(row.id, ()))
        near = [plan.state.classrooms[room].row.name for room in rooms if room in plan.state.classrooms]
    elif kind == "guardian":
        pupils = sorted(plan.state.children_of.get(row.id, ()))
        near = [plan.state.students[pupil].row.first_name for pupil in pupils if pupil in plan.state.students]
    return " · ".join(filter(None, (candidate_name(row), ", ".join(near))))
