"""Guessing is slow: so many failures in fifteen minutes, per thing guessed and per truncated network, then one waits.

Nobody is shut out for good: the wait ends by itself, a refused attempt does not prolong it, and from a network where
the account is signed in only that network's own failures count, so that a stranger cannot keep a person out.
"""

import hmac
from datetime import timedelta

import peewee

from appliance.core import clock
from appliance.core.config import Security
from appliance.core.errors import Refused
from appliance.core.i18n import lazy_
from appliance.school import keys
from appliance.school.models import Session
from appliance.services.people.models import SignInAttempt
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared

WINDOW = timedelta(minutes=15)
PASSWORD, CODE, CLASS_KEY, RESET_MAIL = "password", "code", "key", "reset"
_limits = Security()


_WAIT = lazy_(
    "Il y a eu trop d’essais en peu de temps. Attendez un quart d’heure, puis recommencez : rien n’est perdu, "
    "aucun compte n’est fermé."
)


class TooManyAttempts(Refused):
    """Too many failures lately; the text is the same whether what was guessed exists or not."""

    status = 429

    def __init__(self):
        super().__init__(_WAIT)


_BY_SUBJECT = Prepared(
    lambda: SignInAttempt.select(peewee.fn.COUNT(SignInAttempt.id).alias("count")).where(
        (SignInAttempt.kind == P("kind")) & (SignInAttempt.subject == P("subject")) & (SignInAttempt.at > P("since"))
    )
)
_BY_NETWORK = Prepared(
    lambda: SignInAttempt.select(peewee.fn.COUNT(SignInAttempt.id).alias("count")).where(
        (SignInAttempt.kind == P("kind")) & (SignInAttempt.network == P("network")) & (SignInAttempt.at > P("since"))
    )
)
_BY_BOTH = Prepared(
    lambda: SignInAttempt.select(peewee.fn.COUNT(SignInAttempt.id).alias("count")).where(
        (SignInAttempt.kind == P("kind"))
        & (SignInAttempt.subject == P("subject"))
        & (SignInAttempt.network == P("network"))
        & (SignInAttempt.at > P("since"))
    )
)
_FORGET = Prepared(
    lambda: SignInAttempt.delete().where((SignInAttempt.kind == P("kind")) & (SignInAttempt.subject == P("subject")))
)


def configure(limits: Security) -> None:
    """Use these numbers from here on."""
    global _limits
    _limits = limits


def limits() -> Security:
    """The numbers in use."""
    return _limits


def subject_of(kind: str, typed: str) -> bytes:
    """What is counted for a typed text: a keyed hash, so that the table cannot be read or searched."""
    return hmac.digest(keys.purpose_key(keys.ATTEMPTS), f"{kind}\0{typed}".encode(), "sha256")[:16]


def count_failures(kind: str, subject: bytes) -> int:
    """Failures for this subject in the last fifteen minutes."""
    return _BY_SUBJECT.first(kind=kind, subject=subject, since=_since()).count


def require_calm_network(kind: str, network: str) -> None:
    """TooManyAttempts when this network failed too often lately; an unknown address counts as one network."""
    if _BY_NETWORK.first(kind=kind, network=network, since=_since()).count >= _limits.attempts_per_address:
        raise TooManyAttempts()


def require_calm(kind: str, subject: bytes, network: str, *, account_id: int | None = None) -> None:
    """TooManyAttempts when this subject or this network failed too often lately."""
    since = _since()
    if network:
        require_calm_network(kind, network)
    if _BY_SUBJECT.first(kind=kind, subject=subject, since=since).count < _limits.attempts_per_account:
        return
    if not _is_at_home(account_id, network):
        raise TooManyAttempts()
    own = _BY_BOTH.first(kind=kind, subject=subject, network=network, since=since).count
    if own >= _limits.attempts_per_account:
        raise TooManyAttempts()


def note_failure(kind: str, subject: bytes, network: str) -> bool:
    """Count one failure; True when it is the one that reaches the limit. In the caller's transaction."""
    SignInAttempt.create(kind=kind, subject=subject, network=network)
    return count_failures(kind, subject) == _limits.attempts_per_account


def forget(kind: str, subject: bytes) -> None:
    """Whoever proved who they are starts anew."""
    _FORGET.run(kind=kind, subject=subject)


def forget_old() -> int:
    """Delete the failures that no longer count."""
    return SignInAttempt.delete().where(SignInAttempt.at <= clock.now() - WINDOW).execute()


def _since() -> int:
    return to_micros(clock.now() - WINDOW)


def _is_at_home(account_id: int | None, network: str) -> bool:
    if account_id is None or not network:
        return False
    return Session.select().where((Session.account == account_id) & (Session.network == network)).exists()
