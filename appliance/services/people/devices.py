"""The devices where a person is signed in: listed, closed one by one or together, forgotten once their time is over."""

from datetime import timedelta

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.school.models import Session
from appliance.services import audit
from appliance.services.people import throttle
from appliance.storage.database import transaction


def list_sessions(actor) -> list[Session]:
    """The actor's own signed-in devices, the latest first."""
    query = Session.select().where(Session.account == actor.account_id)
    return list(query.order_by(Session.seen_at.desc(), Session.id.desc()))


def revoke_session(actor, public_id: str) -> None:
    """Close one of the actor's own sessions; another's does not exist for them."""
    own = (Session.public_id == public_id) & (Session.account == actor.account_id)
    with transaction():
        if not Session.delete().where(own).execute():
            raise NotFound()
        audit.record(actor, "authenticate", "authn_token_revoked", kind="session", object_id=public_id)


def revoke_other_sessions(actor) -> int:
    """Close every session of the actor but this one; how many there were."""
    with transaction():
        closed = close_sessions(actor.account_id, keep=actor.session_id)
        if closed:
            audit.record(
                actor, "authenticate", "authn_token_revoked", kind="session", object_id="", reason="all_others"
            )
    return closed


def close_sessions(account, *, keep: int | None = None) -> int:
    """Delete the sessions of an account, all or all but one, in the caller's transaction."""
    query = Session.delete().where((Session.account == account) & (Session.id != (keep or 0)))
    return query.execute()


def forget_expired_sessions() -> int:
    """Delete the sessions that the settings have ended; how many there were."""
    limits, now = throttle.limits(), clock.now()
    return (
        Session.delete()
        .where(
            (Session.seen_at < now - timedelta(hours=limits.session_hours))
            | (Session.created_at < now - timedelta(days=limits.session_days))
        )
        .execute()
    )


def note_sign_out(actor) -> None:
    """Journal that a person closed their own session."""
    audit.record(
        actor,
        "authenticate",
        "authn_token_revoked",
        kind="session",
        object_id=actor.session_public_id,
        reason="sign_out",
    )
