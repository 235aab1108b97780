"""The tables of people and classes, used by every feature and owned by none.

The tenant is the Academy (the responsible body of the register: an académie, a commune, or the school itself when it
stands alone). A Classroom is one class of one SchoolYear: its key is the classroom-year key of 03 §3.3.
"""

import peewee

from appliance.core import clock
from appliance.storage.database import Table
from appliance.storage.fields import BytesField, InstantField, PublicIdField


class Academy(Table):
    """The responsible body: the tenant that owns keys, schools and registers. `kek_id` names the master key that wraps
    its key; empty: the only one there was."""

    public_id = PublicIdField()
    name = peewee.CharField(max_length=200)
    wrapped_key = BytesField()
    kek_id = peewee.CharField(max_length=16, default="")
    created_at = InstantField(default=clock.now)


class PurposeKey(Table):
    """A key that is none of a tenant's (sessions, printed codes…), kept when the master key that it was derived from is
    replaced; `kek_id` names the one that wraps it. No row: the master key was never replaced."""

    purpose = peewee.CharField(max_length=40, primary_key=True)
    kek_id = peewee.CharField(max_length=16)
    wrapped_key = BytesField()


class SchoolYear(Table):
    """A school year of an academy; it ends on 31 August unless the academy says otherwise."""

    academy = peewee.ForeignKeyField(Academy, backref="years", on_delete="RESTRICT")
    name = peewee.CharField(max_length=20)
    starts_on = peewee.DateField()
    ends_on = peewee.DateField()

    class Meta:
        indexes = ((("academy", "name"), True),)


class School(Table):
    """A school of an academy; `uai` is its national number, `plan` the plan of its classes (empty: the default)."""

    public_id = PublicIdField()
    academy = peewee.ForeignKeyField(Academy, backref="schools", on_delete="RESTRICT")
    name = peewee.CharField(max_length=200)
    uai = peewee.CharField(max_length=8, default="")
    city = peewee.CharField(max_length=100, default="")
    plan = peewee.CharField(max_length=20, default="")
    created_at = InstantField(default=clock.now)


class Account(Table):
    """Someone who can sign in: one account for all their children, classes and schools.

    `identifier` is what they type, folded for comparison. `email` may be empty, and shared: nobody learns from it who
    else has an account. Where several claim one, the first to claim it (`email_since`) signs in with it. One that its
    owner typed counts from `email_confirmed_at` on, where a relay can ask.
    """

    public_id = PublicIdField()
    identifier = peewee.CharField(max_length=254, unique=True)
    email = peewee.CharField(max_length=254, default="", index=True)
    email_since = InstantField(default=clock.now)
    email_confirmed_at = InstantField(null=True)
    first_name = peewee.CharField(max_length=100)
    last_name = peewee.CharField(max_length=100)
    password_hash = peewee.CharField(max_length=200, default="")
    language = peewee.CharField(max_length=8, default="fr")
    theme = peewee.CharField(max_length=8, default="")
    created_at = InstantField(default=clock.now)
    password_changed_at = InstantField(null=True)
    disabled_at = InstantField(null=True)

    @property
    def name(self) -> str:
        """First and last name, as shown."""
        return f"{self.first_name} {self.last_name}".strip()


class NoticeAcceptance(Table):
    """Proof that a person acknowledged or consented to the sensitive-data notice: which text, when, in which mode."""

    account = peewee.ForeignKeyField(Account, backref="notices", on_delete="CASCADE")
    mode = peewee.CharField(max_length=12)
    version = peewee.CharField(max_length=20)
    text_sha256 = peewee.CharField(max_length=64)
    language = peewee.CharField(max_length=8)
    accepted_at = InstantField(default=clock.now)
    withdrawn_at = InstantField(null=True)


class Session(Table):
    """A signed-in device; the cookie holds a random token of which only the SHA-256 is kept."""

    public_id = PublicIdField()
    token_sha256 = BytesField(unique=True)
    account = peewee.ForeignKeyField(Account, backref="sessions", on_delete="CASCADE")
    created_at = InstantField(default=clock.now)
    seen_at = InstantField(default=clock.now)
    agent = peewee.CharField(max_length=60, default="")
    network = peewee.CharField(max_length=43, default="")
    flashes = peewee.TextField(default="")


class Office(Table):
    """A role over a school, or over the whole academy when `school` is empty: principal, admin or dpo."""

    account = peewee.ForeignKeyField(Account, backref="offices", on_delete="CASCADE")
    academy = peewee.ForeignKeyField(Academy, backref="offices", on_delete="CASCADE")
    school = peewee.ForeignKeyField(School, backref="offices", null=True, on_delete="CASCADE")
    role = peewee.CharField(max_length=12)

    class Meta:
        indexes = ((("account", "academy", "school", "role"), True),)


class Classroom(Table):
    """A class of a school for one year. `plan` is its own plan (empty: its school's); `family_comfort` lets its
    guardians download photos and films."""

    public_id = PublicIdField()
    school = peewee.ForeignKeyField(School, backref="classrooms", on_delete="RESTRICT")
    year = peewee.ForeignKeyField(SchoolYear, backref="classrooms", on_delete="RESTRICT")
    name = peewee.CharField(max_length=100)
    level = peewee.CharField(max_length=50, default="")
    join_code = peewee.CharField(max_length=12, unique=True, null=True)
    plan = peewee.CharField(max_length=20, default="")
    family_comfort = peewee.BooleanField(default=False)
    wrapped_key = BytesField(null=True)
    created_at = InstantField(default=clock.now)

    class Meta:
        indexes = ((("school", "year", "name"), True),)


class Membership(Table):
    """A teacher or assistant of a class. Guardians are members through their children, never through this table."""

    account = peewee.ForeignKeyField(Account, backref="memberships", on_delete="CASCADE")
    classroom = peewee.ForeignKeyField(Classroom, backref="memberships", on_delete="CASCADE")
    role = peewee.CharField(max_length=12)
    created_at = InstantField(default=clock.now)

    class Meta:
        indexes = ((("account", "classroom"), True),)


class Student(Table):
    """A pupil of a school. `photo_rights` is yes, no or unknown (nobody answered: treated as no); `family_comfort`
    gives that option to the pupil's guardians alone."""

    public_id = PublicIdField()
    school = peewee.ForeignKeyField(School, backref="students", on_delete="RESTRICT")
    first_name = peewee.CharField(max_length=100)
    last_name = peewee.CharField(max_length=100)
    usage_name = peewee.CharField(max_length=100, default="")
    born_on = peewee.DateField(null=True)
    gender = peewee.CharField(max_length=1, default="")
    photo_rights = peewee.CharField(max_length=8, default="unknown")
    family_comfort = peewee.BooleanField(default=False)
    created_at = InstantField(default=clock.now)

    @property
    def name(self) -> str:
        """First name and the name in use."""
        return f"{self.first_name} {self.usage_name or self.last_name}".strip()


class Enrolment(Table):
    """A pupil in a class; `left_on` closes it without erasing that it was."""

    student = peewee.ForeignKeyField(Student, backref="enrolments", on_delete="CASCADE")
    classroom = peewee.ForeignKeyField(Classroom, backref="enrolments", on_delete="CASCADE")
    joined_on = peewee.DateField(default=clock.today)
    left_on = peewee.DateField(null=True)

    class Meta:
        indexes = ((("student", "classroom"), True),)


class Group(Table):
    """Some pupils of a class that a teacher addresses together."""

    public_id = PublicIdField()
    classroom = peewee.ForeignKeyField(Classroom, backref="groups", on_delete="CASCADE")
    name = peewee.CharField(max_length=100)

    class Meta:
        table_name = "pupil_group"
        indexes = ((("classroom", "name"), True),)


class GroupStudent(Table):
    """A pupil in a group."""

    group = peewee.ForeignKeyField(Group, backref="members", on_delete="CASCADE")
    student = peewee.ForeignKeyField(Student, backref="groups", on_delete="CASCADE")

    class Meta:
        indexes = ((("group", "student"), True),)


class Guardian(Table):
    """An adult named by the school for a child, with or without an account yet.

    `contact` holds address, phone and e-mail sealed under the academy's key: only staff of the child's school may
    open it.
    """

    public_id = PublicIdField()
    school = peewee.ForeignKeyField(School, backref="guardians", on_delete="RESTRICT")
    account = peewee.ForeignKeyField(Account, backref="guardians", null=True, on_delete="SET NULL")
    civility = peewee.CharField(max_length=10, default="")
    first_name = peewee.CharField(max_length=100)
    last_name = peewee.CharField(max_length=100)
    usage_name = peewee.CharField(max_length=100, default="")
    contact = BytesField(null=True)
    created_at = InstantField(default=clock.now)

    @property
    def name(self) -> str:
        """First name and the name in use."""
        return f"{self.first_name} {self.usage_name or self.last_name}".strip()


class Guardianship(Table):
    """The link between a guardian and a child, and what it allows.

    `authority` is legal (reads and signs), contact (named by the family, reads nothing) or withdrawn (a decision took
    the authority away: reads nothing from that moment; `document_reference` names the decision).
    """

    guardian = peewee.ForeignKeyField(Guardian, backref="guardianships", on_delete="CASCADE")
    student = peewee.ForeignKeyField(Student, backref="guardianships", on_delete="CASCADE")
    authority = peewee.CharField(max_length=10, default="legal")
    kinship = peewee.CharField(max_length=30, default="")
    document_reference = peewee.CharField(max_length=200, default="")
    changed_at = InstantField(default=clock.now)

    class Meta:
        indexes = ((("guardian", "student"), True),)


class Invitation(Table):
    """A one-time code that opens or links an account: for a guardian (printed letter), a colleague, or a password
    reset.

    Only a keyed hash of the code is kept; printing again makes a new code and cancels the old one.
    """

    public_id = PublicIdField()
    purpose = peewee.CharField(max_length=12)
    code_hash = BytesField(unique=True)
    guardian = peewee.ForeignKeyField(Guardian, backref="invitations", null=True, on_delete="CASCADE")
    account = peewee.ForeignKeyField(Account, backref="invitations", null=True, on_delete="CASCADE")
    classroom = peewee.ForeignKeyField(Classroom, backref="invitations", null=True, on_delete="CASCADE")
    role = peewee.CharField(max_length=12, default="")
    created_by = peewee.ForeignKeyField(Account, null=True, on_delete="SET NULL")
    created_at = InstantField(default=clock.now)
    expires_at = InstantField()
    used_at = InstantField(null=True)
    cancelled_at = InstantField(null=True)


class JoinRequest(Table):
    """Someone who typed the class key and waits for the teacher: nothing is shown to them until it is approved."""

    public_id = PublicIdField()
    account = peewee.ForeignKeyField(Account, backref="join_requests", on_delete="CASCADE")
    classroom = peewee.ForeignKeyField(Classroom, backref="join_requests", on_delete="CASCADE")
    child_name = peewee.CharField(max_length=200)
    kinship = peewee.CharField(max_length=30, default="")
    status = peewee.CharField(max_length=10, default="pending")
    created_at = InstantField(default=clock.now)
    decided_at = InstantField(null=True)
    decided_by = peewee.ForeignKeyField(Account, null=True, on_delete="SET NULL")


class Revision(Table):
    """A number that grows with each committed write in a scope (`access`, or a class), so that a cache knows it is
    stale."""

    scope = peewee.CharField(max_length=40, primary_key=True)
    value = peewee.BigIntegerField(default=0)


MODELS = (
    Academy, PurposeKey, SchoolYear, School, Account, NoticeAcceptance, Session, Office, Classroom, Membership, Student,
    Enrolment, Group, GroupStudent, Guardian, Guardianship, Invitation, JoinRequest, Revision,
)  # fmt: skip
