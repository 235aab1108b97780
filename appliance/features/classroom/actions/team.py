"""Who works with the class: colleagues added or taken off, within the numbers that the plan of the class allows."""

from appliance.core.errors import QuotaReached, Refused
from appliance.core.i18n import _
from appliance.features.classroom.actions.guardians import require_room
from appliance.features.classroom.queries import people
from appliance.school.models import Account, Classroom, Membership, Office, School
from appliance.school.policy import require
from appliance.services import plans
from appliance.services.people import accounts, invitations, places
from appliance.storage.database import transaction


def add_colleague(actor, access, identifier: str, role: str) -> None:
    """Add someone who already works for the academy; anybody else's account is not found, whether it exists or not."""
    require(access.can_manage)
    with transaction():
        plans.hold(access.classroom_id)
        account = _find_colleague(access, identifier)
        if account is None:
            raise Refused(
                _(
                    "Aucun collègue n’a cet identifiant. Vérifiez-le, ou invitez cette personne avec un code imprimé. "
                    "Rien n’a été modifié."
                ),
                field="identifier",
            )
        present = Membership.get_or_none(account=account, classroom=access.classroom_id)
        if present is not None and present.role == role:
            return
        if present is not None:
            raise Refused(
                _("Cette personne est déjà dans l’équipe. Pour changer son rôle, retirez-la puis ajoutez-la."),
                field="identifier",
            )
        require_place(access, role)
        places.add_teacher(actor, account, people.get_classroom(access), role)


def invite_colleague(actor, access, role: str) -> str:
    """A code that brings a colleague who has no account yet into the team, once."""
    require(access.can_manage)
    require_place(access, role)
    return invitations.invite_colleague(actor, access, role)


def require_place(access, role: str) -> None:
    """Refuse one more member, or one more teacher, than the plan of the class allows."""
    require_room(access)
    most = plans.plan_of(access.classroom_id).administrators
    teachers = sum(colleague.role == "teacher" for colleague in people.list_team(access))
    if role == "teacher" and most is not None and teachers >= most:
        raise QuotaReached(
            _(
                "La classe a déjà %(max)d enseignants, le nombre maximal. Ajoutez cette personne comme assistante, "
                "ou retirez d’abord quelqu’un.",
                max=most,
            )
        )


def _find_colleague(access, identifier: str) -> Account | None:
    account = Account.get_or_none(
        (Account.identifier == accounts.fold_identifier(identifier)) & Account.disabled_at.is_null()
    )
    if account is None:
        return None
    teaches = (
        Membership.select()
        .join(Classroom)
        .join(School)
        .where((Membership.account == account) & (School.academy == access.academy_id))
    )
    governs = Office.select().where((Office.account == account) & (Office.academy == access.academy_id))
    return account if teaches.exists() or governs.exists() else None


def remove_colleague(actor, access, account_public_id: str) -> None:
    """Take a colleague off the class at once; what they published stays."""
    require(access.can_manage)
    if any(colleague.public_id == account_public_id for colleague in people.list_team(access)):
        places.remove_teacher(actor, people.get_membership(access, account_public_id))
