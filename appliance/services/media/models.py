"""The rows of media: one key an object, wrapped under its class's key; one encrypted file a rendition."""

import peewee

from appliance.core import clock
from appliance.school.models import Account, Classroom
from appliance.storage.database import Table
from appliance.storage.fields import BytesField, InstantField, PublicIdField


class Media(Table):
    """A picture or a document of a class. `name` is sealed under the class's key; no key, no name, no content.

    `wrapped_key` empty means that the key was destroyed: the files that may remain are noise.
    """

    public_id = PublicIdField()
    classroom = peewee.ForeignKeyField(Classroom, backref="media", on_delete="RESTRICT")
    owner = peewee.ForeignKeyField(Account, backref="media", null=True, on_delete="SET NULL")
    family = peewee.CharField(max_length=10)
    name = BytesField(null=True)
    wrapped_key = BytesField(null=True)
    suite = peewee.SmallIntegerField(default=1)
    generation = peewee.IntegerField(default=0)
    created_at = InstantField(default=clock.now)
    deleted_at = InstantField(null=True)


class Rendition(Table):
    """One encrypted file of a media: its clear type and size, its picture size, the SHA-256 of what lies on the
    disk."""

    media = peewee.ForeignKeyField(Media, backref="renditions", on_delete="CASCADE")
    name = peewee.CharField(max_length=10)
    blob_id = peewee.CharField(max_length=32, unique=True)
    mime = peewee.CharField(max_length=100)
    size = peewee.BigIntegerField()
    width = peewee.IntegerField(null=True)
    height = peewee.IntegerField(null=True)
    stored_size = peewee.BigIntegerField()
    stored_sha256 = BytesField()

    class Meta:
        indexes = ((("media", "name"), True),)


MODELS = (Media, Rendition)
