"""Attachments: accepted by the media store, counted against the limits, put at their place in a post."""

from contextlib import contextmanager

from peewee import fn

from appliance.core.errors import QuotaReached
from appliance.core.i18n import ngettext
from appliance.features.feed.models import Attachment
from appliance.services.media import store
from appliance.services.media.models import Media


@contextmanager
def accepted(actor, access, files):
    """The media of some uploaded files; whatever fails inside the block, none of them stays."""
    media = store.accept(actor, access, list(files)) if files else []
    try:
        yield media
    except BaseException:
        discard(media)
        raise


def discard(media: list) -> None:
    """Forget media that were accepted for nothing."""
    if media:
        store.discard(media)


def require_room(families: list[str], limits) -> None:
    """QuotaReached when a post would hold more photos or documents than the limits say."""
    pictures = sum(family == "picture" for family in families)
    others = len(families) - pictures
    if pictures > limits.photos_per_post:
        raise QuotaReached(
            ngettext(
                "Une publication contient %(num)s photo au plus. Rien n’a été envoyé.",
                "Une publication contient %(num)s photos au plus. Rien n’a été envoyé.",
                limits.photos_per_post,
            ),
            field="files",
        )
    if others > limits.documents_per_post:
        raise QuotaReached(
            ngettext(
                "Une publication contient %(num)s document au plus. Rien n’a été envoyé.",
                "Une publication contient %(num)s documents au plus. Rien n’a été envoyé.",
                limits.documents_per_post,
            ),
            field="files",
        )


def attach(post_id: int, media: list) -> int:
    """Put media at the end of a post; how many."""
    last = Attachment.select(fn.MAX(Attachment.position)).where(Attachment.post == post_id).scalar()
    for position, each in enumerate(media, 0 if last is None else last + 1):
        Attachment.create(post=post_id, media=each, position=position)
    return len(media)


def detach(actor, post_id: int, public_ids) -> int:
    """Take media out of a post and delete them: their key is destroyed with the commit. How many there were."""
    found = (
        Attachment.select(Attachment.id, Media.public_id)
        .join(Media)
        .where((Attachment.post == post_id) & Media.public_id.in_(list(public_ids) or [""]))
        .tuples()
    )
    found = list(found)
    for attachment_id, public_id in found:
        Attachment.delete().where(Attachment.id == attachment_id).execute()
        store.delete(actor, public_id)
    return len(found)
