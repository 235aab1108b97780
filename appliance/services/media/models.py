"""The rows of media: one key an object, wrapped under its class's key; one encrypted file a rendition.

While a file arrives, each piece of it is a rendition too (`part-00001`…): durable, encrypted and listed like any
other file, so that what checks, counts, moves or deletes files needs no second rule.
"""

import peewee

from appliance.core import clock
from appliance.school.models import Account, Classroom, Student
from appliance.storage.database import Table
from appliance.storage.fields import BytesField, InstantField, PublicIdField


class Media(Table):
    """A picture, a film, a sound or a document of a class. `name` is sealed under the class's key; no key, no name,
    no content.

    `wrapped_key` empty means that the key was destroyed: the files that may remain are noise. `state` goes from
    uploading to waiting (for its processing) to ready, or to refused or quarantined with a `reason`, a code. `kind` is
    what its content is (`services.media.kinds`); `bytes` is what it counts in its class's storage: what was announced
    while it arrives, what lies on the disk once it is ready. `born_in` is the public id of the class it was encrypted
    in: a file is bound to it for ever, so that moving a media only wraps its key anew.
    """

    public_id = PublicIdField()
    classroom = peewee.ForeignKeyField(Classroom, backref="media", on_delete="RESTRICT")
    owner = peewee.ForeignKeyField(Account, backref="media", null=True, on_delete="SET NULL")
    born_in = peewee.CharField(max_length=16, default="")
    family = peewee.CharField(max_length=10)
    kind = peewee.CharField(max_length=12, default="")
    state = peewee.CharField(max_length=12, default="ready")
    reason = peewee.CharField(max_length=60, default="")
    bytes = peewee.BigIntegerField(default=0)
    duration_ms = peewee.IntegerField(null=True)
    pages = peewee.IntegerField(null=True)
    name = BytesField(null=True)
    wrapped_key = BytesField(null=True)
    suite = peewee.SmallIntegerField(default=1)
    generation = peewee.IntegerField(default=0)
    created_at = InstantField(default=clock.now)
    deleted_at = InstantField(null=True)


class Rendition(Table):
    """One encrypted file of a media: its clear type, size and CRC-32, its picture size, the SHA-256 of what lies on
    the disk, when that was last compared, and since when it differs."""

    media = peewee.ForeignKeyField(Media, backref="renditions", on_delete="CASCADE")
    name = peewee.CharField(max_length=10)
    blob_id = peewee.CharField(max_length=32, unique=True)
    mime = peewee.CharField(max_length=100)
    size = peewee.BigIntegerField()
    width = peewee.IntegerField(null=True)
    height = peewee.IntegerField(null=True)
    stored_size = peewee.BigIntegerField()
    stored_sha256 = BytesField()
    crc32 = peewee.BigIntegerField(null=True)
    checked_at = InstantField(null=True)
    damaged_at = InstantField(null=True)

    class Meta:
        indexes = ((("media", "name"), True), (("checked_at",), False))


class Upload(Table):
    """A file on its way, piece by piece (tus 1.0): how long it is said to be, how much is durable, until when it may
    go on.

    It outlives its last piece until it expires, so that a sender who never heard the last answer learns that all is
    there instead of sending it again. `claimed_at` is when something took the media, once: from then on its sender
    can no longer take it back from here.
    """

    media = peewee.ForeignKeyField(Media, backref="uploads", on_delete="CASCADE", unique=True)
    length = peewee.BigIntegerField()
    received = peewee.BigIntegerField(default=0)
    sha256 = BytesField(null=True)
    created_at = InstantField(default=clock.now)
    expires_at = InstantField(index=True)
    claimed_at = InstantField(null=True)


class MediaTag(Table):
    """A child who is seen on a media. `blurred` when the face was blurred; `allowed_at` when someone chose, knowingly,
    to show a child without image rights."""

    media = peewee.ForeignKeyField(Media, backref="tags", on_delete="CASCADE", index=False)
    student = peewee.ForeignKeyField(Student, backref="media_tags", on_delete="CASCADE")
    blurred = peewee.BooleanField(default=False)
    allowed_at = InstantField(null=True)
    allowed_by = peewee.ForeignKeyField(Account, null=True, on_delete="SET NULL")

    class Meta:
        indexes = ((("media", "student"), True),)


class FileCheck(Table):
    """One comparison of rows and files: how many files there should be and their bytes, how many were missing, and
    what no row mentions any more."""

    at = InstantField(default=clock.now, index=True)
    files = peewee.IntegerField()
    bytes = peewee.BigIntegerField()
    missing = peewee.IntegerField()
    leftovers = peewee.IntegerField()
    leftover_bytes = peewee.BigIntegerField()


MODELS = (Media, Rendition, Upload, MediaTag, FileCheck)
