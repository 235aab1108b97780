"""The difference between a roster and the database: what an import would write, and what it leaves to people.

Nothing is written here. Classes that the file does not hold are not looked at; nobody leaves because of a file of which
one line was not understood; what the staff decided since the last file is kept and listed.
"""

from collections.abc import Mapping
from datetime import date

from appliance.school.models import School, SchoolYear
from appliance.services.people import places
from appliance.services.roster.comparison import Comparison
from appliance.services.roster.difference import Plan
from appliance.services.roster.matching_guardians import match_guardians
from appliance.services.roster.matching_pupils import match_classes, match_pupils
from appliance.services.roster.records import Roster
from appliance.services.roster.state import load_state


def plan_import(
    school: School,
    year: SchoolYear | None,
    roster: Roster,
    decisions: Mapping[str, object] | None = None,
    *,
    lock: bool = False,
) -> Plan:
    """Compare a roster with a school's year; `decisions` answers earlier doubts. The caller decided who may look."""
    decisions = decisions or {}
    state = load_state(school, year, lock=lock)
    classes = match_classes(state, roster, decisions)
    pupils = match_pupils(state, roster, classes, decisions)
    guardians = match_guardians(state, roster, pupils, decisions)
    return Comparison(state, roster, classes, pupils, guardians).plan()


def find_year(school: School, today: date) -> SchoolYear | None:
    """The school year of this day, None while nobody has made it."""
    name = places.year_dates(today)[0]
    return SchoolYear.get_or_none((SchoolYear.academy == school.academy_id) & (SchoolYear.name == name))
