"""What a class may hold and its families may do: the limits of its plan, read from the configuration.

A class has its own plan, else its school's, else the default of the configuration. A limit of None is no limit.
"""

import logging
from dataclasses import dataclass, fields

from peewee import fn

from appliance.core import clock, config
from appliance.core.errors import QuotaReached, Refused
from appliance.core.i18n import _, file_size
from appliance.school import policy
from appliance.school.models import Classroom, Enrolment, School, Student
from appliance.services import audit
from appliance.services.media.models import Media
from appliance.storage import database
from appliance.storage.prepared import P, Prepared, many

GIGABYTE = 1_000_000_000

_log = logging.getLogger("preau.plans")
_settings = config.Plans()
_told: set[str] = set()


@dataclass(frozen=True)
class Plan:
    """The limits of a class; None is no limit."""

    name: str
    title: str
    administrators: int | None = None
    members: int | None = None
    storage_bytes: int | None = None
    photos_per_post: int | None = None
    videos_per_post: int | None = None
    video_minutes: int | None = None


@dataclass(frozen=True)
class Storage:
    """How much a class holds, what is on its way included, and how much it may; None is as much as the disk takes."""

    used: int
    allowed: int | None

    @property
    def percent(self) -> int:
        """How full it is, 0 to 100; 0 without a limit."""
        return min(100, self.used * 100 // self.allowed) if self.allowed else 0

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is time to tell the team: nine tenths are taken."""
        return self.allowed is not None and self.used * 10 >= self.allowed * 9

    @property
    def text(self) -> str:
        """“1,4 Go sur 10 Go”, in the reader's language."""
        if self.allowed is None:
            return _("%(used)s, sans limite", used=file_size(self.used))
        return _("%(used)s sur %(allowed)s", used=file_size(self.used), allowed=file_size(self.allowed))


def configure(settings: config.Plans) -> None:
    """Use these plans from here on."""
    global _settings
    _settings = settings
    _told.clear()


def list_plans() -> list[Plan]:
    """The plans that can be chosen, in the order of the configuration."""
    return [_plan(name) for name in _settings.named]


def default_plan() -> Plan:
    """The plan of the classes for which nobody chose one."""
    return _plan(_settings.default)


def plan_named(name: str) -> Plan:
    """The plan of this name; the default for an empty name, and for one that the configuration lost."""
    return _plan(_existing(name))


def _plan(name: str) -> Plan:
    table = _settings.named[name]
    values = {each.name: getattr(table, each.name) or None for each in fields(table)}
    gigabytes, title = values.pop("storage_gb"), values.pop("title")
    return Plan(name, title or name, storage_bytes=gigabytes and gigabytes * GIGABYTE, **values)


_OF_CLASSES = Prepared(
    lambda: (
        Classroom.select(Classroom.id, Classroom.plan, School.plan.alias("school_plan"))
        .join(School, on=Classroom.school == School.id)
        .where(Classroom.id.in_(many("classrooms")))
        .order_by(Classroom.id)
    )
)


def plan_of(classroom_id: int, actor=None) -> Plan:
    """The plan of a class; with an actor it is asked once under their access revision, which a change of plan
    moves."""
    what = f"plan:{classroom_id}"
    name = policy.recall(what, actor) if actor is not None else None
    if name is None:
        name = _chosen([classroom_id]).get(classroom_id, _settings.default)
        if actor is not None and not database.in_transaction():
            policy.keep(what, actor, name)
    return plan_named(name)


def list_plans_of(classroom_ids) -> dict[int, Plan]:
    """The plans of several classes; one query."""
    return {classroom: _plan(name) for classroom, name in _chosen(classroom_ids).items()}


def _chosen(classroom_ids) -> dict[int, str]:
    rows = _OF_CLASSES.all(classrooms=list(classroom_ids))
    return {row.id: _existing(row.plan or row.school_plan) for row in rows}


def _existing(name: str) -> str:
    """A plan that the configuration still has; the default in place of one that it lost."""
    if not name or name in _settings.named:
        return name or _settings.default
    if name not in _told:
        _told.add(name)
        _log.warning("a plan is chosen that the configuration does not have; the default holds", extra={"plan": name})
    return _settings.default


def choose_for_school(actor, school: School, name: str) -> None:
    """Give the classes of a school a plan (empty: the default); those with a plan of their own keep it."""
    _require_known(name, school.plan)
    with database.transaction():
        School.update(plan=name).where(School.id == school.id).execute()
        audit.record(
            actor, "update", "school_plan_chosen", kind="school", object_id=school.public_id, reason=name or "default",
            stale=tuple(f"class:{row.id}" for row in Classroom.select(Classroom.id).where(Classroom.school == school)),
        )  # fmt: skip


def choose_for_classroom(actor, classroom: Classroom, name: str, family_comfort: bool | None = None) -> None:
    """Give a class a plan of its own (empty: its school's) and, when it is said, *Confort famille* or not."""
    _require_known(name, classroom.plan)
    comfort = classroom.family_comfort if family_comfort is None else family_comfort
    with database.transaction():
        Classroom.update(plan=name, family_comfort=comfort).where(Classroom.id == classroom.id).execute()
        audit.record(
            actor, "update", "class_plan_chosen", kind="classroom", object_id=classroom.public_id,
            classroom=classroom.public_id, classroom_id=classroom.id,
            reason=f"{name or 'school'}{' comfort' if comfort else ''}",
        )  # fmt: skip


def set_family_comfort(actor, access, student: Student, family_comfort: bool) -> None:
    """Give *Confort famille* to a pupil's guardians, or take it back; the caller may manage the pupil's class."""
    with database.transaction():
        Student.update(family_comfort=family_comfort).where(Student.id == student.id).execute()
        audit.record(
            actor, "update", "family_comfort_on" if family_comfort else "family_comfort_off", kind="student",
            object_id=student.public_id, classroom=access.classroom_public_id, classroom_id=access.classroom_id,
        )  # fmt: skip


def _require_known(name: str, present: str) -> None:
    if name and name not in _settings.named and name != present:
        raise Refused(_("Choisissez une formule de la liste."), field="plan")


_LOCK = Prepared(lambda: _locked(Classroom.select(Classroom.id).where(Classroom.id == P("classroom"))))
_USED = Prepared(
    lambda: (
        Media.select(Media.classroom.alias("classroom_id"), fn.COALESCE(fn.SUM(Media.bytes), 0).alias("used"))
        .where(Media.classroom.in_(many("classrooms")) & Media.deleted_at.is_null())
        .group_by(Media.classroom)
        .order_by(Media.classroom)
    )
)


def _locked(query):
    # Not FOR UPDATE: it would wait for whoever has just inserted a row that refers to the class, and they for us.
    return query if database.is_sqlite() else query.for_update("FOR NO KEY UPDATE")


def hold(classroom_id: int) -> None:
    """Let nobody else count what the class holds, or who is in it, until the commit.

    Call it before anything is journaled in that transaction: the journal is held too, and whoever takes both takes them
    in this order.
    """
    _LOCK.first(classroom=classroom_id)


def storage_of(classroom_id: int, actor=None) -> Storage:
    """How much a class holds, and how much it may."""
    return Storage(_used([classroom_id]).get(classroom_id, 0), plan_of(classroom_id, actor).storage_bytes)


def list_storage_of(classroom_ids) -> dict[int, Storage]:
    """The same of several classes; two queries."""
    used = _used(classroom_ids)
    return {
        classroom: Storage(used.get(classroom, 0), plan.storage_bytes)
        for classroom, plan in list_plans_of(classroom_ids).items()
    }


def _used(classroom_ids) -> dict[int, int]:
    return {row.classroom_id: int(row.used) for row in _USED.all(classrooms=list(classroom_ids))}


def require_storage(place, size: int) -> None:
    """QuotaReached unless `size` more bytes fit into the storage of the class; inside the transaction that inserts
    the media, so that two uploads at once can't exceed it together.

    What was announced counts until the file is prepared, and what it takes afterwards: what was accepted is kept, even
    when it grew past what the class may hold (`room_to_prepare` keeps films and sound from it); then nothing more is
    accepted until there is room again.

    It holds the class.
    """
    if not database.in_transaction():
        raise RuntimeError("room is taken inside the transaction that inserts the media")
    hold(place.classroom_id)
    found = storage_of(place.classroom_id)
    if found.allowed is not None and found.used + size > found.allowed:
        raise QuotaReached(_no_room(found, size), field="files")


def _no_room(found: Storage, size: int) -> str:
    if found.used > found.allowed:
        return _(
            "La classe prend déjà plus de place que sa formule n’en donne\u202f: %(gauge)s. Tout ce qui y est reste, "
            "mais rien ne s’y ajoute\u202f; rien n’a été envoyé. Supprimez d’anciennes publications, ou demandez à "
            "la direction une formule plus grande.",
            gauge=found.text,
        )
    return _(
        "Il n’y a plus assez de place dans la classe\u202f: %(gauge)s sont pris, et cet envoi en demande %(size)s. "
        "Rien n’a été envoyé. Supprimez d’anciennes publications, ou demandez à la direction une formule plus grande.",
        gauge=found.text,
        size=file_size(size),
    )


def room_to_prepare(row) -> int | None:
    """How many bytes a media should take once it is prepared: what was granted to it at its first byte, and what its
    class has left; None without a limit. `row` as `files.get_media` gives it."""
    found = storage_of(row.classroom_id)
    if found.allowed is None:
        return None
    granted = Media.select(Media.bytes).where(Media.public_id == row.public_id).scalar() or 0
    return granted + max(0, found.allowed - found.used)


_COMFORT = Prepared(
    lambda: Classroom.select(Classroom.family_comfort).where(Classroom.id == P("classroom")).order_by(Classroom.id)
)
_CHILD_COMFORT = Prepared(
    lambda: (
        Student.select(Student.id)
        .join(Enrolment, on=Enrolment.student == Student.id)
        .where(
            Student.id.in_(many("own"))
            & (Student.family_comfort == P("true"))
            & (Enrolment.classroom == P("classroom"))
            & (Enrolment.left_on.is_null() | (Enrolment.left_on > P("today")))
        )
        .order_by(Student.id)
    )
)


def may_download(actor, access) -> bool:
    """Whether this person may keep copies of the photos and films of a class: its team may; a guardian, when the
    class has *Confort famille*, or one of their own children in it has."""
    if access.is_staff:
        return True
    what = f"download:{access.classroom_id}"
    allowed = policy.recall(what, actor)
    if allowed is None:
        allowed = _has_comfort(access)
        if not database.in_transaction():
            policy.keep(what, actor, allowed)
    return allowed


def _has_comfort(access) -> bool:
    if not access.children:
        return False
    row = _COMFORT.first(classroom=access.classroom_id)
    if row is not None and row.family_comfort:
        return True
    own = list(access.student_ids)
    rows = _CHILD_COMFORT.all(own=own, true=True, classroom=access.classroom_id, today=clock.today())
    return bool(rows)
