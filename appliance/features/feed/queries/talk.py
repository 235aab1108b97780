"""What is said under a post, and what changed in it, as one person may see it."""

from datetime import timedelta
from typing import NamedTuple

from peewee import JOIN, fn

from appliance.core import clock, diffs
from appliance.core.errors import NotFound
from appliance.features.feed.models import Comment, Post, PostVersion, Reaction
from appliance.features.feed.queries.visible import is_comment_visible, is_id, is_visible, reader
from appliance.features.feed.sealing import open_text
from appliance.school.models import Academy, Account, Classroom, School
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared


class Remark(NamedTuple):
    """A comment as its reader sees it; `is_private` says that only the staff and its author read it."""

    public_id: str
    author: str
    author_public_id: str
    from_staff: bool
    is_own: bool
    text: str
    created_at: object

    @property
    def is_private(self) -> bool:
        """Whether other families don't see it."""
        return not self.from_staff


class Change(NamedTuple):
    """One step from a published version to the next."""

    number: int
    at: object
    editor: str
    pieces: list[tuple[str, str]]
    added: int
    removed: int


_COMMENTS = Prepared(
    lambda: (
        Comment.select(
            Comment.public_id,
            Comment.sealed,
            Comment.from_staff,
            Comment.created_at,
            Comment.author.alias("author_id"),
            Account.public_id.alias("author_public_id"),
            Account.first_name,
            Account.last_name,
        )
        .join(Post, on=Comment.post == Post.id)
        .join_from(Comment, Account, JOIN.LEFT_OUTER, on=Comment.author == Account.id)
        .where((Comment.post == P("post")) & is_comment_visible())
        .order_by(Comment.created_at, Comment.id)
    )
)

# A post as those who answer it need it, with what its author sent already: one query instead of a whole card.
_ANSWERABLE = Prepared(
    lambda: (
        Post.select(
            Post.id,
            Post.public_id,
            Post.status,
            Post.comments_open,
            Post.classroom.alias("classroom_id"),
            Classroom.public_id.alias("classroom_public_id"),
            Classroom.wrapped_key,
            Academy.public_id.alias("academy_public_id"),
            Academy.wrapped_key.alias("academy_wrapped_key"),
            Comment.select(Comment.public_id)
            .where((Comment.author == P("account")) & (Comment.submission == P("submission")))
            .alias("submitted"),
            Comment.select(fn.COUNT(Comment.id))
            .where((Comment.author == P("account")) & (Comment.created_at > P("since")))
            .alias("written"),
        )
        .join(Classroom, on=Post.classroom == Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
        .where((Post.public_id == P("post")) & is_visible())
    )
)

_VERSIONS = Prepared(
    lambda: (
        PostVersion.select(
            PostVersion.number,
            PostVersion.sealed,
            PostVersion.added,
            PostVersion.removed,
            PostVersion.at,
            Account.first_name,
            Account.last_name,
        )
        .join(Account, JOIN.LEFT_OUTER, on=PostVersion.editor == Account.id)
        .where(PostVersion.post == P("post"))
        .order_by(PostVersion.number)
    )
)

_REACTIONS = Prepared(
    lambda: (
        Reaction.select(Reaction.kind, fn.COUNT(Reaction.id).alias("number"))
        .where(Reaction.post == P("post"))
        .group_by(Reaction.kind)
        .order_by(Reaction.kind)
    )
)

_FIND = Prepared(
    lambda: (
        Comment.select(
            Comment.id,
            Comment.public_id,
            Comment.author.alias("author_id"),
            Comment.from_staff,
            Post.public_id.alias("post_public_id"),
        )
        .join(Post, on=Comment.post == Post.id)
        .where((Comment.public_id == P("comment")) & is_comment_visible())
    )
)


def list_remarks(actor, card) -> list[Remark]:
    """The comments that this person may read under a post that they may see, in the order of writing."""
    post = card.post
    rows = _COMMENTS.all(post=post.id, account=actor.account_id, staffed=[post.classroom_id] if card.is_staff else [])
    return [
        Remark(
            row.public_id,
            f"{row.first_name or ''} {row.last_name or ''}".strip(),
            row.author_public_id or "",
            row.from_staff,
            row.author_id == actor.account_id,
            open_text(post, "comment", row.public_id, row.sealed),
            row.created_at,
        )
        for row in rows
    ]


def find_comment(actor, comment_public_id: str):
    """A comment that this person may read, or None; the caller still asks whether they may see its post."""
    if not is_id(comment_public_id):
        return None
    values = reader(actor)
    return _FIND.first(comment=comment_public_id, account=values["account"], staffed=values["staffed"])


def get_answerable(actor, post_public_id: str, submission: str | None = None):
    """A post that this person sees, as who answers needs it; NotFound when it doesn't exist for them.

    `submitted` is the comment that this form has made already, `written` how many the person made within the hour.
    """
    values = reader(actor)
    since = to_micros(clock.now() - timedelta(hours=1))
    row = (
        _ANSWERABLE.first(post=post_public_id, submission=submission, since=since, **values)
        if is_id(post_public_id)
        else None
    )
    if row is None:
        raise NotFound()
    return row


def count_reactions(actor, card) -> dict[str, int]:
    """How often each reaction was given, for the staff; a guardian is told of their own alone."""
    if not card.is_staff:
        return {card.post.reaction: 1} if card.post.reaction else {}
    return {row.kind: row.number for row in _REACTIONS.all(post=card.post.id)}


def list_changes(actor, card) -> list[Change]:
    """What each new version changed, the newest first; NotFound for a post that was never changed."""
    post, changes = card.post, []
    versions = _VERSIONS.all(post=post.id)
    texts = [open_text(post, "post_version", f"{post.public_id}.{each.number}", each.sealed) for each in versions]
    for index in range(1, len(versions)):
        version = versions[index]
        changes.append(
            Change(
                index + 1,
                version.at,
                f"{version.first_name or ''} {version.last_name or ''}".strip(),
                diffs.list_changes(texts[index - 1], texts[index]),
                version.added,
                version.removed,
            )
        )
    if not changes:
        raise NotFound()
    return changes[::-1]
