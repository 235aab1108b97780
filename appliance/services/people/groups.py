"""Groups of pupils that a teacher addresses together; a group never holds a pupil of another class."""

from collections.abc import Sequence

from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.school.models import Classroom, Group, GroupStudent
from appliance.services import audit
from appliance.storage.database import transaction


def create_group(actor, classroom: Classroom, name: str, student_ids: Sequence[int] = ()) -> Group:
    """Create a group with its pupils; Refused when the name is taken in the class."""
    with transaction():
        _require_free_name(classroom.id, name)
        group = Group.create(classroom=classroom, name=name)
        _put(group, student_ids)
        _record(actor, "create", "group_created", group)
    return group


def update_group(actor, group: Group, name: str, student_ids: Sequence[int]) -> None:
    """Rename a group and say anew which pupils it holds."""
    with transaction():
        _require_free_name(group.classroom_id, name, group.id)
        Group.update(name=name).where(Group.id == group.id).execute()
        GroupStudent.delete().where(GroupStudent.group == group.id).execute()
        _put(group, student_ids)
        _record(actor, "update", "group_updated", group)


def delete_group(actor, group: Group) -> None:
    """Delete a group; its pupils stay in the class."""
    with transaction():
        _record(actor, "delete", "group_deleted", group)
        group.delete_instance()


def _put(group: Group, student_ids: Sequence[int]) -> None:
    rows = [{"group": group.id, "student": student_id} for student_id in sorted(set(student_ids))]
    if rows:
        GroupStudent.insert_many(rows).execute()


def _require_free_name(classroom_id: int, name: str, but: int | None = None) -> None:
    taken = Group.get_or_none((Group.classroom == classroom_id) & (Group.name == name))
    if taken is not None and taken.id != but:
        raise Refused(_("Un groupe de la classe porte déjà ce nom."), field="name")


def _record(actor, operation: str, event: str, group: Group) -> None:
    classroom = group.classroom
    audit.record(
        actor,
        operation,
        event,
        kind="group",
        object_id=group.public_id,
        classroom=classroom.public_id,
        classroom_id=classroom.id,
    )
