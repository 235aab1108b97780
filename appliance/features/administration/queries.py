"""What a head of school and an administrator may see: places and offices (accounts: `reach`), never what a class
holds.

A head of school sees their own school; an administrator, all schools of their academy. Anything else does not exist
for them.
"""

import json
from dataclasses import dataclass

from peewee import fn

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.features.administration.jobs import JOURNAL
from appliance.features.administration.models import JournalCheck
from appliance.school.models import (
    Academy,
    Account,
    Classroom,
    Enrolment,
    Membership,
    Office,
    School,
    SchoolYear,
)
from appliance.services import work
from appliance.services.audit import AuditEntry
from appliance.services.media.models import Media
from appliance.services.people.accounts import one_line
from appliance.storage.searching import holds

PAGE = 100


@dataclass(frozen=True)
class Schools:
    """One page of schools, of those that were searched; `total` counts all that the actor administers or heads."""

    schools: list[School]
    total: int
    page: int
    has_more: bool


def school_ids(actor):
    """The row ids of the schools that the actor administers or heads, as a query by which others are filtered."""
    over = (Office.academy == School.academy) & (Office.school.is_null() | (Office.school == School.id))
    mine = (Office.account == actor.account_id) & Office.role.in_(("admin", "principal"))
    return School.select(School.id).join(Office, on=over).where(mine)


def academy_ids(actor):
    """The row ids of the academies that the actor administers, in the same way."""
    return Office.select(Office.academy).where((Office.account == actor.account_id) & (Office.role == "admin"))


def _schools(actor):
    return School.select(School, Academy).join(Academy).where(School.id.in_(school_ids(actor)))


def list_schools(actor, searched: str = "", page: int = 1) -> Schools:
    """The schools that the actor administers or heads whose name, town or number holds this text, by name; a page too
    far is the last one."""
    found = _schools(actor)
    total = found.count()
    if searched := one_line(searched):
        found = found.where(holds(School.name + " " + School.city + " " + School.uai, searched))
    page = max(1, min(page, -(-(found.count() if searched else total) // PAGE)))
    rows = list(found.order_by(fn.LOWER(School.name), School.id).limit(PAGE + 1).offset((page - 1) * PAGE))
    return Schools(rows[:PAGE], total, page, len(rows) > PAGE)


def get_school(actor, public_id: str) -> School:
    """One of these schools; NotFound for any other."""
    return _only(_schools(actor), School, public_id)


def _academies(actor):
    return Academy.select().where(Academy.id.in_(academy_ids(actor)))


def list_academies(actor) -> list[Academy]:
    """The academies that the actor administers."""
    return list(_academies(actor).order_by(Academy.name, Academy.id))


def get_academy(actor, public_id: str) -> Academy:
    """One of these academies; NotFound for any other."""
    return _only(_academies(actor), Academy, public_id)


def _only(query, model, public_id: str):
    """The row of this public id; a NUL in one is an error to one database and nothing to the other."""
    row = query.where(model.public_id == public_id).get_or_none() if public_id.isalnum() else None
    if row is None:
        raise NotFound()
    return row


def administers(actor, academy_id: int) -> bool:
    """Whether the actor is an administrator of this academy."""
    return academy_ids(actor).where(Office.academy == academy_id).exists()


def list_classrooms(school: School) -> list[Classroom]:
    """The classes of a school, the present year first, with the number of pupils and teachers of each."""
    present = Enrolment.left_on.is_null() | (Enrolment.left_on > clock.today())
    pupils = Enrolment.select(fn.COUNT(Enrolment.id)).where((Enrolment.classroom == Classroom.id) & present)
    team = Membership.select(fn.COUNT(Membership.id)).where(Membership.classroom == Classroom.id)
    return list(
        Classroom.select(Classroom, SchoolYear, pupils.alias("pupils"), team.alias("team"))
        .join(SchoolYear)
        .where(Classroom.school == school.id)
        .order_by(SchoolYear.starts_on.desc(), Classroom.name, Classroom.id)
    )


def get_classroom(actor, public_id: str) -> Classroom:
    """A class of a school that the actor administers or heads; NotFound for any other."""
    return _only(Classroom.select().where(Classroom.school.in_(school_ids(actor))), Classroom, public_id)


def list_team(classroom: Classroom) -> list[Membership]:
    """Who teaches and assists in a class that the caller found, teachers first, by name."""
    return list(
        Membership.select(Membership, Account)
        .join(Account)
        .where(Membership.classroom == classroom.id)
        .order_by(Membership.role.desc(), Account.last_name, Account.first_name, Membership.id)
    )


def list_holders(place: School | Academy) -> list[Office]:
    """Who holds an office at a school, or over the whole academy, in a steady order; the caller found the place."""
    here = Office.school == place.id
    if isinstance(place, Academy):
        here = (Office.academy == place.id) & Office.school.is_null()
    return list(
        Office.select(Office, Account)
        .join(Account)
        .where(here)
        .order_by(Office.role, Account.last_name, Account.first_name, Office.id)
    )


def list_quarantined(actor) -> list[Media]:
    """What the antivirus put in quarantine in the academies that the actor administers, the latest first: its class,
    what was found, when; neither its name nor anything of what it holds."""
    academies = [academy.id for academy in list_academies(actor)]
    return list(
        Media.select(Media.public_id, Media.reason, Media.created_at, Media.bytes, Classroom, School)
        .join(Classroom)
        .join(School)
        .where((Media.state == "quarantined") & Media.deleted_at.is_null() & School.academy.in_(academies))
        .order_by(Media.created_at.desc(), Media.id.desc())
    )


def count_waiting(actor) -> int:
    """How many files wait to be prepared, or for the antivirus to answer, in these academies."""
    academies = [academy.id for academy in list_academies(actor)]
    waiting = (Media.state == "waiting") & Media.deleted_at.is_null() & School.academy.in_(academies)
    return Media.select().join(Classroom).join(School).where(waiting).count()


def list_entries(limit: int = 30) -> list[tuple]:
    """The latest entries of the journal as number, instant and event name; no person, no object."""
    rows = AuditEntry.select().order_by(AuditEntry.seq.desc()).limit(limit)
    return [(row.seq, row.at, _event_of(bytes(row.entry))) for row in rows]


def _event_of(entry: bytes) -> str:
    try:  # an entry that someone altered must not hide the page that says so
        return str(json.loads(entry)["event"])
    except (ValueError, KeyError, TypeError):
        return "?"


def find_last_check() -> JournalCheck | None:
    """The latest verification, or None before the first."""
    return JournalCheck.select().order_by(JournalCheck.at.desc(), JournalCheck.id.desc()).first()


def is_journal_check_asked() -> bool:
    """Whether a verification waits or runs."""
    return work.find_progress(JOURNAL, JOURNAL) is not None
