"""Reach: how many of the guardians concerned have read, and who has not. For the staff alone.

Concerned are the guardians with legal authority over a child of the audience who is in the class today, account or not,
working with the class or not. Whoever wrote a post has read it.
"""

from typing import NamedTuple

from peewee import Case, fn

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.features.feed.models import Post, ReadReceipt
from appliance.features.feed.queries.visible import is_addressed, is_enrolled
from appliance.school.models import Enrolment, Guardian, Guardianship, Student
from appliance.storage.fields import from_micros
from appliance.storage.prepared import P, Prepared, many


class Reach(NamedTuple):
    """How many guardians a post concerns, and how many of them have read it."""

    read: int
    total: int


def read_at(post, account):
    """When someone read a post, as SQL: who wrote it, when it came out; NULL for who has not read."""
    opened = ReadReceipt.select(ReadReceipt.first_read_at).where(
        (ReadReceipt.post == post.id) & (ReadReceipt.account == account)
    )
    return fn.COALESCE(Case(None, [(post.author == account, post.published_at)]), opened)


def columns(post) -> tuple:
    """The reach of each row of a listing, for the staff: how many guardians are concerned, how many of them read."""
    concerned = (
        (Enrolment.classroom == post.classroom)
        & is_enrolled()
        & (Guardianship.authority == "legal")
        & ((post.audience == "whole") | is_addressed(post, Enrolment.student))
        & post.classroom.in_(many("staffed"))
    )
    total = (
        Enrolment.select(fn.COUNT(fn.DISTINCT(Guardianship.guardian)))
        .join(Guardianship, on=Guardianship.student == Enrolment.student)
        .where(concerned)
    )
    read = (
        Enrolment.select(fn.COUNT(fn.DISTINCT(Guardian.id)))
        .join(Guardianship, on=Guardianship.student == Enrolment.student)
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .where(concerned & read_at(post, Guardian.account).is_null(False))
    )
    return read.alias("reach_read"), total.alias("reach_total")


_READERS = Prepared(
    lambda: (
        Post.select(
            Student.id.alias("student_id"),
            Student.public_id.alias("student_public_id"),
            Student.first_name.alias("student_first_name"),
            Student.last_name.alias("student_last_name"),
            Student.usage_name.alias("student_usage_name"),
            Guardian.public_id.alias("guardian_public_id"),
            Guardian.first_name,
            Guardian.last_name,
            Guardian.usage_name,
            Guardian.account.alias("account_id"),
            read_at(Post, Guardian.account).alias("read_at"),
        )
        .join(Enrolment, on=(Enrolment.classroom == Post.classroom) & is_enrolled())
        .join(Guardianship, on=(Guardianship.student == Enrolment.student) & (Guardianship.authority == "legal"))
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .join_from(Enrolment, Student, on=Enrolment.student == Student.id)
        .where((Post.id == P("post")) & ((Post.audience == "whole") | is_addressed(Post, Enrolment.student)))
        .order_by(
            Student.first_name, Student.last_name, Student.id, Guardian.last_name, Guardian.first_name, Guardian.id
        )
    )
)


class Reader(NamedTuple):
    """A guardian and when they read; `has_account` False means that the invitation still waits."""

    public_id: str
    name: str
    has_account: bool
    read_at: object


class Family(NamedTuple):
    """A child and each of its guardians: one line for every person, never one for the child."""

    public_id: str
    first_name: str
    name: str
    readers: list[Reader]


def list_readers(actor, card) -> list[Family]:
    """Child by child and guardian by guardian, who has read a post; NotFound for a draft, and for who isn't staff."""
    if not card.is_staff or card.post.published_at is None:
        raise NotFound()
    families: dict[int, Family] = {}
    for row in _READERS.all(post=card.post.id, today=clock.today()):
        name = f"{row.student_first_name} {row.student_usage_name or row.student_last_name}".strip()
        family = families.setdefault(row.student_id, Family(row.student_public_id, row.student_first_name, name, []))
        guardian = f"{row.first_name} {row.usage_name or row.last_name}".strip()
        read = None if row.read_at is None else from_micros(row.read_at)
        family.readers.append(Reader(row.guardian_public_id, guardian, row.account_id is not None, read))
    return list(families.values())
