"""Files that arrive in pieces: room is taken at the first byte, each piece is one durable encrypted file as soon as it
is here, and the last one hands the media to its processing.

A piece is written under a salt of its own, so a piece sent again after a crash never repeats a nonce; then one
conditional UPDATE says that it counts. Of two pieces for one place, one wins; a kill between file and row leaves a
file that no row mentions, never a hole or a double.
"""

import hashlib
import hmac
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO

import peewee
from peewee import fn

from appliance.core import clock
from appliance.core.config import Limits
from appliance.core.errors import Conflict, DomainError, NotFound, QuotaReached, Refused
from appliance.core.i18n import _, lazy_
from appliance.core.ids import new_id
from appliance.crypto.keyring import new_key
from appliance.school import policy
from appliance.school.models import Account
from appliance.services import audit, plans, work
from appliance.services.media import files, names, store
from appliance.services.media.foresight import TooHeavy, foresee, most_bytes, too_heavy
from appliance.services.media.models import Media, Rendition, Upload
from appliance.services.media.refusals import FileRefused
from appliance.storage import database
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared

PIECE = 4 << 20  # below what the server keeps in memory: nothing of an upload is spooled
CHECKSUMS = ("sha1", "sha256")
_PORTION = 256 << 10
_MIME = "application/octet-stream"
_SMALLEST = 64 << 10  # on average; a few smaller pieces are no harm
_ALLOWANCE = 100
_limits = Limits()


class WrongChecksum(DomainError):
    """A piece is not what its sender sent (tus 1.0, checksum: status 460)."""

    status = 460
    default = lazy_("Ce morceau a été abîmé en route. Rien n’est perdu\u202f: il faut l’envoyer de nouveau.")


def configure(limits: Limits) -> None:
    """Use these limits from here on."""
    global _limits
    _limits = limits


def begin(actor, access, name: str, length: int, *, sha256: bytes | None = None):
    """Take the room for a file of `length` bytes in a class; gives the upload as `get` does.

    `sha256`, when the sender knows it, is compared with what has arrived before anybody sees it.
    """
    policy.require(access.can_publish)
    if length < 1:
        raise FileRefused(
            "empty", _("Ce fichier est vide. Vérifiez qu’il s’ouvre sur votre appareil, puis renvoyez-le.")
        )
    if length > most_bytes():
        raise too_heavy(most_bytes())
    files.check_room(length + _still_to_come())
    public_id = new_id()
    with database.transaction():
        _require_few(actor)
        plans.require_storage(access, length)
        media = store.insert(
            actor, access, public_id, new_key(), names.clean_file_name(name),
            family="", state="uploading", bytes=length,
        )  # fmt: skip
        Upload.create(
            media=media.id,
            length=length,
            sha256=sha256,
            created_at=clock.now(),
            expires_at=clock.now() + timedelta(hours=_limits.upload_hours),
        )
    return get(actor, public_id)


_STILL = Prepared(
    lambda: Upload.select(fn.COALESCE(fn.SUM(Upload.length - Upload.received), 0).alias("size")).where(
        Upload.expires_at > P("now")
    )
)
_OPEN = Prepared(
    lambda: (
        Upload.select(fn.COUNT(Upload.id).alias("number"))
        .join(Media, on=Upload.media == Media.id)
        .where((Media.owner == P("owner")) & (Upload.received < Upload.length) & (Upload.expires_at > P("now")))
    )
)

_HOLD = Prepared(lambda: _held(Account.select(Account.id).where(Account.id == P("owner"))))


def _held(query):
    # Not FOR UPDATE: whoever has just inserted a row that refers to the account would wait for us, and we for them.
    return query if database.is_sqlite() else query.for_update("FOR NO KEY UPDATE")


def _still_to_come() -> int:
    return int(_STILL.first(now=_now()).size)


def _require_few(actor) -> None:
    """QuotaReached when this person has as many files on their way as one may.

    It holds the account until the commit, so that two files begun at once, in two classes, can't exceed it together;
    first of all locks: the class, then the journal, come after it.
    """
    _HOLD.first(owner=actor.account_id)
    if _OPEN.first(owner=actor.account_id, now=_now()).number >= _limits.open_uploads:
        raise QuotaReached(
            _(
                "%(number)s de vos fichiers sont déjà en cours d’envoi. Attendez que l’un d’eux arrive, ou annulez-en "
                "un.",
                number=_limits.open_uploads,
            ),
            field="files",
        )


def _now() -> int:
    return to_micros(clock.now())


_FIND = Prepared(
    lambda: (
        Upload.select(
            Upload.id,
            Upload.media.alias("media_id"),
            Media.public_id,
            Media.classroom.alias("classroom_id"),
            Media.state,
            Upload.length,
            Upload.received,
            Upload.expires_at,
            Upload.claimed_at,
            Rendition.select(fn.COUNT(Rendition.id)).where(Rendition.media == Media.id).alias("pieces"),
        )
        .join(Media, on=Upload.media == Media.id)
        .where(
            (Media.public_id == P("media"))
            & (Media.owner == P("owner"))
            & (Upload.expires_at > P("now"))
            & Media.deleted_at.is_null()
        )
    )
)


def find(actor, public_id: str):
    """One's own upload into a class where one may still publish, unfinished or not yet forgotten; None else."""
    row = _FIND.first(media=public_id, owner=actor.account_id, now=_now()) if actor.account_id else None
    if row is None or not any(each.classroom_id == row.classroom_id and each.can_publish for each in actor.classes):
        return None
    return row


def get(actor, public_id: str):
    """The same; NotFound when it isn't there for this person."""
    row = find(actor, public_id)
    if row is None:
        raise NotFound(_("Cet envoi n’existe plus. Choisissez de nouveau le fichier."))
    return row


def append(actor, public_id: str, offset: int, data: bytes, checksum: tuple[str, bytes] | None = None):
    """Keep the piece that begins at `offset`, durably; gives the upload as it is then.

    Conflict when the upload stands elsewhere: nothing of the piece is kept. `checksum` is (algorithm, digest).
    """
    return append_from(actor, public_id, offset, io.BytesIO(data), len(data), checksum)


def append_from(actor, public_id: str, offset: int, stream: BinaryIO, size: int, checksum=None):
    """The same for the next `size` bytes of a stream, which are never in memory all at once but for the first piece,
    whose beginning is looked at."""
    upload = get(actor, public_id)
    if offset != upload.received:
        raise _elsewhere()
    if not size:
        return upload
    _check_piece(upload, size)
    family = ""
    if offset == 0:
        stream = io.BytesIO(b"".join(_portions(stream, size, checksum)))
        family = foresee(upload.length, stream.getbuffer().tobytes())
    files.check_room(size)
    row = files.get_media(public_id)
    writer = files.writer_for(row)
    piece = writer.add(f"{files.PART}{upload.pieces + 1:05d}", _MIME, _portions(stream, size, checksum))
    until = clock.now() + timedelta(hours=_limits.upload_hours)
    try:
        with database.transaction():
            _count(actor, row, upload, piece, family, until)
    except (DomainError, peewee.IntegrityError) as error:
        writer.remove()  # after any other error it may be committed; a file without a row goes by itself
        raise error if isinstance(error, DomainError) else _elsewhere() from error
    return upload._replace(received=offset + size, expires_at=until, pieces=upload.pieces + 1)


def _portions(stream: BinaryIO, size: int, checksum: tuple[str, bytes] | None) -> Iterator[bytes]:
    """The bytes of a piece by small buffers, which are used again: fresh large ones cost more than their encryption.
    Whatever is wrong with them is raised before the last one counts."""
    digest = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None
    left = size
    while left:
        portion = stream.read(min(_PORTION, left))
        if not portion:
            raise Conflict(_("Ce morceau est arrivé incomplet. Rien n’est perdu\u202f: l’envoi peut reprendre."))
        left -= len(portion)
        if digest is not None:
            digest.update(portion)
        yield portion
    if digest is not None and not hmac.compare_digest(digest.digest(), checksum[1]):
        raise WrongChecksum()


def _elsewhere() -> Conflict:
    return Conflict(_("Ce morceau n’est pas celui qui est attendu. Rien n’est perdu\u202f: l’envoi peut reprendre."))


def _check_piece(upload, size: int) -> None:
    if size > PIECE or upload.received + size > upload.length:
        raise too_long()
    if upload.pieces >= _ALLOWANCE + upload.length // _SMALLEST:
        raise Refused(_("Ce fichier est envoyé par morceaux trop petits. Recommencez l’envoi."), field="files")


def too_long() -> TooHeavy:
    """The refusal of a piece that is longer than a piece may be, or than what is left of its file."""
    return TooHeavy(
        "too_long",
        _(
            "Ce morceau est trop long\u202f: %(limit)s\u202fMio au plus, et pas plus que ce qui reste du fichier. "
            "Ce qui est déjà arrivé n’est pas perdu.",
            limit=PIECE >> 20,
        ),
    )


def _count(actor, row, upload, piece: dict, family: str, until) -> None:
    """Write down that a piece is here, unless another one was faster; with the last one the media is whole."""
    received = upload.received + piece["size"]
    # Of this media: the row id of an upload that was given up meanwhile may be another one's by now.
    here = (Upload.id == upload.id) & (Upload.media == row.media_id) & (Upload.received == upload.received)
    if not Upload.update(received=received, expires_at=until).where(here).execute():
        raise _elsewhere()
    Rendition.insert(media=row.media_id, **piece).execute()
    values = {"family": family} if family else {}
    if received == upload.length:
        values |= {"state": "waiting", "created_at": clock.now()}
    if values:
        Media.update(**values).where(Media.id == row.media_id).execute()
    if received == upload.length:
        work.submit(store.PROCESSING, row.public_id)
        audit.record(
            actor, "update", "media_received", kind="media", object_id=row.public_id,
            classroom=row.classroom_public_id, tenant=row.academy_public_id,
        )  # fmt: skip


def terminate(actor, public_id: str) -> None:
    """Give an upload up, or take back a file that nothing has taken yet: its key first, then its files."""
    upload = get(actor, public_id)
    with database.transaction():
        if not Upload.delete().where((Upload.media == upload.media_id) & Upload.claimed_at.is_null()).execute():
            raise NotFound()
        store.delete(actor, public_id)
