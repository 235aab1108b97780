"""What a person is told by mail about their own account: a thief cannot change it unseen."""

from appliance.core import i18n
from appliance.core.errors import Unavailable
from appliance.core.i18n import _
from appliance.school.models import Account
from appliance.services import mail


def tell_password_changed(account_id: int) -> None:
    """Say that the password was changed, where there is a relay and an address."""
    account = Account.get_or_none(Account.id == account_id)
    if account is None or not account.email or not mail.is_possible():
        return
    with i18n.speaking(account.language):
        body = _(
            "Bonjour,\n\n"
            "Le mot de passe de votre compte Préau vient d’être changé.\n"
            "Si c’était vous, il n’y a rien à faire. Sinon, prévenez l’école tout de suite.\n"
        )
        try:
            mail.send(account.email, _("Votre mot de passe a été changé"), body)
        except Unavailable:
            return  # logged by the mail service; the change itself stands
