"""Colleagues are invited by a code without a name: whoever uses it first joins the team of a class, this year.

A code stands for as long as whoever made it decides who belongs to the class: nobody leaves a back door behind.
"""

from datetime import timedelta

from peewee import JOIN

from appliance.core import clock
from appliance.core.errors import Denied, NotFound, QuotaReached, Refused
from appliance.core.i18n import _
from appliance.school.models import Account, Classroom, Invitation, Membership, SchoolYear
from appliance.services import audit, plans
from appliance.services.people import accounts, codes, places
from appliance.storage.database import transaction


def invite_colleague(actor, access, role: str = "teacher", *, life: timedelta) -> str:
    """A code that makes whoever uses it a teacher or an assistant of this class; codes made before stay."""
    _require_manager(access)
    if role not in places.TEACHING:
        raise Refused(_("Choisissez un rôle."), field="role")
    with transaction():
        classroom = Classroom.get_by_id(access.classroom_id)
        _require_place(classroom, role)
        code = codes.create("colleague", life=life, created_by=actor.account_id, classroom=classroom, role=role)
        _record(actor, access, "authn_token_created", role)
    return code


def list_colleague_invitations(actor, access) -> list[Invitation]:
    """The codes that would still bring someone into the team, the oldest first, with who made them."""
    _require_manager(access)
    waiting = (
        Invitation.select(Invitation, Classroom, SchoolYear, Account)
        .join(Classroom)
        .join(SchoolYear)
        .join_from(Invitation, Account, JOIN.LEFT_OUTER, on=Invitation.created_by == Account.id)
        .where(
            (Invitation.purpose == "colleague")
            & (Invitation.classroom == access.classroom_id)
            & Invitation.used_at.is_null()
            & Invitation.cancelled_at.is_null()
            & (Invitation.expires_at > clock.now())
        )
        .order_by(Invitation.created_at, Invitation.id)
    )
    return [invitation for invitation in waiting if stands(invitation)]


def cancel_colleague_invitation(actor, access, public_id: str) -> None:
    """Make one code of this class worthless; doing it twice, or after it has served, changes nothing."""
    _require_manager(access)
    found = Invitation.get_or_none(
        (Invitation.public_id == public_id)
        & (Invitation.purpose == "colleague")
        & (Invitation.classroom == access.classroom_id)
    )
    if found is None:
        raise NotFound()
    with transaction():
        if codes.cancel("colleague", id=found.id):
            _record(actor, access, "authn_token_revoked", found.role)


def cancel_colleague_invitations(actor, access, role: str) -> None:
    """Make every waiting code of this role in this class worthless: letters that are printed again replace them."""
    _require_manager(access)
    with transaction():
        if codes.cancel("colleague", classroom=access.classroom_id, role=role):
            _record(actor, access, "authn_token_revoked", role)


def stands(invitation: Invitation) -> bool:
    """Whether the class is of this year and whoever made the code still manages it; the appliance's own codes stand."""
    if invitation.classroom.year.ends_on < clock.today():
        return False
    maker = invitation.created_by
    if maker is None:
        return True
    managed = {each.classroom_id for each in accounts.actor_of(maker).classes if each.can_manage}
    return maker.disabled_at is None and invitation.classroom_id in managed


def join_team(actor, invitation: Invitation, account: Account) -> None:
    """Put an account in the team that a code names; who is in it already is told, and leaves the code to another."""
    classroom = invitation.classroom
    if Membership.select().where((Membership.account == account) & (Membership.classroom == classroom)).exists():
        raise Refused(
            _(
                "Vous êtes déjà dans l’équipe de cette classe\u202f: ce code est pour quelqu’un d’autre. "
                "Il n’a pas servi."
            )
        )
    _require_place(classroom, invitation.role)
    places.add_teacher(actor, account, classroom, invitation.role)


def _require_manager(access) -> None:
    if not access.can_manage:
        raise Denied()


def _require_place(classroom: Classroom, role: str) -> None:
    if role != "teacher":
        return
    teachers = Membership.select().where((Membership.classroom == classroom) & (Membership.role == "teacher")).count()
    most = plans.plan_of(classroom.id).administrators
    if most is not None and teachers >= most:
        raise QuotaReached(
            _(
                "Cette classe a déjà %(most)s enseignants, le maximum. Rien n’a été modifié.",
                most=most,
            )
        )


def _record(actor, access, event: str, role: str) -> None:
    place = access.classroom_public_id
    audit.record(actor, "authenticate", event, kind="classroom", object_id=place, classroom=place, reason=role)
