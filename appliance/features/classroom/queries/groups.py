"""The groups of a class, for its staff."""

from dataclasses import dataclass

from appliance.core.errors import NotFound
from appliance.school.models import Group, GroupStudent
from appliance.school.policy import require
from appliance.storage.prepared import P, Prepared, many


@dataclass(frozen=True)
class GroupView:
    """A group and the row ids of its pupils."""

    id: int
    public_id: str
    name: str
    student_ids: frozenset[int]


_GROUPS = Prepared(
    lambda: (
        Group.select(Group.id, Group.public_id, Group.name)
        .where(Group.classroom == P("classroom"))
        .order_by(Group.name, Group.id)
    )
)
_MEMBERS = Prepared(
    lambda: (
        GroupStudent.select(GroupStudent.group.alias("group_id"), GroupStudent.student.alias("student_id"))
        .where(GroupStudent.group.in_(many("groups")))
        .order_by(GroupStudent.id)
    )
)


def list_groups(access) -> list[GroupView]:
    """The groups of the class with their pupils, by name; for the staff only."""
    require(access.is_staff)
    groups = _GROUPS.all(classroom=access.classroom_id)
    members: dict[int, set[int]] = {}
    for row in _MEMBERS.all(groups=[group.id for group in groups]):
        members.setdefault(row.group_id, set()).add(row.student_id)
    return [GroupView(row.id, row.public_id, row.name, frozenset(members.get(row.id, ()))) for row in groups]


def get_group(access, public_id: str) -> GroupView:
    """One group of the class; NotFound for a group of another."""
    for group in list_groups(access):
        if group.public_id == public_id:
            return group
    raise NotFound()
