"""Teachers of a roster: a file opens no account, it tells whom to invite and into which class."""

from appliance.school.models import Account, Membership
from appliance.services.roster.difference import TeacherLine, shown_name
from appliance.services.roster.matching import class_key, person_key
from appliance.services.roster.records import Roster
from appliance.services.roster.state import State


def list_teachers(state: State, roster: Roster) -> tuple[TeacherLine, ...]:
    """The teachers of the file; those whose name a colleague of this year's classes bears need no invitation."""
    if not roster.teachers:
        return ()
    staff = (
        Account.select(Account.last_name, Account.first_name)
        .join(Membership, on=Membership.account == Account.id)
        .where(Membership.classroom.in_(sorted(state.classrooms)))
        .distinct()
    )
    names = {person_key(person.last_name, person.first_name) for person in staff}
    rooms = {one.key: one.name for one in roster.classes}
    found = []
    for teacher in roster.teachers:
        lasts = (teacher.last_name, teacher.usage_name or teacher.last_name)
        known = any(person_key(last, teacher.first_name) in names for last in lasts)
        classes = tuple(rooms.get(class_key(name), name) for name in teacher.class_names)
        found.append(TeacherLine(shown_name(teacher), teacher.email, classes, teacher.is_head, known))
    return tuple(found)
