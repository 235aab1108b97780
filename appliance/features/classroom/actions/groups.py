"""Groups of the class; only pupils of the class enter one."""

from collections.abc import Sequence

from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.features.classroom.queries import people
from appliance.features.classroom.queries.groups import get_group, list_groups
from appliance.school.models import Group
from appliance.school.policy import require
from appliance.services.people import groups


def create_group(actor, access, name: str, pupils: Sequence[str]) -> None:
    """Create a group of pupils of this class."""
    require(access.can_manage)
    groups.create_group(actor, people.get_classroom(access), name, _row_ids(access, pupils))


def update_group(actor, access, public_id: str, name: str, pupils: Sequence[str]) -> None:
    """Rename a group and say who is in it."""
    require(access.can_manage)
    group = Group.get_by_id(get_group(access, public_id).id)
    groups.update_group(actor, group, name, _row_ids(access, pupils))


def delete_group(actor, access, public_id: str) -> None:
    """Delete a group; deleting it twice changes nothing."""
    require(access.can_manage)
    for group in list_groups(access):
        if group.public_id == public_id:
            groups.delete_group(actor, Group.get_by_id(group.id))


def _row_ids(access, chosen: Sequence[str]) -> list[int]:
    rows = {pupil.public_id: pupil.id for pupil in people.list_pupils(access)}
    if not set(chosen) <= rows.keys():
        raise Refused(_("Un des élèves choisis n’est plus dans la classe. Vérifiez la liste."), field="pupils")
    return [rows[public_id] for public_id in chosen]
