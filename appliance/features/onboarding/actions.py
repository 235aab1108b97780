"""Writes of onboarding: the proof that the sensitive-data notice was seen, and its withdrawal."""

from appliance.core import clock, i18n
from appliance.school import notice
from appliance.school.models import Account, NoticeAcceptance
from appliance.services import audit
from appliance.storage.database import locked, transaction


def accept_notice(actor, mode: str) -> NoticeAcceptance:
    """Keep the proof: which text (version, fingerprint), language, mode and when; once while it stands."""
    with transaction():
        list(locked(Account.select(Account.id).where(Account.id == actor.account_id)))
        standing = NoticeAcceptance.get_or_none(
            (NoticeAcceptance.account == actor.account_id)
            & (NoticeAcceptance.version == notice.VERSION)
            & NoticeAcceptance.mode.in_(notice.ENOUGH[mode])
            & NoticeAcceptance.withdrawn_at.is_null()
        )
        if standing is not None:
            return standing
        proof = NoticeAcceptance.create(
            account=actor.account_id,
            mode=mode,
            version=notice.VERSION,
            text_sha256=notice.text_sha256(),
            language=i18n.current(),
            accepted_at=clock.now(),
        )
        audit.record(actor, "create", "notice_accepted", kind="notice", object_id=notice.VERSION, reason=mode)
    return proof
