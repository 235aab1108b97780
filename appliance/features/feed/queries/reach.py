"""Reach: how many of the guardians concerned have read, and who has not. For the staff alone.

Concerned are the guardians with legal authority over a child of the audience who is in the class today, account or not.
"""

from typing import NamedTuple

from peewee import JOIN, Case, fn

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.features.feed.models import Post, ReadReceipt
from appliance.features.feed.queries.visible import is_addressed, is_enrolled
from appliance.school.models import Enrolment, Guardian, Guardianship, Student
from appliance.storage.fields import from_micros
from appliance.storage.prepared import Prepared, many


class Reach(NamedTuple):
    """How many guardians a post concerns, and how many of them have read it."""

    read: int
    total: int


def _concerned(*columns):
    return (
        Post.select(*columns)
        .join(Enrolment, on=(Enrolment.classroom == Post.classroom) & is_enrolled())
        .join(Guardianship, on=(Guardianship.student == Enrolment.student) & (Guardianship.authority == "legal"))
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .join(
            ReadReceipt,
            JOIN.LEFT_OUTER,
            on=(ReadReceipt.post == Post.id) & (ReadReceipt.account == Guardian.account),
        )
        .where(Post.id.in_(many("posts")) & ((Post.audience == "whole") | is_addressed(Post, Enrolment.student)))
    )


_COUNT = Prepared(
    lambda: _concerned(
        Post.id.alias("post_id"),
        fn.COUNT(fn.DISTINCT(Case(None, [(ReadReceipt.id.is_null(False), Guardian.id)]))).alias("read"),
        fn.COUNT(fn.DISTINCT(Guardian.id)).alias("total"),
    ).group_by(Post.id)
)

_READERS = Prepared(
    lambda: (
        _concerned(
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
            ReadReceipt.first_read_at.alias("read_at"),
        )
        .join_from(Enrolment, Student, on=Enrolment.student == Student.id)
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


def count_readers(post_ids: list[int]) -> dict[int, Reach]:
    """The reach of each post; the caller has decided that the actor is of the staff."""
    return {row.post_id: Reach(row.read, row.total) for row in _COUNT.all(posts=post_ids, today=clock.today())}


def list_readers(actor, card) -> list[Family]:
    """Child by child and guardian by guardian, who has read a post; NotFound unless the actor is of the staff."""
    if not card.is_staff:
        raise NotFound()
    families: dict[int, Family] = {}
    for row in _READERS.all(posts=[card.post.id], today=clock.today()):
        name = f"{row.student_first_name} {row.student_usage_name or row.student_last_name}".strip()
        family = families.setdefault(row.student_id, Family(row.student_public_id, row.student_first_name, name, []))
        guardian = f"{row.first_name} {row.usage_name or row.last_name}".strip()
        read = row.read_at if row.read_at is None or not isinstance(row.read_at, int) else from_micros(row.read_at)
        family.readers.append(Reader(row.guardian_public_id, guardian, row.account_id is not None, read))
    return list(families.values())
