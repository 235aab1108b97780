"""Academies, schools, years and classes: who creates them and the keys that they get."""

import secrets
from datetime import date

from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.core.ids import ALPHABET, new_id
from appliance.school import keys
from appliance.school.models import Academy, Account, Classroom, Membership, Office, School, SchoolYear
from appliance.services import audit, plans
from appliance.storage.database import locked, transaction

OFFICES = ("principal", "admin", "dpo")
TEACHING = ("teacher", "assistant")


def hold_academy(academy_id: int) -> None:
    """Let nobody else name a place, appoint or dismiss in an academy until the commit: two who do so at once are told,
    and none half-does it. Before anything is journaled in that transaction, because the journal is held too."""
    list(locked(Academy.select(Academy.id).where(Academy.id == academy_id)))


def create_academy(actor, name: str) -> Academy:
    """Create a tenant with a key of its own, wrapped under the KEK."""
    with transaction():
        public_id = new_id()
        academy = Academy.create(public_id=public_id, name=name, **keys.new_academy_key(public_id))
        audit.record(actor, "create", "academy_created", kind="academy", object_id=public_id, tenant=public_id)
    return academy


def create_school(actor, academy: Academy, name: str, *, uai: str = "", city: str = "") -> School:
    """Create a school of an academy; Refused when the name is taken."""
    with transaction():
        hold_academy(academy.id)
        _require_free_school_name(academy, name)
        school = School.create(academy=academy, name=name, uai=uai, city=city)
        audit.record(
            actor, "create", "school_created", kind="school", object_id=school.public_id, tenant=academy.public_id
        )
    return school


def year_dates(today: date) -> tuple[str, date, date]:
    """The school year that a day belongs to: it begins on 1 August, when the roll-over of the year before is due."""
    first = today.year if today.month >= 8 else today.year - 1
    return f"{first}-{first + 1}", date(first, 8, 1), date(first + 1, 8, 31)


def find_or_create_year(actor, academy: Academy, today: date) -> SchoolYear:
    """The academy's school year of this day, created when it is the first time."""
    name, starts_on, ends_on = year_dates(today)
    with transaction():
        year, created = SchoolYear.get_or_create(
            academy=academy, name=name, defaults={"starts_on": starts_on, "ends_on": ends_on}
        )
        if created:
            audit.record(actor, "create", "year_created", kind="year", object_id=name, tenant=academy.public_id)
    return year


def create_classroom(actor, school: School, year: SchoolYear, name: str, *, level: str = "") -> Classroom:
    """Create a class for a year, with its own key and its own class key for families; Refused when the name is
    taken."""
    with transaction():
        hold_academy(school.academy_id)
        if Classroom.get_or_none(school=school, year=year, name=name):
            raise Refused(_("Une classe porte déjà ce nom cette année."), field="name")
        public_id = new_id()
        classroom = Classroom.create(
            public_id=public_id,
            school=school,
            year=year,
            name=name,
            level=level,
            join_code=new_join_code(),
            wrapped_key=keys.new_classroom_key(school.academy, public_id),
        )
        audit.record(
            actor,
            "create",
            "classroom_created",
            kind="classroom",
            object_id=public_id,
            classroom=public_id,
            tenant=school.academy.public_id,
        )
    return classroom


def new_join_code() -> str:
    """A class key that can be read aloud: eight signs, none confusable; it opens nothing without the teacher's
    approval."""
    return "".join(secrets.choice(ALPHABET) for _i in range(8)).upper()


def appoint(actor, account, academy: Academy, role: str, school: School | None = None) -> Office:
    """Give an office over a school or the whole academy; giving it twice changes nothing."""
    if role not in OFFICES:
        raise ValueError(f"unknown office {role}")
    with transaction():
        hold_academy(academy.id)
        office, created = Office.get_or_create(account=account, academy=academy, school=school, role=role)
        if created:
            audit.record(
                actor,
                "administer",
                "privilege_permissions_changed",
                kind="office",
                object_id=account.public_id,
                tenant=academy.public_id,
                reason=role,
            )
            audit.bump("access")
    return office


def add_teacher(actor, account, classroom: Classroom, role: str = "teacher") -> Membership:
    """Make someone a teacher or an assistant of a class; doing it twice changes nothing."""
    if role not in TEACHING:
        raise ValueError(f"unknown role {role}")
    with transaction():
        membership, created = Membership.get_or_create(account=account, classroom=classroom, defaults={"role": role})
        if created:
            audit.record(
                actor,
                "create",
                "membership_created",
                kind="membership",
                object_id=account.public_id,
                classroom=classroom.public_id,
                classroom_id=classroom.id,
                reason=role,
            )
    return membership


def rename_school(actor, school: School, name: str, city: str) -> None:
    """Change a school's name and town; Refused when another school of the academy has that name."""
    with transaction():
        hold_academy(school.academy_id)
        _require_free_school_name(school.academy, name, school.id)
        School.update(name=name, city=city).where(School.id == school.id).execute()
        audit.record(
            actor,
            "update",
            "school_renamed",
            kind="school",
            object_id=school.public_id,
            tenant=school.academy.public_id,
        )


def _require_free_school_name(academy: Academy, name: str, but: int | None = None) -> None:
    taken = School.get_or_none((School.academy == academy) & (School.name == name))
    if taken is not None and taken.id != but:
        raise Refused(_("Une école porte déjà ce nom."), field="name")


def rename_classroom(actor, classroom: Classroom, name: str, level: str) -> None:
    """Change a class's name and level; Refused when another class of that school and year has that name."""
    with transaction():
        hold_academy(classroom.school.academy_id)
        taken = Classroom.get_or_none(school=classroom.school_id, year=classroom.year_id, name=name)
        if taken is not None and taken.id != classroom.id:
            raise Refused(_("Une classe porte déjà ce nom cette année."), field="name")
        Classroom.update(name=name, level=level).where(Classroom.id == classroom.id).execute()
        _record_classroom(actor, "classroom_renamed", classroom)


def renew_join_code(actor, classroom: Classroom) -> str:
    """A new class key; the one before opens nothing from now on."""
    code = new_join_code()
    with transaction():
        Classroom.update(join_code=code).where(Classroom.id == classroom.id).execute()
        _record_classroom(actor, "class_key_renewed", classroom)
    return code


def disable_join_code(actor, classroom: Classroom) -> None:
    """Take the class key away: nobody can ask to join until a new one is made."""
    with transaction():
        Classroom.update(join_code=None).where(Classroom.id == classroom.id).execute()
        _record_classroom(actor, "class_key_disabled", classroom)


def _record_classroom(actor, event: str, classroom: Classroom) -> None:
    audit.record(
        actor,
        "update",
        event,
        kind="classroom",
        object_id=classroom.public_id,
        classroom=classroom.public_id,
        classroom_id=classroom.id,
    )


def dismiss(actor, office: Office) -> None:
    """Withdraw an office at once; Refused for the last administrator of the academy."""
    with transaction():
        hold_academy(office.academy_id)
        if office.role == "admin" and not _administrators(office.academy_id) - {office.account_id}:
            raise Refused(
                _("C’est le dernier administrateur. Nommez d’abord quelqu’un d’autre\u202f: rien n’a été modifié.")
            )
        if not Office.delete().where(Office.id == office.id).execute():
            return
        audit.record(
            actor,
            "administer",
            "privilege_permissions_withdrawn",
            kind="office",
            object_id=office.account.public_id,
            tenant=office.academy.public_id,
            reason=office.role,
        )
        audit.bump("access")


def _administrators(academy_id: int) -> set[int]:
    admins = (Office.academy == academy_id) & (Office.role == "admin") & Account.disabled_at.is_null()
    return {row.account_id for row in Office.select(Office.account).join(Account).where(admins)}


def remove_teacher(actor, membership: Membership) -> None:
    """Take a teacher or an assistant off a class at once; Refused for the last teacher: a class is never left alone."""
    with transaction():
        plans.hold(membership.classroom_id)  # two who take each other off at once do not both succeed
        others = Membership.select().where(
            (Membership.classroom == membership.classroom_id)
            & (Membership.role == "teacher")
            & (Membership.id != membership.id)
        )
        if membership.role == "teacher" and not others.exists():
            raise Refused(_("Une classe garde au moins un enseignant. Ajoutez d’abord quelqu’un d’autre."))
        if not Membership.delete().where(Membership.id == membership.id).execute():
            return
        audit.record(
            actor,
            "delete",
            "membership_deleted",
            kind="membership",
            object_id=membership.account.public_id,
            classroom=membership.classroom.public_id,
            classroom_id=membership.classroom_id,
            reason=membership.role,
        )
