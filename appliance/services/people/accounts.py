"""Accounts: opened once a person, proved by a password, closed without erasing; no answer tells who has one.

Security events take the names of OWASP's Logging Vocabulary and are in the journal before the answer leaves.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import peewee

from appliance.core import clock, i18n
from appliance.core.config import Security
from appliance.core.errors import NotFound, Refused, Unavailable
from appliance.core.i18n import _, lazy_
from appliance.core.richtext import normalise
from appliance.school import policy
from appliance.school.models import Account
from appliance.services import audit, background, mail
from appliance.services.people import alerts, codes, confirmations, devices, identifiers, passwords, throttle
from appliance.storage.database import db, transaction
from appliance.storage.prepared import P, Prepared

_MAIL = re.compile(r"[^@\s,;:<>\"()]+@[^@\s,;:<>\"()]+\.[^@\s,;:<>\"().]+")
_WRONG = lazy_("Cet identifiant et ce mot de passe ne vont pas ensemble. Vérifiez les deux, puis recommencez.")

# One mailbox serves a household at most; more claims than this are somebody's game.
MOST_CLAIMS = 4

_FIND = Prepared(
    lambda: (
        Account.select(Account.id, Account.public_id, Account.password_hash, Account.disabled_at.alias("disabled_at"))
        .where(
            (Account.identifier == P("typed"))
            | (
                (Account.email == P("typed"))
                & (Account.email != "")
                & (Account.email_confirmed_at.is_null(False) | (P("unasked") == 1))
                & Account.disabled_at.is_null()
            )
        )
        .order_by((Account.identifier == P("typed")).desc(), Account.email_since, Account.id)
        .limit(1)
    )
)


@dataclass(frozen=True)
class Person:
    """What is said of someone when an account is opened; only operators choose an identifier."""

    first_name: str
    last_name: str
    identifier: str = ""
    email: str = ""
    language: str = i18n.SOURCE


class WrongPassword(Refused):
    """Unknown identifier, wrong password or closed account: one text for the three."""

    def __init__(self):
        super().__init__(_WRONG)


def configure(limits: Security) -> None:
    """Build the pool of password workers and take the numbers of throttling; called once when a program starts."""
    passwords.configure(limits)
    throttle.configure(limits)


def one_line(text: str | None) -> str:
    """A typed name: NFC, one line, no control or direction-changing sign."""
    return " ".join(normalise(text or "").split())


def fold_identifier(text: str | None) -> str:
    """An identifier or an address as it is kept and compared: capitals and spaces around don't matter."""
    return one_line(text).casefold()


def actor_of(account: Account) -> policy.Actor:
    """The actor that an account is, outside any session."""
    return policy.Actor(
        account.id, account.public_id, account.first_name, account.last_name, account.language, account.theme,
        0, "", policy.revision("access"),
    )  # fmt: skip


def check_newcomer(person: Person) -> Person:
    """The same person with clean fields and no identifier; Refused beside a field that is empty or too long.

    No other account has a part in it: every family holds the class key and could ask about the other guardian.
    """
    cleaned = Person(
        one_line(person.first_name), one_line(person.last_name), "", fold_identifier(person.email),
        person.language if person.language in i18n.languages() else i18n.SOURCE,
    )  # fmt: skip
    for field, most in (("first_name", 100), ("last_name", 100)):
        _check_length(getattr(cleaned, field), most, field)
    check_email(cleaned.email)
    return cleaned


def check_person(person: Person) -> Person:
    """The same person with clean fields and the identifier that an operator chose; Refused also where it is taken."""
    identifier = fold_identifier(person.identifier)
    email = person.email or (identifier if _MAIL.fullmatch(identifier) else "")
    cleaned = replace(check_newcomer(replace(person, email=email)), identifier=identifier)
    _check_length(cleaned.identifier, 254, "identifier")
    if len(cleaned.identifier) < 3:
        raise Refused(_("Choisissez un identifiant d’au moins trois signes."), field="identifier")
    if Account.select().where(Account.identifier == cleaned.identifier).exists():
        raise Refused(
            _("Cet identifiant est déjà pris. Choisissez-en un autre, ou connectez-vous s’il est à vous."),
            field="identifier",
        )
    return cleaned


def check_email(email: str) -> None:
    """Refused unless empty or shaped like an address."""
    if email and (len(email) > 254 or not email.isascii() or not _MAIL.fullmatch(email)):
        raise Refused(
            _("Cette adresse n’a pas la forme d’une adresse électronique. Exemple\u202f: prenom.nom@exemple.fr"),
            field="email",
        )


def _check_length(value: str, most: int, field: str) -> None:
    if not value:
        raise Refused(_("Remplissez ce champ."), field=field)
    if len(value) > most:
        raise Refused(_("Ce texte est trop long\u202f: %(most)s caractères au plus.", most=most), field=field)


def words_about(person: Person) -> list[str]:
    """What a password of this person must not be made of."""
    return [person.first_name, person.last_name, person.identifier, person.email]


def words_of(account: Account) -> list[str]:
    """The same for someone who has an account, with the names of their schools."""
    return [*words_about(account), *sorted({access.school_name for access in actor_of(account).classes})]


def hash_for(person: Person, password: str) -> str:
    """The hash of a person's new password, made outside any transaction; Refused on `password` with the reason."""
    return passwords.make_hash(password, words_about(person))


def create_account(actor, person: Person, password: str | None = None, *, password_hash: str = "") -> Account:
    """Open an account under a chosen identifier, for operators only: a taken one is told.

    Without any password a one-time code enters it. `password_hash` is what `hash_for` gave.
    """
    person = check_person(person)
    if password is not None:
        password_hash = passwords.make_hash(password, words_about(person))
    try:
        with transaction():
            return _insert(actor, person, password_hash, confirmed=True)
    except peewee.IntegrityError:  # the same identifier was taken in the meantime
        raise Refused(_("Cet identifiant est déjà pris. Choisissez-en un autre."), field="identifier") from None


def open_account(person: Person, password_hash: str) -> Account:
    """Open the account of someone who says who they are, under an identifier made here; no other account is told."""
    person = check_newcomer(person)
    with transaction():
        for digits in (4,) * 20 + (8,) * 5:
            made = replace(person, identifier=identifiers.make_identifier(person.first_name, person.last_name, digits))
            try:
                with db.atomic():  # PostgreSQL goes on after a refused row only from a savepoint
                    account = _insert(None, made, password_hash, confirmed=False)
                confirmations.ask(account)
                return account
            except peewee.IntegrityError:
                continue  # that one is taken
    raise Unavailable()


def _insert(actor, person: Person, password_hash: str, *, confirmed: bool) -> Account:
    now = clock.now()
    account = Account.create(
        **vars(person),
        password_hash=password_hash,
        password_changed_at=now if password_hash else None,
        email_confirmed_at=now if confirmed and person.email else None,
    )
    audit.record(actor or actor_of(account), "create", "user_created", kind="account", object_id=account.public_id)
    return account


def find_account(typed: str):
    """The row that a typed text signs in to, or None: an identifier, else the first to claim that address.

    Where a relay can ask, a claim counts once it is confirmed.
    """
    return _FIND.first(typed=fold_identifier(typed)[:254], unasked=int(not mail.is_possible()))


def list_claiming(typed: str) -> list[Account]:
    """The open accounts that a letter about this identifier or address goes to: whoever reads that mailbox."""
    folded = fold_identifier(typed)[:254]
    named = Account.get_or_none((Account.identifier == folded) & Account.disabled_at.is_null())
    if named is not None:
        return [named]
    claiming = Account.select().where(
        (Account.email == folded) & Account.email_confirmed_at.is_null(False) & Account.disabled_at.is_null()
    )
    return list(claiming.order_by(Account.email_since, Account.id).limit(MOST_CLAIMS)) if folded else []


def authenticate(
    typed: str, password: str, *, network: str = "", then: Callable[[Account], None] = lambda account: None
) -> Account:
    """The account that this password proves, else WrongPassword; TooManyAttempts and Unavailable say to come back.

    `typed` is an identifier or an address. `then(account)` runs in the transaction of the journal entry (it opens the
    session). An unknown text, a closed account and a wrong password cost the same work and give the same answer.
    Failures count for what was typed: counted for the account, they would tell which address belongs to which one.
    """
    subject = throttle.subject_of(throttle.PASSWORD, fold_identifier(typed)[:254])
    row = find_account(typed)
    throttle.require_calm(throttle.PASSWORD, subject, network, account_id=row.id if row else None)
    proved = passwords.verify(row.password_hash if row else "", password)
    if row is None or not proved or row.disabled_at is not None:
        _note_failure(subject, network, row, proved)
        raise WrongPassword()
    renewed = passwords.rehash(password) if passwords.is_outdated(row.password_hash) else ""
    with transaction():
        account = Account.get_or_none((Account.id == row.id) & (Account.password_hash == row.password_hash))
        if account is None or account.disabled_at is not None:
            raise WrongPassword()  # changed or closed while the hash was computed
        if renewed:
            Account.update(password_hash=renewed).where(Account.id == account.id).execute()
        after_failures = throttle.count_failures(throttle.PASSWORD, subject)
        if after_failures:
            throttle.forget(throttle.PASSWORD, subject)
        event = "authn_login_successafterfail" if after_failures else "authn_login_success"
        audit.record(actor_of(account), "authenticate", event, kind="account", object_id=account.public_id)
        then(account)
    return account


def _note_failure(subject: bytes, network: str, row, proved: bool) -> None:
    """Count and journal a failure; the reason names no one."""
    reason = "unknown" if row is None else "disabled" if proved else "password"
    public_id = row.public_id if row is not None else ""
    with transaction():
        reached = throttle.note_failure(throttle.PASSWORD, subject, network)
        _record_failure("authn_login_fail", public_id, reason)
        if reached:
            _record_failure("authn_login_fail_max", public_id, "throttled")


def _record_failure(event: str, public_id: str, reason: str) -> None:
    audit.record(None, "authenticate", event, kind="account", object_id=public_id, outcome="failure", reason=reason)


def prove_presence(actor, password: str, *, network: str = "", field: str = "present") -> Account:
    """The actor's own account after they typed their present password; Refused on `field`, counted like a sign-in."""
    account = Account.get_by_id(actor.account_id)
    subject = throttle.subject_of(throttle.PASSWORD, account.identifier)
    throttle.require_calm(throttle.PASSWORD, subject, network, account_id=account.id)
    if not passwords.verify(account.password_hash, password):
        with transaction():
            throttle.note_failure(throttle.PASSWORD, subject, network)
            _record_failure("authn_password_change_fail", account.public_id, "password")
        raise Refused(_("Ce n’est pas votre mot de passe actuel. Rien n’a été modifié."), field=field)
    return account


def change_password(actor, present: str, new: str, *, network: str = "") -> None:
    """Replace one's own password after proving the present one; every other session of the account is closed."""
    account = prove_presence(actor, present, network=network)
    password_hash = passwords.make_hash(new, words_of(account), field="new")
    with transaction():
        set_password(actor, account, password_hash)
        devices.close_sessions(account, keep=actor.session_id)
    background.submit(alerts.tell_password_changed, account.id)


def set_password(actor, account: Account, password_hash: str) -> None:
    """Write a hash that passwords.make_hash gave, in the caller's transaction; no code made before sets another one.

    Past failures no longer count.
    """
    Account.update(password_hash=password_hash, password_changed_at=clock.now()).where(
        Account.id == account.id
    ).execute()
    codes.cancel("reset", account=account.id)
    throttle.forget(throttle.PASSWORD, throttle.subject_of(throttle.PASSWORD, account.identifier))
    audit.record(actor, "authenticate", "authn_password_change", kind="account", object_id=account.public_id)


def disable(actor, account: Account) -> None:
    """Close an account at once, sessions included; nothing is erased and `enable` opens it again."""
    with transaction():
        Account.update(disabled_at=clock.now()).where(Account.id == account.id).execute()
        devices.close_sessions(account)
        audit.record(actor, "update", "user_disabled", kind="account", object_id=account.public_id)


def enable(actor, account: Account) -> None:
    """Open a closed account again, with its password."""
    with transaction():
        Account.update(disabled_at=None).where(Account.id == account.id).execute()
        audit.record(actor, "update", "user_enabled", kind="account", object_id=account.public_id)


def get_account(actor) -> Account:
    """The actor's own account."""
    account = Account.get_or_none(Account.id == actor.account_id)
    if account is None:
        raise NotFound()
    return account


def must_confirm(actor) -> bool:
    """Whether the actor's address waits for its mailbox to answer."""
    account = get_account(actor)
    return bool(account.email) and account.email_confirmed_at is None and mail.is_possible()
