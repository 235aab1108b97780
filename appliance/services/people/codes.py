"""One-time codes: used once, for a while, known here by a keyed hash only; making a new one cancels the one before.

Twelve signs are printed and typed; twenty-four go into a link that nobody types.
"""

from datetime import timedelta

from appliance.core import clock
from appliance.core.errors import Refused
from appliance.core.i18n import lazy_
from appliance.crypto import recovery
from appliance.crypto.errors import BadCode
from appliance.school import keys
from appliance.school.models import Invitation
from appliance.services.people import throttle
from appliance.storage import database
from appliance.storage.database import transaction
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared

PRINTED, LINKED = recovery.CODE_LENGTH, 24

_MISTYPED = lazy_(
    "Ce code n’est pas complet ou contient une faute de frappe. Il a douze signes, par exemple K7QM-2XPA-94TD."
)
_UNKNOWN = lazy_(
    "Ce code n’ouvre rien\u202f: il a déjà servi, il est trop ancien, ou un autre l’a remplacé. "
    "Demandez-en un nouveau à l’école."
)

_FIND = Prepared(
    lambda: Invitation.select(Invitation.id).where(
        (Invitation.code_hash == P("code"))
        & Invitation.purpose.in_(("guardian", "colleague", "reset", "email"))
        & Invitation.used_at.is_null()
        & Invitation.cancelled_at.is_null()
        & (Invitation.expires_at > P("now"))
    )
)


class WrongCode(Refused):
    """The code is mistyped, unknown, used, cancelled or too old; the last four are never told apart."""

    def __init__(self, message=_UNKNOWN):
        super().__init__(message, field="code")


def create(purpose: str, *, life: timedelta, length: int = PRINTED, created_by: int | None = None, **target) -> str:
    """Store a new code for a target (guardian=, account= or classroom= and role=) and give it, this once.

    Earlier codes of the same purpose for the same guardian or account are cancelled. In the caller's transaction.
    """
    now = clock.now()
    for name in ("guardian", "account"):
        if target.get(name) is not None:
            model = type(target[name])
            list(database.locked(model.select(model.id).where(model.id == target[name].id)))
            cancel(purpose, **{name: target[name]})
    code = recovery.new_code(length)
    Invitation.create(
        purpose=purpose,
        code_hash=_hash(code, length),
        created_by=created_by or None,
        created_at=now,
        expires_at=now + life,
        **target,
    )
    return code


def cancel(purpose: str, **target) -> int:
    """Cancel the codes of a purpose that are still open for this guardian= or account=."""
    conditions = (Invitation.purpose == purpose) & Invitation.used_at.is_null() & Invitation.cancelled_at.is_null()
    for name, value in target.items():
        conditions &= getattr(Invitation, name) == value
    return Invitation.update(cancelled_at=clock.now()).where(conditions).execute()


def find(typed: str, *, network: str = "", purposes: tuple[str, ...]) -> Invitation:
    """The open invitation of a code, else WrongCode; failures are counted for the network."""
    throttle.require_calm_network(throttle.CODE, network)
    try:
        length = LINKED if sum(map(str.isalnum, typed)) > 20 else PRINTED  # one may put a blank after each sign
        code_hash = _hash(typed, length)
    except BadCode:
        raise WrongCode(_MISTYPED) from None  # our own codes check themselves: a slip is no guess
    row = _FIND.first(code=code_hash, now=to_micros(clock.now()))
    invitation = Invitation.get_by_id(row.id) if row else None
    if invitation is None or invitation.purpose not in purposes:
        with transaction():
            throttle.note_failure(throttle.CODE, b"", network)
        raise WrongCode()
    return invitation


def use(invitation: Invitation) -> None:
    """Spend the code, once whoever is faster; WrongCode for the other. In the caller's transaction."""
    spent = (
        Invitation.update(used_at=clock.now())
        .where(
            (Invitation.id == invitation.id)
            & Invitation.used_at.is_null()
            & Invitation.cancelled_at.is_null()
            & (Invitation.expires_at > clock.now())
        )
        .execute()
    )
    if not spent:
        raise WrongCode()


def _hash(code: str, length: int) -> bytes:
    return recovery.hash_code(keys.purpose_key(keys.CODES), code, length)
