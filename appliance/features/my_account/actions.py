"""Writes of my_account: a person changes what is theirs, and nothing that the school knows of others."""

from appliance.core import clock, i18n
from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.school.models import Account, NoticeAcceptance
from appliance.services import audit, background
from appliance.services.people import accounts, alerts, codes, confirmations
from appliance.storage.database import transaction

THEMES = ("", "light", "dark")


def rename(actor, first_name: str, last_name: str) -> None:
    """Change one's own name as shown to the school; the roster's name is the school's and stays."""
    names = {"first_name": accounts.one_line(first_name), "last_name": accounts.one_line(last_name)}
    for field, value in names.items():
        if not value or len(value) > 100:
            raise Refused(_("Écrivez un nom de 1 à 100 caractères."), field=field)
    _update(actor, "user_updated", "name", **names)


def set_appearance(actor, language: str, theme: str) -> None:
    """Choose the language of pages and mails, and light, dark or the device's own colours."""
    if language not in i18n.languages():
        raise Refused(_("Choisissez une langue de la liste."), field="language")
    if theme not in THEMES:
        raise Refused(_("Choisissez une apparence de la liste."), field="theme")
    _update(actor, "user_updated", "appearance", language=language, theme=theme)


def set_email(actor, email: str, present: str, *, network: str = "") -> None:
    """Change the address that reset links go to; the present password proves that it is the person.

    Another account may have it: refusing it would tell who has an account. It counts once it is confirmed, and a letter
    asks for that each time it is saved until then. Links sent before to the old address set no password any more.
    """
    email = accounts.fold_identifier(email)
    accounts.check_email(email)
    account = accounts.prove_presence(actor, present, network=network)
    if email == account.email and account.email_confirmed_at is not None:
        return
    with transaction():
        _update(actor, "user_updated", "email", email=email, email_since=clock.now(), email_confirmed_at=None)
        codes.cancel("reset", account=account.id)
        confirmations.ask(Account.get_by_id(account.id))
    if account.email and account.email_confirmed_at is not None:
        background.submit(alerts.tell_email_changed, account.email, account.language)


def withdraw_notice(actor) -> None:
    """Withdraw one's acceptance of the notice: everything closes until it is accepted again; the proof is kept."""
    with transaction():
        withdrawn = (
            NoticeAcceptance.update(withdrawn_at=clock.now())
            .where((NoticeAcceptance.account == actor.account_id) & NoticeAcceptance.withdrawn_at.is_null())
            .execute()
        )
        if not withdrawn:
            raise NotFound()
        audit.record(actor, "update", "notice_withdrawn", kind="notice", object_id=actor.public_id)


def _update(actor, event: str, reason: str, **values) -> None:
    with transaction():
        Account.update(**values).where(Account.id == actor.account_id).execute()
        audit.record(actor, "update", event, kind="account", object_id=actor.public_id, reason=reason)
