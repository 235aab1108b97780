"""Small answers for other screens: how much is unread, whom a post can be addressed to, how fresh a page must be."""

from typing import NamedTuple

from appliance.core import clock
from appliance.features.feed.models import Post, PostTarget
from appliance.features.feed.queries import reach
from appliance.features.feed.queries.visible import is_addressed, is_enrolled, is_for_own, reader
from appliance.school.models import Enrolment, Group, Revision, Student
from appliance.storage.prepared import P, Prepared, many

_UNREAD = Prepared(
    lambda: (
        Post.select(Post.public_id, Student.public_id.alias("student_public_id"))
        .join(Enrolment, on=(Enrolment.classroom == Post.classroom) & is_enrolled())
        .join(Student, on=Enrolment.student == Student.id)
        .where(
            is_for_own()
            & Student.id.in_(many("own"))
            & ((Post.audience == "whole") | is_addressed(Post, Student.id))
            & reach.read_at(Post, P("account")).is_null()
        )
        .order_by(Post.id, Student.id)
    )
)

_GROUPS = Prepared(
    lambda: (
        Group.select(Group.id, Group.public_id, Group.name)
        .where(Group.classroom == P("classroom"))
        .order_by(Group.name, Group.id)
    )
)

_STUDENTS = Prepared(
    lambda: (
        Student.select(
            Student.id,
            Student.public_id,
            Student.first_name,
            Student.last_name,
            Student.usage_name,
            Student.photo_rights,
        )
        .join(Enrolment, on=Enrolment.student == Student.id)
        .where((Enrolment.classroom == P("classroom")) & is_enrolled())
        .order_by(Student.first_name, Student.last_name, Student.id)
    )
)

_TARGETS = Prepared(
    lambda: (
        PostTarget.select(PostTarget.group.alias("group_id"), PostTarget.student.alias("student_id"))
        .where(PostTarget.post == P("post"))
        .order_by(PostTarget.id)
    )
)

_REVISIONS = Prepared(lambda: Revision.select(Revision.scope, Revision.value).where(Revision.scope.in_(many("scopes"))))


def list_unread(actor) -> dict[str, set[str]]:
    """The published posts that this guardian has not read yet, over all classes, by the child whom they concern; public
    ids, in one query."""
    found: dict[str, set[str]] = {}
    for row in _UNREAD.all(**reader(actor)):
        found.setdefault(row.student_public_id, set()).add(row.public_id)
    return found


def list_groups(access) -> list:
    """The groups of a class, for the choice of an audience; the caller is of its staff."""
    return _GROUPS.all(classroom=access.classroom_id)


def list_students(access) -> list:
    """The pupils of a class today, for the choice of an audience; the caller is of its staff."""
    return _STUDENTS.all(classroom=access.classroom_id, today=clock.today())


class Targets(NamedTuple):
    """Row ids of what a post names."""

    groups: frozenset[int]
    students: frozenset[int]


def list_targets(card) -> Targets:
    """Whom a post is addressed to, for its editor; the caller is of the staff."""
    rows = _TARGETS.all(post=card.post.id)
    return Targets(frozenset(row.group_id for row in rows), frozenset(row.student_id for row in rows))


def scopes(actor, classes) -> list[str]:
    """The revisions that a page over these classes depends on.

    `class:` moves with what the staff does, `staff:` with what the staff alone sees, `reader:` with what this person
    does: a guardian's page never changes, not even its tag, because of another guardian.
    """
    names = [f"class:{each.classroom_id}" for each in classes]
    names += [f"staff:{each.classroom_id}" for each in classes if each.is_staff]
    return [*names, f"reader:{actor.account_id}"]


def freshness(actor, classes) -> tuple[int, ...]:
    """The present revisions of these classes for this person, in one query."""
    names = scopes(actor, classes)
    found = {row.scope: row.value for row in _REVISIONS.all(scopes=names)}
    return tuple(found.get(name, 0) for name in names)
