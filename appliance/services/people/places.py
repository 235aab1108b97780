"""Academies, schools, years and classes: who creates them and the keys that they get."""

import secrets
from datetime import date

from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.core.ids import ALPHABET, new_id
from appliance.school import keys
from appliance.school.models import Academy, Classroom, Membership, Office, School, SchoolYear
from appliance.services import audit
from appliance.storage.database import transaction

OFFICES = ("principal", "admin", "dpo")
TEACHING = ("teacher", "assistant")


def create_academy(actor, name: str) -> Academy:
    """Create a tenant with a key of its own, wrapped under the KEK."""
    with transaction():
        public_id = new_id()
        academy = Academy.create(public_id=public_id, name=name, wrapped_key=keys.new_academy_key(public_id))
        audit.record(actor, "create", "academy_created", kind="academy", object_id=public_id, tenant=public_id)
    return academy


def create_school(actor, academy: Academy, name: str, *, uai: str = "", city: str = "") -> School:
    """Create a school of an academy."""
    with transaction():
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
