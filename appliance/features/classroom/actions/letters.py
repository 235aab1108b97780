"""Invitation letters: one page and one code for each guardian without account, printed in one go."""

from collections.abc import Sequence

from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.features.classroom.queries import people
from appliance.school.models import Guardian
from appliance.school.policy import require
from appliance.services.people import invitations, letters, resets
from appliance.storage.database import transaction


def list_waiting(pupils: list) -> list[tuple]:
    """The guardians with legal authority and without account, each once, with one of their children in the class."""
    found = {}
    for pupil in pupils:
        for adult in pupil.adults:
            if adult.authority == "legal" and adult.state != "joined":
                found.setdefault(adult.public_id, (pupil, adult))
    return list(found.values())


def print_letters(actor, access, chosen: Sequence[str], public_url: str) -> bytes:
    """A PDF with a letter for each chosen guardian; each gets a new code, which cancels the one before."""
    require(access.can_manage)
    offered = {adult.public_id for _pupil, adult in list_waiting(people.list_pupils(access))}
    wanted = [public_id for public_id in dict.fromkeys(chosen) if public_id in offered]
    if not wanted:
        raise Refused(_("Cochez au moins une personne sans compte."), field="guardians")
    with transaction():  # a letter that cannot be drawn leaves the codes of the earlier ones alive
        invited = invitations.invite_guardians(actor, access, wanted)
        if not invited:  # they came by another way meanwhile
            raise Refused(_("Cochez au moins une personne sans compte."), field="guardians")
        return letters.write_letters(actor, access, invited, public_url=public_url)


def cancel_letters(actor, access, chosen: Sequence[str]) -> int:
    """Make the printed codes of the chosen guardians worthless without printing others; how many there were."""
    require(access.can_manage)
    invited = [
        adult.public_id
        for _pupil, adult in list_waiting(people.list_pupils(access))
        if adult.state == "invited" and adult.public_id in chosen
    ]
    if not invited:
        raise Refused(_("Cochez au moins une personne dont le courrier est déjà parti."), field="guardians")
    invitations.cancel_guardian_invitations(actor, access, invited)
    return len(invited)


def print_reset(actor, access, student_public_id: str, guardian_public_id: str, public_url: str) -> bytes:
    """A PDF with a code for a new password, for a guardian of the class who has an account."""
    require(access.can_manage)
    adult = people.get_adult(people.get_pupil(access, student_public_id), guardian_public_id)
    with transaction():
        _account, code = resets.create_code_for_guardian(actor, access, adult.public_id)
        return letters.write_reset_letter(actor, access, Guardian.get_by_id(adult.id), code, public_url=public_url)
