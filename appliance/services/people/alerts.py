"""What a person is told by mail about their own account: a thief cannot change it unseen."""

from appliance.core import i18n
from appliance.core.errors import Unavailable
from appliance.core.i18n import _
from appliance.school.models import Account
from appliance.services import mail


def tell_password_changed(account_id: int) -> None:
    """Say that the password was changed, where there is a relay and an address that was confirmed."""
    account = Account.get_or_none(Account.id == account_id)
    if account is None or not account.email or account.email_confirmed_at is None:
        return
    with i18n.speaking(account.language):
        body = _(
            "Bonjour,\n\n"
            "Le mot de passe de votre compte Préau vient d’être changé.\n"
            "Si c’était vous, il n’y a rien à faire. Sinon, prévenez l’école tout de suite.\n"
        )
        _send(account.email, _("Votre mot de passe a été changé"), body)


def tell_email_changed(address: str, language: str) -> None:
    """Say to the confirmed address of until now that the account has another one, where there is a relay."""
    with i18n.speaking(language):
        body = _(
            "Bonjour,\n\n"
            "Votre compte Préau n’utilise plus cette adresse électronique\u202f: elle vient d’être changée.\n"
            "Si c’était vous, il n’y a rien à faire. Sinon, prévenez l’école tout de suite.\n"
        )
        _send(address, _("Votre adresse électronique a été changée"), body)


def _send(address: str, subject: str, body: str) -> None:
    if not mail.is_possible():
        return
    try:
        mail.send(address, subject, body)
    except Unavailable:
        return  # logged by the mail service; the change itself stands
