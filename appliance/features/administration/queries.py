"""What a head of school and an administrator may see: places, offices and accounts, never what a class holds.

A head of school sees their own school; an administrator, all schools of their academy. Anything else does not exist
for them.
"""

import json
from dataclasses import dataclass, field

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
    Guardian,
    Membership,
    Office,
    School,
    SchoolYear,
    Session,
)
from appliance.school.policy import tint
from appliance.services import audit, work
from appliance.services.audit import AuditEntry
from appliance.services.media.models import Media
from appliance.storage.database import transaction


@dataclass(frozen=True)
class Person:
    """An account as those who administer see it: who, how they sign in, their places, its state."""

    public_id: str
    name: str
    identifier: str
    places: tuple[str, ...]
    state: str

    @property
    def initials(self) -> str:
        """Two letters for the round mark."""
        words = self.name.split()
        return "".join(word[:1] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass
class _Found:
    account: Account
    roles: set = field(default_factory=set)


def list_offices_of(actor, *roles: str) -> list[Office]:
    """The actor's own offices of these kinds."""
    return list(
        Office.select().where((Office.account == actor.account_id) & Office.role.in_(roles)).order_by(Office.id)
    )


def list_schools(actor) -> list[School]:
    """The schools that the actor administers or heads, by name."""
    whole, single = set(), set()
    for office in list_offices_of(actor, "admin", "principal"):
        if office.role == "admin" or office.school_id is None:
            whole.add(office.academy_id)
        else:
            single.add(office.school_id)
    return list(
        School.select(School, Academy)
        .join(Academy)
        .where(School.academy.in_(sorted(whole)) | School.id.in_(sorted(single)))
        .order_by(School.name, School.id)
    )


def get_school(actor, public_id: str) -> School:
    """One of these schools; NotFound for any other."""
    for school in list_schools(actor):
        if school.public_id == public_id:
            return school
    raise NotFound()


def list_academies(actor) -> list[Academy]:
    """The academies that the actor administers."""
    ids = {office.academy_id for office in list_offices_of(actor, "admin")}
    return list(Academy.select().where(Academy.id.in_(sorted(ids))).order_by(Academy.name, Academy.id))


def get_academy(actor, public_id: str) -> Academy:
    """One of these academies; NotFound for any other."""
    for academy in list_academies(actor):
        if academy.public_id == public_id:
            return academy
    raise NotFound()


def administers(actor, academy_id: int) -> bool:
    """Whether the actor is an administrator of this academy."""
    return any(office.academy_id == academy_id for office in list_offices_of(actor, "admin"))


def list_years(academy_id: int) -> list[SchoolYear]:
    """The school years of an academy, the latest first."""
    return list(
        SchoolYear.select()
        .where(SchoolYear.academy == academy_id)
        .order_by(SchoolYear.starts_on.desc(), SchoolYear.id.desc())
    )


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
    if not public_id.isalnum():
        raise NotFound()
    ids = [school.id for school in list_schools(actor)]
    classroom = Classroom.get_or_none((Classroom.public_id == public_id) & Classroom.school.in_(ids))
    if classroom is None:
        raise NotFound()
    return classroom


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


def find_account(actor, academy_id: int, identifier: str) -> Account | None:
    """An open account that the actor may name to an office: of their own list, or someone who works for the academy."""
    account = Account.get_or_none((Account.identifier == identifier) & Account.disabled_at.is_null())
    if account is None or works_for(academy_id, account):
        return account
    return account if any(person.public_id == account.public_id for person in list_people(actor)) else None


def works_for(academy_id: int, account: Account) -> bool:
    """Whether someone teaches, assists or holds an office in this academy."""
    governs = Office.select().where((Office.account == account) & (Office.academy == academy_id))
    teaches = (
        Membership.select()
        .join(Classroom)
        .join(School)
        .where((Membership.account == account) & (School.academy == academy_id))
    )
    return governs.exists() or teaches.exists()


def list_people(actor) -> list[Person]:
    """The accounts of these schools and, for an administrator, of the academy's offices, by name, with their state."""
    schools = {school.id: school.name for school in list_schools(actor)}
    found: dict[int, _Found] = {}

    def note(rows, role_of) -> None:
        for row in rows:
            found.setdefault(row.account_id, _Found(row.account)).roles.add(role_of(row))

    ids = sorted(schools)
    taught = Membership.select(Membership, Account, Classroom).join(Account).switch(Membership).join(Classroom)
    note(taught.where(Classroom.school.in_(ids)), lambda row: (row.role, schools[row.classroom.school_id]))
    families = Guardian.select(Guardian, Account).join(Account).where(Guardian.school.in_(ids))
    note(families, lambda row: ("guardian", schools[row.school_id]))
    academies = sorted(academy.id for academy in list_academies(actor))
    offices = Office.select(Office, Account).join(Account)
    note(
        offices.where(Office.school.in_(ids) | (Office.school.is_null() & Office.academy.in_(academies))),
        lambda row: (row.role, schools.get(row.school_id, "")),
    )
    seen = {
        row.account_id for row in Session.select(Session.account).where(Session.account.in_(sorted(found))).distinct()
    }
    people = [_person(each, each.account.id in seen) for each in found.values()]
    return sorted(people, key=lambda person: (person.name.casefold(), person.public_id))


def read_people(actor) -> list[Person]:
    """The same for the page that shows them: a sensitive read, journaled each time."""
    people = list_people(actor)
    _record_read(actor, "account_list_read", "account", "")
    return people


def read_person(actor, public_id: str) -> tuple[Person, Account]:
    """One account of that list, as it is shown and its row: journaled each time; NotFound for anybody else's."""
    row = get_person(actor, public_id)
    _record_read(actor, "account_read", "account", public_id)
    return next(each for each in list_people(actor) if each.public_id == public_id), row


def _record_read(actor, event: str, kind: str, object_id: str) -> None:
    with transaction(brief=True):
        audit.record(actor, "read", event, kind=kind, object_id=object_id)


def _person(found: _Found, seen: bool) -> Person:
    account = found.account
    state = "disabled" if account.disabled_at else "active" if account.password_hash or seen else "waiting"
    return Person(account.public_id, account.name, account.identifier, tuple(sorted(found.roles)), state)


def get_person(actor, public_id: str) -> Account:
    """The account of someone on that list; NotFound for anybody else's."""
    if any(person.public_id == public_id for person in list_people(actor)):
        return Account.get(Account.public_id == public_id)
    raise NotFound()


def can_help(actor, account: Account) -> bool:
    """Whether the actor may close an account or print a code for it: never an administrator's, a DPO's or one's own.

    A head of school helps those whose places are all in their schools; an administrator helps heads of school too.
    Nobody gains by it a right that they had not.
    """
    if account.id == actor.account_id:
        return False
    offices = list(Office.select().where(Office.account == account.id))
    academies = {academy.id for academy in list_academies(actor)}
    if any(office.role != "principal" or office.academy_id not in academies for office in offices):
        return False
    own = {school.id for school in list_schools(actor)}
    taught = Classroom.select(Classroom.school).join(Membership).where(Membership.account == account.id)
    families = Guardian.select(Guardian.school).where(Guardian.account == account.id)
    return {row.school_id for row in taught} | {row.school_id for row in families} <= own


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
