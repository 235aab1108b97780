"""Who is seen on a photo, and what is done about a child without image rights: blurred, taken out, or knowingly shown.

Nobody is asked for permission by a machine: until someone has chosen, families don't see the photo.
"""

from appliance.core import clock
from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.features.feed import queries
from appliance.features.feed.actions import files as attaching
from appliance.features.feed.actions.common import get_writable, hold_post_here, journal
from appliance.features.feed.models import Attachment
from appliance.services.media import arrivals
from appliance.services.media.models import MediaTag
from appliance.storage.database import transaction

CHOICES = ("blurred", "remove", "allow")


def tag(actor, post: str, tags: dict[str, tuple[str, ...]]) -> None:
    """Say who is seen on some photos of a post, for each of them completely; `tags` goes by public ids.

    What was chosen about a child who stays tagged stays; a tag that goes takes its choice with it.
    """
    card, access = get_writable(actor, post)
    with transaction():
        hold_post_here(card)
        put_tags(actor, access, {each.public_id: each.media_id for each in card.files}, tags, seen_by=_readers(card))


def put_tags(actor, access, media: dict[str, int], tags: dict[str, tuple[str, ...]], *, seen_by: str) -> None:
    """Make these pupils of the class the ones seen on each media that `tags` names; part of the caller's
    transaction."""
    tags = {public_id: students for public_id, students in tags.items() if public_id in media}
    if not tags:
        return
    known = {each.public_id: each.id for each in queries.list_students(access)}
    for public_id, students in tags.items():
        gone = _put(media[public_id], students, known)
        if gone is not None:
            # Taking a child out may show the photo again: the journal says whom, as it does of the other choices.
            journal(
                actor, access, "update", "media_tagged", kind="media", object_id=public_id, seen_by=seen_by,
                reason=f"no longer {','.join(gone)}" if gone else "",
            )  # fmt: skip


def _put(media_id: int, students, known: dict[str, int]) -> list[str] | None:
    """The children who are no longer tagged; None when nothing changed."""
    present = {row.student_id for row in MediaTag.select(MediaTag.student).where(MediaTag.media == media_id)}
    # A child who left the class can't be ticked any more; nothing said about them is lost by that.
    wanted = {known[each] for each in students if each in known} | (present - set(known.values()))
    for student in sorted(wanted - present):
        MediaTag.create(media=media_id, student=student)
    gone = sorted(present - wanted)
    if gone:
        MediaTag.delete().where((MediaTag.media == media_id) & MediaTag.student.in_(gone)).execute()
    return None if wanted == present else sorted(each for each, student in known.items() if student in gone)


def decide(actor, post: str, choices: dict[tuple[str, str], str]) -> None:
    """Choose, for a photo and a child without image rights (public ids), one of CHOICES; all of it or nothing.

    “remove” takes the photo out of the post and deletes it; “allow” shows it and is journaled as an override.
    """
    if not set(choices.values()) <= set(CHOICES):
        raise Refused(_("Choisissez une des réponses proposées."))
    card, access = get_writable(actor, post)
    asked = {
        (each.file.public_id, child.public_id): (each.file, child)
        for each in queries.list_seen(card, access)
        for child in each.pending
    }
    choices = {pair: choice for pair, choice in choices.items() if pair in asked}
    removed = {media for (media, _student), choice in choices.items() if choice == "remove"}
    with transaction():
        hold_post_here(card)
        for pair, choice in choices.items():
            if pair[0] not in removed:
                _settle(actor, access, *asked[pair], choice, _readers(card))
        if removed:
            _take_out(actor, access, card, removed)


def _settle(actor, access, file, child, choice: str, seen_by: str) -> None:
    values = {"blurred": True} if choice == "blurred" else {"allowed_at": clock.now(), "allowed_by": actor.account_id}
    MediaTag.update(**values).where((MediaTag.media == file.media_id) & (MediaTag.student == child.id)).execute()
    event = "image_rights_blurred" if choice == "blurred" else "image_rights_overridden"
    journal(
        actor, access, "update", event,
        kind="media", object_id=file.public_id, seen_by=seen_by, reason=child.public_id,
    )  # fmt: skip


def _take_out(actor, access, card, public_ids) -> None:
    """A post that is left without text and files stays: its author deletes or withdraws it."""
    attaching.detach(actor, card.post.id, public_ids)
    journal(actor, access, "update", "post_edited", object_id=card.post.public_id, seen_by=_readers(card))


def replace_blurred(actor, post: str, old: str, upload: str) -> None:
    """Put a retouched photo in the place of another one, which is deleted; the children without image rights who were
    tagged on it are blurred on the new one."""
    card, access = get_writable(actor, post)
    seen = next((each for each in queries.list_seen(card, access) if each.file.public_id == old), None)
    if seen is None:
        raise NotFound()
    with transaction():
        row = hold_post_here(card)
        shown = Attachment.get_or_none((Attachment.post == row.id) & (Attachment.media == seen.file.media_id))
        media = arrivals.claim(actor, access, [upload])
        if shown is None or not media:  # taken out meanwhile: nothing is put in its place
            raise NotFound()
        Attachment.create(post=row.id, media=media[0], position=shown.position)
        for child in seen.children:
            if child.tagged:
                MediaTag.create(media=media[0], student=child.id, blurred=not child.has_rights)
        attaching.detach(actor, card.post.id, [old])
        journal(
            actor, access, "update", "image_rights_blurred", kind="media", object_id=media[0].public_id,
            seen_by=_readers(card), reason=",".join(child.public_id for child in seen.pending),
        )  # fmt: skip


def _readers(card) -> str:
    return "class" if card.post.status == "published" else "staff"
