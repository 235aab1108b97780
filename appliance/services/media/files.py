"""The encrypted files of a media: written whole and durable, bound to the class they were born in, opened in place.

Rows say where they are; what is read here says nothing about who may see it.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, NamedTuple

import peewee

from appliance.core.errors import NotFound
from appliance.core.ids import new_id
from appliance.crypto import envelope
from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import OBJECT
from appliance.crypto.stream import Encryptor, SendingReader, encrypted_size
from appliance.school import keys
from appliance.school.models import Academy, Classroom, School
from appliance.services.media.models import Media, Rendition
from appliance.services.media.source import Source
from appliance.storage.blobs import BlobStore
from appliance.storage.prepared import P, Prepared

FORMAT = "cobblestone/1"
ORIGINAL = "original"
PART = "part-"

_blobs: BlobStore | None = None
_suite = 1


def configure(blobs: BlobStore, suite: int) -> None:
    """Use this store, and this cipher for what is new."""
    global _blobs, _suite
    _blobs, _suite = blobs, suite


def suite() -> int:
    """The cipher for what is new."""
    return _suite


def check_room(size: int) -> None:
    """StorageFull unless a file of `size` clear bytes leaves the reserve untouched."""
    _blobs.check_room(encrypted_size(size))


class Place(NamedTuple):
    """The class that a media belongs to; a `ClassAccess` of school.policy serves as well."""

    classroom_id: int
    classroom_public_id: str
    academy_public_id: str


class Writer:
    """The files of one media being written: each encrypted and durable at once, as values for its row later."""

    def __init__(
        self, place, public_id: str, key: bytes, *, born_in: str = "", generation: int = 0, suite: int | None = None
    ):
        self.place, self.public_id, self.key, self.generation = place, public_id, key, generation
        self.suite = suite or _suite
        self.born_in = born_in or place.classroom_public_id
        self.renditions: list[dict] = []

    def add(
        self, rendition: str, mime: str, pieces: Iterable[bytes], width: int | None = None, height: int | None = None
    ) -> dict:
        """Encrypt one rendition into a blob of its own; gives the values of its row. StorageFull when it has no
        room."""
        context = object_context(self.place.academy_public_id, self.born_in, self.public_id, rendition, self.generation)
        encryptor = Encryptor(self.key, context, suite=self.suite)
        blob_id, crc32 = new_id() + new_id(), None if rendition.startswith(PART) else 0
        with _blobs.writer(blob_id) as writer:
            for piece in pieces:
                if crc32 is not None:  # parts are never put into an archive
                    crc32 = zlib.crc32(piece, crc32)
                writer.write(encryptor.update(piece))
            writer.write(encryptor.finish())
            written = writer.finish()
        values = {
            "name": rendition,
            "blob_id": blob_id,
            "mime": mime,
            "size": encryptor.size,
            "width": width,
            "height": height,
            "stored_size": written.size,
            "stored_sha256": written.sha256,
            "crc32": crc32,
        }
        self.renditions.append(values)
        return values

    @property
    def bytes(self) -> int:
        """What the files take on the disk."""
        return sum(each["stored_size"] for each in self.renditions)

    def remove(self) -> None:
        """Leave no file behind."""
        delete([each["blob_id"] for each in self.renditions])

    def remove_unless_kept(self) -> None:
        """The same when nobody knows whether their rows were committed: what a row mentions stays, and all of it when
        the database can't say, since a file without a row goes by itself."""
        try:
            kept = Rendition.select().where(Rendition.blob_id.in_([each["blob_id"] for each in self.renditions]))
            if kept.exists():
                return
        except peewee.PeeweeException:
            return
        self.remove()


def is_alive(row):
    """For a conditional UPDATE: the media of `row`, as `get_media` gave it, is still there with its key. By both of its
    ids: the row id of a media that was discarded is given to the next one."""
    return (
        (Media.id == row.media_id)
        & (Media.public_id == row.public_id)
        & Media.deleted_at.is_null()
        & Media.wrapped_key.is_null(False)
    )


def object_context(academy: str, born_in: str, media: str, rendition: str, generation: int) -> bytes:
    """What a file is bound to: it opens as this rendition of this media, born in this class, only."""
    return envelope.object_context(FORMAT, academy, born_in, media, rendition, generation)


def delete(blob_ids: Sequence[str]) -> None:
    """Remove files whose key was destroyed before: all that can be, then OSError for one that could not."""
    failed = None
    for blob_id in blob_ids:
        try:
            _blobs.delete(blob_id)
        except OSError as error:
            failed = error
    if failed is not None:
        raise failed


MEDIA = (
    Media.id.alias("media_id"),
    Media.public_id,
    Media.owner.alias("owner_id"),
    Media.family,
    Media.kind,
    Media.state,
    Media.name,
    Media.wrapped_key,
    Media.suite,
    Media.generation,
    Media.born_in,
    Classroom.id.alias("classroom_id"),
    Classroom.public_id.alias("classroom_public_id"),
    Classroom.wrapped_key.alias("classroom_wrapped_key"),
    Academy.public_id.alias("academy_public_id"),
    Academy.wrapped_key.alias("academy_wrapped_key"),
)


def of_class(query):
    """A query on media with the class and the academy whose keys open them."""
    return (
        query.join(Classroom, on=Media.classroom == Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
    )


_FIND = Prepared(
    lambda: of_class(
        Rendition.select(
            Rendition.blob_id, Rendition.name.alias("rendition"), Rendition.mime, Rendition.size, *MEDIA
        ).join(Media, on=Rendition.media == Media.id)
    ).where(
        (Media.public_id == P("media"))
        & (Rendition.name == P("rendition"))
        & (Media.state == "ready")
        & Media.deleted_at.is_null()
    )
)
_FIND_MEDIA = Prepared(
    lambda: of_class(Media.select(*MEDIA)).where((Media.public_id == P("media")) & Media.deleted_at.is_null())
)
LIST = Prepared(
    lambda: (
        Rendition.select(Rendition.blob_id, Rendition.name.alias("rendition"), Rendition.mime, Rendition.size)
        .where(Rendition.media == P("media"))
        .order_by(Rendition.name)
    )
)


def get_rendition(media_public_id: str, rendition: str):
    """The row of one file of a ready media with all that opening it needs; NotFound when it is gone. Says nothing
    about who may see it."""
    row = _FIND.first(media=media_public_id, rendition=rendition)
    if row is None or row.wrapped_key is None or row.classroom_wrapped_key is None:
        raise NotFound()
    return row


def get_media(media_public_id: str):
    """The row of a media in any state with all that opening and writing its files needs; NotFound when its key or
    its class's is gone."""
    row = _FIND_MEDIA.first(media=media_public_id)
    if row is None or row.wrapped_key is None or row.classroom_wrapped_key is None:
        raise NotFound()
    return row


def require_there(row) -> None:
    """Tampered or OSError unless the file of `row` (`blob_id`, `size`) lies on the disk, as long as it was written."""
    if _blobs.path_of(row.blob_id).stat().st_size != encrypted_size(row.size):
        raise Tampered("a file is not as long as it was written")


def open_rendition(row, on_tampered: Callable[[], object] | None = None) -> SendingReader:
    """The clear bytes of a file as a seekable reader that gives authenticated bytes only; Tampered, or
    FileNotFoundError."""
    return _open_file(row, key_of(row), row.rendition, row.blob_id, on_tampered)


def open_source(row) -> Source:
    """What was sent, in clear, as one seekable reader over its pieces; `row` as `get_media` gives it."""
    key = key_of(row)
    files = LIST.all(media=row.media_id)
    parts = [each for each in files if each.rendition.startswith(PART)]
    parts = parts or [each for each in files if each.rendition == ORIGINAL]
    openers = [
        (each.size, lambda each=each: _open_file(row, key, each.rendition, each.blob_id, None)) for each in parts
    ]
    return Source(openers)


def writer_for(row) -> Writer:
    """Write more files of a media, under the key and in the cipher that it has."""
    return Writer(row, row.public_id, key_of(row), born_in=row.born_in, generation=row.generation, suite=row.suite)


def key_of(row) -> bytes:
    """The key of a media; Tampered unless it was wrapped for this media of this class."""
    tenant = {"tenant_id": row.academy_public_id, "tenant_wrapped": row.academy_wrapped_key}
    class_key = keys.ring().classroom_key(row.classroom_public_id, row.classroom_wrapped_key, **tenant)
    return envelope.unwrap(
        class_key, kind=OBJECT, parent_id=row.classroom_public_id, child_id=row.public_id, wrapped=row.wrapped_key
    )


def _open_file(row, key: bytes, rendition: str, blob_id: str, on_tampered) -> SendingReader:
    context = object_context(row.academy_public_id, row.born_in, row.public_id, rendition, row.generation)
    file: BinaryIO = _blobs.open(blob_id)
    try:
        # The header tells the cipher: a `storage.suite` changed during an upload once left files of both in one media.
        return SendingReader(key, context, file, on_tampered=on_tampered)
    except BaseException:
        file.close()
        raise
