"""What becomes of files that have arrived: proven whole, taken once by a publication, shown to their sender, forgotten
in time."""

import hashlib
import hmac

import peewee

from appliance.core import clock
from appliance.core.errors import Refused
from appliance.core.i18n import _, lazy_
from appliance.school import policy
from appliance.services import work
from appliance.services.media import store, uploads
from appliance.services.media.models import Media, Rendition, Upload
from appliance.services.media.refusals import FileRefused
from appliance.storage import database
from appliance.storage.prepared import P, Prepared

ALTERED = "altered"
REASONS = {
    ALTERED: lazy_("Ce fichier a été abîmé pendant l’envoi\u202f: il ne ressemble plus à l’original. Renvoyez-le."),
}


def find_own(actor, media_public_id: str):
    """The row of a media that this person has just sent and that nothing has taken yet, or None: they may look at
    it."""
    row = None if actor is None else uploads.find(actor, media_public_id)
    return row if row is not None and row.claimed_at is None else None


def claim(actor, access, public_ids) -> list[Media]:
    """Take one's own complete uploads of this class for good, in order, each once; Refused when one is not to be had.

    Part of the caller's transaction: when that fails they are free again.
    """
    wanted = list(dict.fromkeys(public_ids))
    if not wanted:
        return []
    if not all(map(_is_id, wanted)):
        _require_whole([None])
    own = (
        Media.select()
        .join(Upload, on=Upload.media == Media.id)
        .where(
            Media.public_id.in_(wanted)
            & (Media.owner == actor.account_id)
            & (Media.classroom == access.classroom_id)
            & Media.deleted_at.is_null()
            & Upload.claimed_at.is_null()
        )
        .order_by(Media.id)
    )
    found = {each.public_id: each for each in own}
    _require_whole([found.get(each) for each in wanted])
    taken = (
        Upload.update(claimed_at=clock.now())
        .where(Upload.media.in_([each.id for each in found.values()]) & Upload.claimed_at.is_null())
        .execute()
    )
    if taken != len(found):
        _require_whole([None])
    return [found[each] for each in wanted]


def _is_id(text: str) -> bool:
    """Whether a text can be a public id at all: PostgreSQL refuses to be asked for some that can't."""
    return 0 < len(text) <= 16 and text.isascii() and text.isalnum()


def _require_whole(media: list) -> None:
    states = {None if each is None else each.state for each in media}
    if states <= {"waiting", "ready"}:
        return
    if "uploading" in states:
        text = _("Un fichier n’est pas encore arrivé en entier. Attendez la fin de l’envoi, puis recommencez.")
    elif None in states:
        text = _("Un fichier n’est plus là, ou il est déjà dans une publication. Retirez-le, puis recommencez.")
    else:
        text = _("Un fichier n’a pas pu être accepté. Retirez-le, puis recommencez.")
    raise Refused(text, field="uploads")


_SHA256 = Prepared(lambda: Upload.select(Upload.sha256).where(Upload.media == P("media")))


def verify(row, source) -> None:
    """FileRefused unless what arrived has the SHA-256 that its sender announced, if they did; `row` as
    `files.get_media` gives it, `source` as `files.open_source` does."""
    upload = _SHA256.first(media=row.media_id)
    if upload is None or upload.sha256 is None:
        return
    digest = hashlib.sha256()
    source.seek(0)
    while piece := source.read(256 << 10):
        digest.update(piece)
    source.seek(0)
    if not hmac.compare_digest(digest.digest(), bytes(upload.sha256)):
        raise FileRefused(ALTERED, REASONS[ALTERED])


def forget_expired() -> int:
    """Give up what stands still for too long, and forget that whole files were once uploads; how many."""
    settled = (Upload.received < Upload.length) | (Media.state != "waiting")
    with database.connection():
        rows = (
            Upload.select(Upload.id, Media.public_id, Upload.received, Upload.length)
            .join(Media, on=Upload.media == Media.id)
            .where((Upload.expires_at <= clock.now()) & settled)
            .order_by(Upload.expires_at, Upload.id)
            .limit(100)
        )
        gone = [_forget(*row) for row in list(rows.tuples())]
    return sum(gone)


def _forget(upload_id: int, media_public_id: str, received: int, length: int) -> int:
    with database.transaction():
        expired = (Upload.id == upload_id) & (Upload.expires_at <= clock.now())
        gone = Upload.delete().where(expired).execute()
        if gone and received < length:
            store.delete(policy.SYSTEM, media_public_id)
    return gone


_STATE = Prepared(
    lambda: (
        Media.select(
            Media.id,
            Media.public_id,
            Media.classroom.alias("classroom_id"),
            Media.family,
            Media.state,
            Media.reason,
            Media.name,
            Upload.received,
            Upload.length,
            Rendition.id.alias("thumb"),
        )
        .join(Upload, peewee.JOIN.LEFT_OUTER, on=Upload.media == Media.id)
        .join_from(
            Media,
            Rendition,
            peewee.JOIN.LEFT_OUTER,
            on=(Rendition.media == Media.id) & (Rendition.name == "thumb"),
        )
        .where((Media.public_id == P("media")) & (Media.owner == P("owner")) & Media.deleted_at.is_null())
    )
)


def find_state(actor, public_id: str) -> dict | None:
    """How far one's own file is, from its first byte to when it can be seen: state, progress in per cent, reason (a
    code), name, family, thumb (whether it has one); None when it isn't there for this person."""
    row = _STATE.first(media=public_id, owner=actor.account_id) if actor.account_id and _is_id(public_id) else None
    access = None if row is None else next((a for a in actor.classes if a.classroom_id == row.classroom_id), None)
    if access is None or not access.can_publish or row.name is None:
        return None
    progress = 100 if row.state == "ready" else 0
    if row.state == "uploading" and row.length:
        progress = row.received * 100 // row.length
    elif row.state == "waiting":
        progress = work.find_progress(store.PROCESSING, public_id) or 0
    return {
        "id": row.public_id,
        "state": row.state,
        "progress": progress,
        "reason": row.state if row.state == "quarantined" else row.reason,  # never what was found in it
        "name": store.open_name(access, row),
        "family": row.family,
        "thumb": row.state == "ready" and row.thumb is not None,
    }
