"""Requests to join: approved for one child by someone who checked, or refused. Nothing is shown before."""

from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.features.classroom.actions.names import fold
from appliance.features.classroom.queries import people
from appliance.school.models import Guardian, JoinRequest
from appliance.school.policy import require
from appliance.services.people import invitations


def approve(actor, access, request_public_id: str, student: str, adult: str = "", *, confirmed: bool) -> None:
    """Let someone follow one child of the class, as the listed adult `adult` or as a new one.

    Someone whose authority over this child was withdrawn, or never was, does not come back by asking again.
    """
    require(access.can_manage)
    request = people.get_request(access, request_public_id)
    pupil = _find(people.list_pupils(access), student)
    if pupil is None:
        raise Refused(_("Choisissez l’enfant de cette personne."), field="student")
    if not confirmed:
        raise Refused(_("Vérifiez d’abord, puis cochez cette case."), field="confirmed")
    listed = _find(pupil.adults, adult) if adult else None
    if adult and (listed is None or listed.state == "joined"):
        raise Refused(_("Cette personne n’est pas parmi les adultes de cet élève."), field="adult")
    _require_authority(request, pupil, listed)
    invitations.decide_join_request(actor, access, request_public_id, True, student, adult)


def _require_authority(request, pupil, listed) -> None:
    account = JoinRequest.get_by_id(request.id).account_id
    barred = [each for each in pupil.adults if each.authority != "legal"]
    known = {row.id for row in Guardian.select(Guardian.id).where(Guardian.account == account)}
    names = {fold(request.name), fold(" ".join(reversed(request.name.split())))}
    for each in barred:
        if each == listed or each.id in known or fold(each.name) in names:
            raise Refused(
                _(
                    "Une personne de ce nom est liée à cet élève sans autorité parentale. "
                    "Si une décision la lui rend, changez d’abord l’autorité sur la fiche de l’élève. "
                    "Rien n’a été modifié."
                ),
                field="student",
            )


def refuse(actor, access, request_public_id: str) -> None:
    """Refuse a request; one that has its answer already is left as it is."""
    require(access.can_manage)
    if _find(people.list_requests(access), request_public_id) is not None:
        invitations.decide_join_request(actor, access, request_public_id, False)


def list_likely(request, pupils: list) -> list:
    """The pupils whom the name that was typed may mean: the same words, or all of the first name's."""
    typed = set(fold(request.child_name).split())
    same = [pupil for pupil in pupils if set(fold(pupil.name).split()) == typed]
    return same or [pupil for pupil in pupils if set(fold(pupil.first_name).split()) <= typed]


def _find(items, public_id: str):
    return next((item for item in items if item.public_id == public_id), None)
