"""Teachers of a roster: a file opens no account, it tells whom to invite and into which class."""

from collections.abc import Collection

from appliance.school.models import Account, Membership
from appliance.services.roster.difference import TeacherLine, shown_name
from appliance.services.roster.matching import class_key, name_key, person_key
from appliance.services.roster.records import Roster
from appliance.services.roster.state import State


def list_teachers(state: State, roster: Roster) -> tuple[TeacherLine, ...]:
    """The teachers of the file; those whose name a colleague of this year's classes bears need no invitation."""
    if not roster.teachers:
        return ()
    names = {person_key(person.last_name, person.first_name) for person in _list_staff(state.classrooms)}
    rooms = {one.key: one.name for one in roster.classes}
    found = []
    for teacher in roster.teachers:
        lasts = (teacher.last_name, teacher.usage_name or teacher.last_name)
        known = any(person_key(last, teacher.first_name) in names for last in lasts)
        classes = tuple(rooms.get(class_key(name), name) for name in teacher.class_names)
        found.append(TeacherLine(shown_name(teacher), teacher.email, classes, teacher.is_head, known))
    return tuple(found)


def list_absent(teachers: list[dict], class_ids: Collection[int]) -> list[dict]:
    """Those of a kept list who are not in the team of any of these classes yet; they may have come since the import."""
    present = {name_key(f"{person.last_name} {person.first_name}") for person in _list_staff(class_ids)}
    return [each for each in teachers if not each["known"] and name_key(each["name"]) not in present]


def _list_staff(class_ids: Collection[int]) -> list[Account]:
    return list(
        Account.select(Account.last_name, Account.first_name)
        .join(Membership, on=Membership.account == Account.id)
        .where(Membership.classroom.in_(sorted(class_ids)))
        .distinct()
    )
