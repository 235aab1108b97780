"""Who may see a post: the one rule, as SQL, that every read of the feed goes through.

The staff of a class see all of its posts. A guardian sees what is published to the whole class, or to a group or a
child among whom is one of theirs (legal authority, enrolled today). For anybody else the post does not exist.
"""

from peewee import fn

from appliance.core import clock
from appliance.features.feed.models import Comment, Post, PostTarget
from appliance.school.models import Enrolment, GroupStudent
from appliance.storage.prepared import P, many


def is_id(text: str) -> bool:
    """Whether a text can be a public id at all; anything else is answered without asking the database."""
    return 0 < len(text) <= 16 and text.isascii() and text.isalnum()


def reader(actor, access=None, child: str = "") -> dict:
    """The values of the rule for this person: in one class when its `access` is given, else in all of theirs; of their
    children, for the one with this public id, else for all."""
    classes = (access,) if access is not None else actor.classes
    children = [each for place in classes for each in place.children if child in ("", each.public_id)]
    return {
        "account": actor.account_id,
        "staffed": [each.classroom_id for each in classes if each.is_staff],
        "attended": sorted({each.classroom_id for each in children}),
        "own": sorted({each.id for each in children}),
        "today": clock.today(),
    }


def is_enrolled():
    """The pupil of an Enrolment row is in the class today."""
    return Enrolment.left_on.is_null() | (Enrolment.left_on > P("today"))


def is_addressed(post, student):
    """A post that is not for the whole class names this pupil, or a group that the pupil is in."""
    member = GroupStudent.select(GroupStudent.student).where(GroupStudent.group == PostTarget.group)
    names = PostTarget.select(PostTarget.id).where(
        (PostTarget.post == post.id) & ((PostTarget.student == student) | student.in_(member))
    )
    return fn.EXISTS(names)


def is_for_own(post=Post):
    """A published post concerns a child of the reader's, who may work with that class too."""
    own = Enrolment.select(Enrolment.id).where(
        (Enrolment.classroom == post.classroom)
        & Enrolment.student.in_(many("own"))
        & is_enrolled()
        & is_addressed(post, Enrolment.student)
    )
    return (
        post.classroom.in_(many("attended"))
        & (post.status == "published")
        & ((post.audience == "whole") | fn.EXISTS(own))
    )


def is_visible(post=Post):
    """The rule itself; `reader` gives its values."""
    return post.classroom.in_(many("staffed")) | is_for_own(post)


def is_comment_visible(post=Post):
    """The staff read every comment; a guardian reads the staff's and their own, never another guardian's."""
    return Comment.removed_at.is_null() & (
        (Comment.from_staff == True)  # noqa: E712 - SQL, not Python
        | (Comment.author == P("account"))
        | post.classroom.in_(many("staffed"))
    )
