"""An address that a person typed counts, to sign in and to find a password again, once its mailbox has answered.

What the school typed counts at once; so does everything where no relay is configured to ask with.
"""

from datetime import timedelta

from appliance.core import clock, i18n
from appliance.core.errors import Refused, Unavailable
from appliance.core.i18n import _
from appliance.school.models import Account, Invitation
from appliance.services import audit, background, mail
from appliance.services.people import codes, throttle
from appliance.storage.database import after_commit, transaction

PURPOSE = "email"
LIFE = timedelta(hours=48)
_public_url = ""


def configure(public_url: str) -> None:
    """Write links to this site from here on."""
    global _public_url
    _public_url = public_url


def ask(account: Account) -> None:
    """After the commit, write to an address that is not confirmed yet; links written before open nothing any more.

    Anybody can type anybody's address: TooManyAttempts once it was written to so often, whoever asks.
    """
    codes.cancel(PURPOSE, account=account.id)
    if account.email and account.email_confirmed_at is None and mail.is_possible():
        subject = throttle.subject_of(throttle.RESET_MAIL, account.email)
        throttle.require_calm(throttle.RESET_MAIL, subject, "")
        throttle.note_failure(throttle.RESET_MAIL, subject, "")
        after_commit(lambda: background.submit(send_letter, account.id))


def send_letter(account_id: int) -> None:
    """Mail the link that confirms an account's address, when it is still to confirm."""
    with transaction():
        account = Account.get_or_none((Account.id == account_id) & Account.disabled_at.is_null())
        if account is None or not account.email or account.email_confirmed_at is not None:
            return
        code = codes.create(PURPOSE, life=LIFE, length=codes.LINKED, account=account)
        audit.record(
            None, "authenticate", "authn_token_created", kind="account", object_id=account.public_id, reason=PURPOSE
        )
    with i18n.speaking(account.language):
        body = _(
            "Bonjour,\n\n"
            "Quelqu’un, sans doute vous, a inscrit cette adresse dans un compte Préau.\n"
            "Pour vous en servir, confirmez-la dans les deux jours en ouvrant ce lien\u202f:\n\n"
            "%(link)s\n\n"
            "Si ce n’était pas vous, ne faites rien\u202f: l’adresse ne servira pas.\n",
            link=f"{_public_url}/confirmer-adresse/{code}",
        )
        try:
            mail.send(account.email, _("Confirmer votre adresse"), body)
        except Unavailable:
            return  # logged by the mail service; the person can ask for another letter


def check(typed: str, *, network: str = "") -> Invitation:
    """The open request of a link, without spending it; Refused otherwise."""
    try:
        return codes.find(typed, network=network, purposes=(PURPOSE,))
    except codes.WrongCode:
        raise Refused(
            _(
                "Ce lien ne sert plus\u202f: il a déjà servi, il est trop ancien, ou un autre l’a remplacé. "
                "Vous pouvez en demander un nouveau dans Mon compte, Adresse électronique."
            )
        ) from None


def confirm(typed: str, *, network: str = "") -> None:
    """Let the address count that a link was sent to; the link is spent."""
    invitation = check(typed, network=network)
    with transaction():
        codes.use(invitation)
        Account.update(email_confirmed_at=clock.now()).where(Account.id == invitation.account_id).execute()
        public_id = Account.get_by_id(invitation.account_id).public_id
        audit.record(None, "update", "user_updated", kind="account", object_id=public_id, reason="email_confirmed")
