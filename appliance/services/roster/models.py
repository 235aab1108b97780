"""What imports keep: the upload while it is being looked at, what each import changed, and what the last file said.

Everything that names a person is sealed under the academy's key. The upload lives an hour, the before-images a month.
"""

import peewee

from appliance.core import clock
from appliance.school.models import Account, Classroom, Guardian, School, SchoolYear, Student
from appliance.storage.database import Table
from appliance.storage.fields import BytesField, InstantField, PublicIdField

PENDING, APPLIED, UNDONE, EXPIRED = "pending", "applied", "undone", "expired"


class RosterImport(Table):
    """One import: waiting to be looked at, applied, undone, or expired.

    `upload` holds the files while it waits, `report` the lists of its result; `counts` is JSON without any name.
    """

    public_id = PublicIdField()
    school = peewee.ForeignKeyField(School, backref="roster_imports", on_delete="CASCADE")
    year = peewee.ForeignKeyField(SchoolYear, null=True, on_delete="SET NULL")
    account = peewee.ForeignKeyField(Account, null=True, on_delete="SET NULL")
    format = peewee.CharField(max_length=10, default="onde")
    status = peewee.CharField(max_length=10, default=PENDING)
    upload = BytesField(null=True)
    choices = peewee.TextField(default="{}")
    report = BytesField(null=True)
    counts = peewee.TextField(default="{}")
    created_at = InstantField(default=clock.now)
    expires_at = InstantField(null=True)
    applied_at = InstantField(null=True)
    undone_at = InstantField(null=True)
    forgotten_at = InstantField(null=True)

    class Meta:
        indexes = ((("school", "status", "applied_at"), False), (("status", "expires_at"), False))


class RosterChange(Table):
    """One row that an import wrote: what it was and what it became, sealed; undoing reads these backwards."""

    roster_import = peewee.ForeignKeyField(RosterImport, backref="changes", on_delete="CASCADE", index=False)
    position = peewee.IntegerField()
    kind = peewee.CharField(max_length=14)
    row_id = peewee.IntegerField()
    action = peewee.CharField(max_length=6)
    images = BytesField()

    class Meta:
        indexes = ((("roster_import", "position"), True),)


class RosterSource(Table):
    """What the last file said of a class, a pupil or a guardian, so that a correction made since by hand is recognised.

    Exactly one of the three is set; the row goes with it.
    """

    classroom = peewee.ForeignKeyField(Classroom, null=True, unique=True, backref="roster_source", on_delete="CASCADE")
    student = peewee.ForeignKeyField(Student, null=True, unique=True, backref="roster_source", on_delete="CASCADE")
    guardian = peewee.ForeignKeyField(Guardian, null=True, unique=True, backref="roster_source", on_delete="CASCADE")
    said = BytesField()


MODELS = (RosterImport, RosterChange, RosterSource)
