"""What readers answer: comments, reactions, that they have read. A guardian's answers never reach another guardian."""

from typing import NamedTuple

import peewee

from appliance.core import clock
from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.core.ids import new_id
from appliance.core.richtext import clean_input
from appliance.features.feed import queries
from appliance.features.feed.actions.common import DEFAULT_LIMITS, journal, require_key, require_pace
from appliance.features.feed.models import REACTIONS, Comment, Post, Reaction, ReadReceipt
from appliance.features.feed.sealing import seal_text
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

_OPEN = Prepared(lambda: Post.select(Post.comments_open).where((Post.id == P("post")) & (Post.status == "published")))
_SUBMITTED = Prepared(
    lambda: Comment.select(Comment.public_id).where(
        (Comment.author == P("author")) & (Comment.submission == P("submission"))
    )
)
_COMMENT = Prepared(
    lambda: Comment.insert(
        public_id=P("public_id"),
        post=P("post"),
        author=P("author"),
        from_staff=P("from_staff"),
        sealed=P("sealed"),
        submission=P("submission"),
        created_at=P("at"),
    )
)


class Written(NamedTuple):
    """A comment that is kept."""

    public_id: str


def comment(actor, post: str, text: str, *, submission: str | None = None, limits=DEFAULT_LIMITS) -> Written:
    """Write under a post: a guardian to the staff alone, the staff to all its readers. The same form twice is one."""
    card, access = _get_answerable(actor, post)
    submission = require_key(submission)
    done = _find_submitted(actor, submission)
    if done is not None:
        return done
    text = clean_input(text, limit=limits.comment_chars, field="text")
    if not text:
        raise Refused(_("Écrivez votre commentaire avant de l’envoyer."), field="text")
    require_pace(Comment, actor, limits.comments_per_hour)
    public_id = new_id()
    try:
        with transaction():
            # Asked again under the writer's lock: comments may have been closed, the form may have come twice.
            still_open = _OPEN.first(post=card.post.id)
            if still_open is None or not still_open.comments_open:
                raise Refused(
                    _("Les commentaires de cette publication sont fermés. Votre texte n’a pas été envoyé."),
                    field="text",
                )
            done = _find_submitted(actor, submission)
            if done is not None:
                return done
            _COMMENT.run(
                public_id=public_id,
                post=card.post.id,
                author=actor.account_id,
                from_staff=access.is_staff,
                sealed=seal_text(access, "comment", public_id, text),
                submission=submission,
                at=to_micros(clock.now()),
            )
            seen_by = "class" if access.is_staff else "reader"
            journal(actor, access, "create", "comment_created", kind="comment", object_id=public_id, seen_by=seen_by)
    except peewee.IntegrityError:
        done = _find_submitted(actor, submission)
        if done is None:
            raise
        return done
    return Written(public_id)


def remove_comment(actor, comment: str) -> str:
    """Erase the text of a comment: its author's, or any for the staff; gives the post's public id."""
    found = queries.find_comment(actor, comment)
    if found is None:
        raise NotFound()
    card = queries.get_card(actor, found.post_public_id)
    access = policy.get_access_by_id(actor, card.post.classroom_id)
    policy.require(found.author_id == actor.account_id or access.is_staff)
    with transaction():
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
    """Give a post one word; another word takes its place, the same word again changes nothing."""
    if kind not in REACTIONS:
        raise Refused(_("Choisissez une des réactions proposées."))
    card, access = _get_answerable(actor, post)
    with transaction():
        still_open = Post.select(Post.reactions_open).where((Post.id == card.post.id) & (Post.status == "published"))
        if not still_open.scalar():
            raise Refused(_("Les réactions à cette publication sont fermées."))
        mine = (Reaction.post == card.post.id) & (Reaction.account == actor.account_id)
        if _REACT.run(post=card.post.id, account=actor.account_id, kind=kind, at=to_micros(clock.now())):
            operation = "create"
        elif Reaction.update(kind=kind).where(mine & (Reaction.kind != kind)).execute():
            operation = "update"
        else:
            return
        seen_by = "staff" if access.is_staff else "reader"
        journal(actor, access, operation, "reaction_given", kind="reaction", object_id=post, seen_by=seen_by)


def unreact(actor, post: str) -> None:
    """Take one's reaction back."""
    card, access = _get_answerable(actor, post)
    with transaction():
        mine = (Reaction.post == card.post.id) & (Reaction.account == actor.account_id)
        if Reaction.delete().where(mine).execute():
            seen_by = "staff" if access.is_staff else "reader"
            journal(actor, access, "delete", "reaction_removed", kind="reaction", object_id=post, seen_by=seen_by)


def mark_read(actor, post: str, card=None) -> bool:
    """Note the first time that a guardian read a post; later times and the staff leave no trace. True when noted."""
    card = card or queries.get_card(actor, post)
    if card.is_read:
        return False
    access = policy.get_access_by_id(actor, card.post.classroom_id)
    with transaction():
        noted = bool(_READ.run(post=card.post.id, account=actor.account_id, at=to_micros(clock.now())))
        if noted:
            journal(
                actor, access, "create", "post_read", kind="receipt", object_id=card.post.public_id, seen_by="reader"
            )
    return noted


def consult_readers(actor, card) -> list:
    """Who has read a post and who has not: asking for it is itself noted in the journal."""
    families = queries.list_readers(actor, card)
    with transaction():
        journal(actor, card.post, "read", "receipts_read", object_id=card.post.public_id, seen_by="nobody")
    return families


def _get_answerable(actor, post: str):
    """A published post that this person sees, and their access; nothing is answered to drafts and withdrawn posts."""
    card = queries.get_card(actor, post)
    if card.post.status != "published":
        raise Refused(_("Cette publication n’est pas en ligne\u202f: on ne peut pas y répondre."))
    return card, policy.get_access_by_id(actor, card.post.classroom_id)


def _find_submitted(actor, submission: str | None) -> Written | None:
    row = _SUBMITTED.first(author=actor.account_id, submission=submission) if submission else None
    return Written(row.public_id) if row is not None else None
