"""The tables of the feed. What people wrote is sealed under the class's key: when that key goes, so do their words."""

import peewee

from appliance.core import clock
from appliance.school.models import Account, Classroom, Group, Student
from appliance.services.media.models import Media
from appliance.storage.database import Table
from appliance.storage.fields import BytesField, InstantField, PublicIdField

AUDIENCES = ("whole", "groups", "children")
REACTIONS = ("thanks", "bravo", "smile", "agreed")


class Post(Table):
    """A publication of a class.

    `version` grows with each change of text or attachments, drafts included. `submission` is the number of the form
    that created it, so that a form sent twice makes one post.
    """

    public_id = PublicIdField()
    classroom = peewee.ForeignKeyField(Classroom, backref="posts", on_delete="CASCADE", index=False)
    author = peewee.ForeignKeyField(Account, backref="posts", null=True, on_delete="SET NULL")
    sealed = BytesField()
    status = peewee.CharField(max_length=10, default="draft")
    audience = peewee.CharField(max_length=10, default="whole")
    version = peewee.IntegerField(default=1)
    comments_open = peewee.BooleanField(default=True)
    reactions_open = peewee.BooleanField(default=True)
    submission = peewee.CharField(max_length=32, null=True)
    created_at = InstantField(default=clock.now)
    publish_at = InstantField(null=True)
    published_at = InstantField(null=True)
    edited_at = InstantField(null=True)
    withdrawn_at = InstantField(null=True)
    pinned_at = InstantField(null=True)

    class Meta:
        indexes = (
            (("classroom", "status", "published_at"), False),
            (("status", "publish_at"), False),
            (("author", "submission"), True),
        )


class PostVersion(Table):
    """The text of one published version, and how many attachments it added and removed, for those who compare."""

    post = peewee.ForeignKeyField(Post, backref="versions", on_delete="CASCADE", index=False)
    number = peewee.IntegerField()
    sealed = BytesField()
    added = peewee.IntegerField(default=0)
    removed = peewee.IntegerField(default=0)
    editor = peewee.ForeignKeyField(Account, null=True, on_delete="SET NULL")
    at = InstantField(default=clock.now)

    class Meta:
        indexes = ((("post", "number"), True),)


class PostTarget(Table):
    """A group or a child that a post is addressed to, when it isn't for the whole class."""

    post = peewee.ForeignKeyField(Post, backref="targets", on_delete="CASCADE")
    group = peewee.ForeignKeyField(Group, null=True, on_delete="CASCADE")
    student = peewee.ForeignKeyField(Student, null=True, on_delete="CASCADE")


class Attachment(Table):
    """A photo or a document of a post, at its place."""

    post = peewee.ForeignKeyField(Post, backref="attachments", on_delete="CASCADE", index=False)
    media = peewee.ForeignKeyField(Media, backref="attachments", on_delete="CASCADE", unique=True)
    position = peewee.IntegerField()

    class Meta:
        indexes = ((("post", "position"), False),)


class Comment(Table):
    """What someone wrote under a post. `from_staff` is decided when it is written: all its readers see those.

    A guardian's comment is seen by the staff and its author. Removing one erases its text; the row tells that it was.
    """

    public_id = PublicIdField()
    post = peewee.ForeignKeyField(Post, backref="comments", on_delete="CASCADE", index=False)
    author = peewee.ForeignKeyField(Account, backref="comments", null=True, on_delete="SET NULL", index=False)
    from_staff = peewee.BooleanField()
    sealed = BytesField(null=True)
    submission = peewee.CharField(max_length=32, null=True)
    created_at = InstantField(default=clock.now)
    removed_at = InstantField(null=True)

    class Meta:
        indexes = (
            (("post", "created_at"), False),
            (("author", "submission"), True),
            (("author", "created_at"), False),
        )


class Reaction(Table):
    """One word that a reader gives a post; a second choice takes the place of the first."""

    post = peewee.ForeignKeyField(Post, backref="reactions", on_delete="CASCADE", index=False)
    account = peewee.ForeignKeyField(Account, backref="reactions", on_delete="CASCADE")
    kind = peewee.CharField(max_length=10)
    created_at = InstantField(default=clock.now)

    class Meta:
        indexes = ((("post", "account"), True),)


class ReadReceipt(Table):
    """The first time that a guardian opened a post or said to have read it; the staff alone sees it."""

    post = peewee.ForeignKeyField(Post, backref="receipts", on_delete="CASCADE", index=False)
    account = peewee.ForeignKeyField(Account, backref="receipts", on_delete="CASCADE")
    first_read_at = InstantField(default=clock.now)

    class Meta:
        indexes = ((("post", "account"), True),)


MODELS = (Post, PostVersion, PostTarget, Attachment, Comment, Reaction, ReadReceipt)
