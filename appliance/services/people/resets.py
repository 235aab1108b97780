"""A forgotten password: a link by mail or a code on paper, used once; nobody learns whether an account exists."""

from collections.abc import Callable
from datetime import timedelta

from appliance.core import i18n
from appliance.core.config import Security
from appliance.core.errors import Denied, NotFound
from appliance.core.i18n import _
from appliance.school.models import Account, Enrolment, Guardian, Guardianship, Membership, Office
from appliance.services import audit, background, mail
from appliance.services.people import accounts, alerts, codes, devices, passwords, throttle
from appliance.storage.database import transaction

PAPER_LIFE = timedelta(days=7)
_limits = Security()


def configure(limits: Security) -> None:
    """Take the life of a link from here on."""
    global _limits
    _limits = limits


def request_mail(identifier: str, *, network: str = "", public_url: str) -> None:
    """Send a link to the account's address if there is one; what is done before the answer is the same either way."""
    folded = accounts.fold_identifier(identifier)[:254]
    subject = throttle.subject_of(throttle.RESET_MAIL, folded)
    throttle.require_calm(throttle.RESET_MAIL, subject, network)
    with transaction():
        throttle.note_failure(throttle.RESET_MAIL, subject, network)
        audit.record(None, "authenticate", "authn_reset_requested", kind="account", object_id="")
    if mail.is_possible():
        background.submit(send_link, folded, public_url)


def send_link(typed: str, public_url: str) -> None:
    """Mail a link for each account that has this identifier or confirmed this address; unknown ones get nothing.

    A letter goes to the account's own address: claiming another's address sends one's own links there, never the
    reverse.
    """
    for account in accounts.list_claiming(typed):
        if account.email and account.email_confirmed_at is not None:
            _send_link(account, public_url)


def _send_link(account: Account, public_url: str) -> None:
    code = create_code(None, account, life=timedelta(minutes=_limits.reset_minutes), length=codes.LINKED)
    with i18n.speaking(account.language):
        body = _(
            "Bonjour,\n\n"
            "Quelqu’un, sans doute vous, a demandé un nouveau mot de passe pour votre compte Préau, "
            "dont l’identifiant est %(identifier)s.\n"
            "Pour le choisir, ouvrez cette adresse dans les %(minutes)s minutes\u202f:\n\n"
            "%(link)s\n\n"
            "Elle ne sert qu’une fois. Si vous n’avez rien demandé, ne faites rien\u202f: "
            "votre mot de passe ne change pas.\n",
            identifier=account.identifier,
            minutes=_limits.reset_minutes,
            link=f"{public_url}/reinitialiser/{code}",
        )
        mail.send(account.email, _("Choisir un nouveau mot de passe"), body)


def create_code(actor, account: Account, *, life: timedelta = PAPER_LIFE, length: int = codes.PRINTED) -> str:
    """A one-time code that sets a new password; the code before it is cancelled. The caller decided that actor may."""
    with transaction():
        code = codes.create(
            "reset", life=life, length=length, created_by=actor.account_id if actor else None, account=account
        )
        audit.record(
            actor, "authenticate", "authn_token_created", kind="account", object_id=account.public_id, reason="reset"
        )
    return code


def create_code_for_guardian(actor, access, guardian_public_id: str) -> tuple[Account, str]:
    """A reset code that a class's staff prints for a guardian of one of its pupils; never for a colleague's account.

    Whoever holds the code enters the account: Denied unless the actor manages every class that the account opens.
    """
    if not access.can_manage:
        raise Denied()
    guardian = (
        Guardian.select()
        .join(Guardianship, on=Guardianship.guardian == Guardian.id)
        .join(Enrolment, on=Enrolment.student == Guardianship.student)
        .where(
            (Guardian.public_id == guardian_public_id)
            & (Enrolment.classroom == access.classroom_id)
            & Enrolment.left_on.is_null()
            & Guardian.account.is_null(False)
        )
        .first()
    )
    if guardian is None:
        raise NotFound()
    account = guardian.account
    holds_more = (
        Membership.select().where(Membership.account == account).exists()
        or Office.select().where(Office.account == account).exists()
    )
    if holds_more or account.disabled_at is not None:
        raise Denied(
            _(
                "Ce compte sert aussi à l’école ou est fermé\u202f: seul l’administrateur peut en changer le mot de "
                "passe. Rien n’a été modifié."
            )
        )
    managed = {each.classroom_id for each in actor.classes if each.can_manage}
    if any(each.classroom_id not in managed for each in accounts.actor_of(account).classes):
        raise Denied(
            _(
                "Ce compte ouvre aussi une autre classe\u202f: seule la direction de l’école peut en changer le mot de "
                "passe, ou l’administrateur quand les enfants sont dans plusieurs écoles. Rien n’a été modifié."
            )
        )
    return account, create_code(actor, account)


def check_code(typed: str, *, network: str = "") -> Account:
    """The account that a code is for, without spending it; WrongCode otherwise."""
    account = codes.find(typed, network=network, purposes=("reset",)).account
    if account is None or account.disabled_at is not None:
        raise codes.WrongCode()
    return account


def reset_password(
    typed: str, new: str, *, network: str = "", then: Callable[[Account], None] = lambda account: None
) -> Account:
    """Spend a code for a new password; every session of the account is closed, then `then(account)` opens one."""
    invitation = codes.find(typed, network=network, purposes=("reset",))
    account = invitation.account
    if account is None or account.disabled_at is not None:
        raise codes.WrongCode()
    password_hash = passwords.make_hash(new, accounts.words_of(account))
    with transaction():
        codes.use(invitation)
        accounts.set_password(accounts.actor_of(account), account, password_hash)
        devices.close_sessions(account)
        then(account)
    background.submit(alerts.tell_password_changed, account.id)
    return account
