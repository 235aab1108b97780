"""What the tests of imports share: a school of their own in the world, applying in one line, and a dump to compare."""

from dataclasses import dataclass

from appliance.core import clock
from appliance.school.models import Classroom, Enrolment, Guardian, Guardianship, School, Student
from appliance.school.policy import SYSTEM
from appliance.services.people import children, places
from appliance.services.roster.apply import apply_import
from appliance.services.roster.models import RosterImport
from appliance.services.roster.onde import read_onde
from appliance.services.roster.plan import find_year, plan_import
from appliance.services.roster.records import RosterFile
from appliance.storage.database import db
from tests.services.roster.onde_samples import read

# The journal and the counters grow with what is done, and the imports remember that they were.
GROWING = ("audit_", "revision", "roster_import", "roster_change", "session", "migration", "schema")


def new_school(world) -> School:
    """An empty school of the world's academy."""
    return places.create_school(SYSTEM, world.academy, "École neuve", uai="0750009Z")


def plan(school, roster, answers=None):
    """The difference today."""
    return plan_import(school, find_year(school, clock.today()), roster, answers)


def apply(school, roster, answers=None) -> RosterImport:
    """Apply the difference of today."""
    return apply_import(SYSTEM, school, roster, plan(school, roster, answers).digest, answers)


def dump() -> dict[str, list]:
    """Every row of every table but those that only grow, as the database holds them."""
    tables = [name for name in sorted(db.get_tables()) if not name.startswith(GROWING)]
    return {
        name: sorted(map(_plain, db.execute_sql(f'SELECT * FROM "{name}"').fetchall()), key=repr) for name in tables
    }


def _plain(row) -> tuple:
    return tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row)


def real_roster(shared_data, *parts):
    """The real export of a school."""
    folder = shared_data / "rosters" / "entcore-be1d"
    names = [f"CSVExtraction-{part}.csv" for part in parts or ("eleves", "responsables", "enseignants")]
    return read_onde(*(RosterFile(name, (folder / name).read_bytes()) for name in names))


def roster(pupils, guardians=None, teachers=None):
    """A made-up roster of rows."""
    return read(pupils, guardians, teachers, encoding="utf-8")


@dataclass
class People:
    """Rows of a school by first name: first names are unique in these tests."""

    school: School

    def pupil(self, first_name: str) -> Student:
        """A pupil."""
        return Student.get((Student.school == self.school) & (Student.first_name == first_name))

    def guardian(self, first_name: str) -> Guardian:
        """A guardian."""
        return Guardian.get((Guardian.school == self.school) & (Guardian.first_name == first_name))

    def link(self, guardian: str, pupil: str) -> Guardianship | None:
        """The link between two of them, or None."""
        return Guardianship.get_or_none(guardian=self.guardian(guardian), student=self.pupil(pupil))

    def classes(self, pupil: str) -> list[str]:
        """The classes that a pupil is in."""
        query = (
            Classroom.select()
            .join(Enrolment)
            .where((Enrolment.student == self.pupil(pupil)) & Enrolment.left_on.is_null())
            .order_by(Classroom.name)
        )
        return [room.name for room in query]

    def contact(self, guardian: str) -> children.Contact:
        """What is known of how to reach a guardian."""
        return children.open_contact(self.guardian(guardian))
