"""Attachments: accepted by the media store or uploaded before, counted against the limits, put at their place in a
post."""

from contextlib import contextmanager

from peewee import fn

from appliance.core.errors import QuotaReached
from appliance.core.i18n import ngettext
from appliance.features.feed.models import Attachment
from appliance.services import plans
from appliance.services.media import arrivals, store
from appliance.services.media.models import Media


class Files:
    """What comes with a post: files of its form, stored already, and one's own uploads, taken when the post is
    written."""

    def __init__(self, actor, access, media: list, uploads: tuple[str, ...], limits):
        self.actor, self.access, self.media, self.uploads, self.limits = actor, access, media, uploads, limits

    def take(self, kept=()) -> list:
        """All the media of the post, in the transaction that writes it; Refused or QuotaReached, and the uploads are
        free again. `kept` are the files that it has already."""
        media = [*self.media, *arrivals.claim(self.actor, self.access, self.uploads)]
        require_room(self.access, [each.family for each in [*kept, *media]], self.limits)
        return media


@contextmanager
def accepted(actor, access, files, uploads=(), limits=None):
    """The files of a post; whatever fails inside the block, none of those of the form stays, and all uploads do."""
    media = store.accept(actor, access, list(files)) if files else []
    try:
        yield Files(actor, access, media, tuple(uploads), limits)
    except BaseException:
        discard(media)
        raise


def discard(media: list) -> None:
    """Forget media that were accepted for nothing."""
    if media:
        store.discard(media)


def require_room(access, families: list[str], limits) -> None:
    """QuotaReached when a post would hold more photos, films or documents than the plan of the class and the limits
    say."""
    plan = plans.plan_of(access.classroom_id)
    unknown = families.count("")  # what didn't say at its beginning what it is counts as each of them
    pictures, films = families.count("picture") + unknown, families.count("video") + unknown
    others = len(families) - families.count("picture") - families.count("video")
    if plan.photos_per_post is not None and pictures > plan.photos_per_post:
        text = ngettext(
            "Une publication contient %(num)s photo au plus. Rien n’a été envoyé.",
            "Une publication contient %(num)s photos au plus. Rien n’a été envoyé.",
            plan.photos_per_post,
        )
    elif plan.videos_per_post is not None and films > plan.videos_per_post:
        text = ngettext(
            "Une publication contient %(num)s vidéo au plus. Rien n’a été publié.",
            "Une publication contient %(num)s vidéos au plus. Rien n’a été publié.",
            plan.videos_per_post,
        )
    elif others > limits.documents_per_post:
        text = ngettext(
            "Une publication contient %(num)s document au plus. Rien n’a été envoyé.",
            "Une publication contient %(num)s documents au plus. Rien n’a été envoyé.",
            limits.documents_per_post,
        )
    else:
        return
    raise QuotaReached(text, field="files")


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
