"""What readers answer: comments, reactions, that they have read. A guardian's answers never reach another guardian."""

from typing import NamedTuple

import peewee

from appliance.core import clock
from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.core.ids import new_id
from appliance.core.richtext import clean_input
from appliance.features.feed import queries
from appliance.features.feed.actions.common import DEFAULT_LIMITS, journal, key_of, require_pace
from appliance.features.feed.models import REACTIONS, Comment, Post, Reaction, ReadReceipt
from appliance.features.feed.sealing import seal_beside
from appliance.school import policy
from appliance.storage.database import transaction
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared

_READ = Prepared(
    lambda: ReadReceipt.insert(post=P("post"), account=P("account"), first_read_at=P("at")).on_conflict_ignore()
)
_REACT = Prepared(
    lambda: Reaction.insert(
        post=P("post"), account=P("account"), kind=P("kind"), created_at=P("at")
    ).on_conflict_ignore()
)

_SUBMITTED = Prepared(
    lambda: Comment.select(Comment.public_id).where(
        (Comment.author == P("author")) & (Comment.submission == P("submission"))
    )
)
# Written only while the post takes comments: it is asked by the very statement that writes.
_COMMENT = Prepared(
    lambda: Comment.insert_from(
        Post.select(P("public_id"), Post.id, P("author"), P("from_staff"), P("sealed"), P("submission"), P("at")).where(
            (Post.id == P("post"))
            & (Post.classroom == P("classroom"))  # or it was moved: the text is sealed for the class that it left
            & (Post.status == "published")
            & Post.comments_open
        ),
        (
            Comment.public_id,
            Comment.post,
            Comment.author,
            Comment.from_staff,
            Comment.sealed,
            Comment.submission,
            Comment.created_at,
        ),
    )
)


class Written(NamedTuple):
    """A comment that is kept."""

    public_id: str


def comment(actor, post: str, text: str, *, submission: str | None = None, limits=DEFAULT_LIMITS) -> Written:
    """Write under a post: a guardian to the staff alone, the staff to all its readers. The same form twice is one."""
    submission = key_of(submission, post, text)
    row, access = _get_answerable(actor, post, submission)
    if row.submitted is not None:
        return Written(row.submitted)
    text = clean_input(text, limit=limits.comment_chars, field="text")
    if not text:
        raise Refused(_("Écrivez votre commentaire avant de l’envoyer."), field="text")
    require_pace(row.written, limits.comments_per_hour)
    public_id = new_id()
    values = {
        "public_id": public_id,
        "post": row.id,
        "classroom": row.classroom_id,
        "author": actor.account_id,
        "from_staff": access.is_staff,
        "sealed": seal_beside(row, "comment", public_id, text),
        "submission": submission,
        "at": to_micros(clock.now()),
    }
    seen_by = "class" if access.is_staff else "reader"
    try:
        with transaction(brief=True):
            if not _COMMENT.run(**values):
                raise Refused(
                    _("Les commentaires de cette publication sont fermés. Votre texte n’a pas été envoyé."),
                    field="text",
                )
            journal(actor, access, "create", "comment_created", kind="comment", object_id=public_id, seen_by=seen_by)
    except peewee.IntegrityError:  # the same form came twice at once
        done = _SUBMITTED.first(author=actor.account_id, submission=submission) if submission else None
        if done is None:
            raise
        return Written(done.public_id)
    return Written(public_id)


def remove_comment(actor, comment: str) -> str:
    """Erase the text of a comment: its author's, or any for the staff; gives the post's public id."""
    found = queries.find_comment(actor, comment)
    if found is None:
        raise NotFound()
    card = queries.get_card(actor, found.post_public_id)
    access = policy.get_access_by_id(actor, card.post.classroom_id)
    policy.require(found.author_id == actor.account_id or access.is_staff)
    with transaction(brief=True):
        removed = (
            Comment.update(removed_at=clock.now(), sealed=None)
            .where((Comment.id == found.id) & Comment.removed_at.is_null())
            .execute()
        )
        if removed:
            seen_by, reader = ("class", None) if found.from_staff else ("reader", found.author_id)
            journal(
                actor, access, "delete", "comment_removed",
                kind="comment", object_id=comment, seen_by=seen_by, reader=reader,
            )  # fmt: skip
    return found.post_public_id


def react(actor, post: str, kind: str) -> None:
    """Give a post one word, which also says that it was read; another takes its place, the same changes nothing."""
    if kind not in REACTIONS:
        raise Refused(_("Choisissez une des réactions proposées."))
    row, access = _get_answerable(actor, post)
    with transaction(brief=True):
        mine = (Reaction.post == row.id) & (Reaction.account == actor.account_id)
        if _REACT.run(post=row.id, account=actor.account_id, kind=kind, at=to_micros(clock.now())):
            operation = "create"
        elif Reaction.update(kind=kind).where(mine & (Reaction.kind != kind)).execute():
            operation = "update"
        else:
            return
        here = (Post.id == row.id) & (Post.classroom == row.classroom_id) & (Post.status == "published")
        if not Post.select(Post.reactions_open).where(here).scalar():  # asked last: it may have been moved or closed
            raise Refused(_("Les réactions à cette publication sont fermées."))
        seen_by = "staff" if access.is_staff else "reader"
        journal(actor, access, operation, "reaction_given", kind="reaction", object_id=post, seen_by=seen_by)
    mark_read(actor, post)


def unreact(actor, post: str) -> None:
    """Take one's reaction back."""
    row, access = _get_answerable(actor, post)
    with transaction(brief=True):
        mine = (Reaction.post == row.id) & (Reaction.account == actor.account_id)
        if Reaction.delete().where(mine).execute():
            seen_by = "staff" if access.is_staff else "reader"
            journal(actor, access, "delete", "reaction_removed", kind="reaction", object_id=post, seen_by=seen_by)


def mark_read(actor, post: str, card=None) -> bool:
    """Note the first time that someone read what concerns a child of theirs; nothing else leaves a trace. True when
    noted."""
    card = card or queries.get_card(actor, post)
    if card.is_read:
        return False
    access = policy.get_access_by_id(actor, card.post.classroom_id)
    with transaction(brief=True):
        noted = bool(_READ.run(post=card.post.id, account=actor.account_id, at=to_micros(clock.now())))
        if noted:
            journal(
                actor, access, "create", "post_read", kind="receipt", object_id=card.post.public_id, seen_by="reader"
            )
    return noted


def consult_readers(actor, card) -> list:
    """Who has read a post and who has not: asking for it is itself noted in the journal."""
    families = queries.list_readers(actor, card)
    with transaction(brief=True):
        journal(actor, card.post, "read", "receipts_read", object_id=card.post.public_id, seen_by="nobody")
    return families


def _get_answerable(actor, post: str, submission: str | None = None):
    """A published post that this person sees, and their access; nothing is answered to drafts and withdrawn posts."""
    row = queries.get_answerable(actor, post, submission)
    if row.status != "published":
        raise Refused(_("Cette publication n’est pas en ligne\u202f: on ne peut pas y répondre."))
    return row, policy.get_access_by_id(actor, row.classroom_id)
