"""A post goes to another class: its texts are sealed under that class's key, its files stay where they are.

What the families of the first class answered stays theirs: it is erased, never shown to another class's staff.
"""

from typing import NamedTuple

from peewee import fn

from appliance.core.errors import Conflict, Refused
from appliance.core.i18n import _
from appliance.features.feed.actions.common import get_writable, hold_post_here, journal
from appliance.features.feed.events import PostPublished, PostWithdrawn
from appliance.features.feed.models import Attachment, Comment, Post, PostTarget, PostVersion, Reaction, ReadReceipt
from appliance.features.feed.sealing import open_text, seal_text
from appliance.services.media import moving
from appliance.services.media.models import Media
from appliance.storage import database
from appliance.storage.database import transaction


class Answers(NamedTuple):
    """What readers left under a post, all of which a move erases."""

    comments: int
    reactions: int
    receipts: int


def count_answers(post_id: int) -> Answers:
    """How much a move erases; the caller has decided that the actor may change the post."""

    def count(table, condition=True) -> int:
        return table.select(fn.COUNT(table.id)).where((table.post == post_id) & condition).scalar()

    return Answers(count(Comment, Comment.removed_at.is_null()), count(Reaction), count(ReadReceipt))


def list_destinations(actor, access) -> list:
    """The other classes of the same academy whose team the actor is in."""
    return [
        each
        for each in actor.classes
        if each.can_publish and each.academy_id == access.academy_id and each.classroom_id != access.classroom_id
    ]


def move_post(actor, post: str, classroom: str, *, erased: Answers) -> str:
    """Give a post with its files to another class, as it stands now; gives that class's public id.

    `erased` is what the actor was told would be erased: Conflict when more came since. The audience is the whole new
    class again, nothing is pinned.
    """
    card, access = get_writable(actor, post)
    place = next((each for each in list_destinations(actor, access) if each.classroom_public_id == classroom), None)
    if place is None:
        raise Refused(_("Choisissez une de vos classes."), field="classroom")
    with transaction():
        database.hold(Comment, Reaction, ReadReceipt)  # no answer may slip in between what is counted and erased
        row = hold_post_here(card)
        if count_answers(row.id) != erased:
            raise Conflict(
                _("Des réponses sont arrivées entre-temps. Rien n’a été déplacé\u202f: relisez ce qui serait effacé.")
            )
        media = Attachment.select(Media.public_id).join(Media).where(
            (Attachment.post == row.id) & Media.deleted_at.is_null()
        ).order_by(Attachment.position, Attachment.id)  # fmt: skip
        moving.move(actor, [public_id for (public_id,) in media.tuples()], place)
        _seal_anew(card, row, place)
        for table in (Comment, Reaction, ReadReceipt, PostTarget):
            table.delete().where(table.post == row.id).execute()
        _journal(actor, access, place, row)
    return classroom


def _seal_anew(card, row: Post, place) -> None:
    text = open_text(card.post, "post", row.public_id, row.sealed)
    Post.update(
        classroom=place.classroom_id,
        sealed=seal_text(place, "post", row.public_id, text),
        audience="whole",
        edited_at=None,
        version=Post.version + 1,  # whoever is correcting it in the class that it left is told so
        pinned_at=None,
    ).where(Post.id == row.id).execute()
    # Who reads it only now does not read what was written for others: of its versions the last one alone goes along.
    versions = list(PostVersion.select().where(PostVersion.post == row.id).order_by(PostVersion.number))
    PostVersion.delete().where(PostVersion.post == row.id).execute()
    for last in versions[-1:]:
        sealed = seal_text(place, "post_version", f"{row.public_id}.{last.number}", text)
        PostVersion.create(post=row.id, number=last.number, sealed=sealed, editor=last.editor_id, at=last.at)


def _journal(actor, access, place, row: Post) -> None:
    seen_by = "class" if row.status == "published" else "staff"
    journal(actor, access, "update", "post_moved_away", object_id=row.public_id, seen_by=seen_by)
    journal(actor, place, "update", "post_moved_here", object_id=row.public_id, seen_by=seen_by)
    if row.status == "published":
        database.emit(PostWithdrawn(row.id, row.public_id, access.classroom_id))
        database.emit(PostPublished(row.id, row.public_id, place.classroom_id))
