"""The class key: what families type to ask to join. It opens nothing without the approval of someone of the class."""

from appliance.features.classroom.queries import people
from appliance.school.policy import require
from appliance.services.people import places


def renew(actor, access) -> str:
    """Make a new key; the old one opens nothing from now on, requests already made stay."""
    require(access.can_manage)
    return places.renew_join_code(actor, people.get_classroom(access))


def disable(actor, access) -> None:
    """Take the key away: nobody can ask to join any more."""
    require(access.can_manage)
    places.disable_join_code(actor, people.get_classroom(access))
