"""What the staff decides about a post that exists: pinned, closed to answers, withdrawn, back again."""

from appliance.core import clock
from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.features.feed.actions.common import get_writable, journal
from appliance.features.feed.events import PostWithdrawn
from appliance.features.feed.models import Post
from appliance.storage import database
from appliance.storage.database import transaction


def withdraw(actor, post: str) -> None:
    """Hide a published post and its files from the families at once; the staff keeps it and may bring it back."""
    card, access = get_writable(actor, post)
    with transaction():
        if _change(card, "published", status="withdrawn", withdrawn_at=clock.now(), pinned_at=None):
            journal(actor, access, "update", "post_withdrawn", object_id=post, seen_by="class")
            database.emit(PostWithdrawn(card.post.id, post, access.classroom_id))


def restore(actor, post: str) -> None:
    """Show a withdrawn post again, at its old place."""
    card, access = get_writable(actor, post)
    with transaction():
        if _change(card, "withdrawn", status="published", withdrawn_at=None):
            journal(actor, access, "update", "post_restored", object_id=post, seen_by="class")


def pin(actor, post: str) -> None:
    """Keep a published post at the top of the feed."""
    card, access = get_writable(actor, post)
    if card.post.status != "published":
        raise Refused(_("Seule une publication en ligne peut être épinglée."))
    with transaction():
        if card.post.pinned_at is None and _change(card, "published", pinned_at=clock.now()):
            journal(actor, access, "update", "post_pinned", object_id=post, seen_by="class")


def unpin(actor, post: str) -> None:
    """Let a post go back to its place by date."""
    card, access = get_writable(actor, post)
    with transaction():
        if card.post.pinned_at is not None and _change(card, card.post.status, pinned_at=None):
            journal(actor, access, "update", "post_unpinned", object_id=post, seen_by="class")


def set_answers(actor, post: str, *, comments_open: bool | None = None, reactions_open: bool | None = None) -> None:
    """Open or close comments and reactions; what was already said stays, a correction begun before is told so."""
    card, access = get_writable(actor, post)
    values = {"comments_open": comments_open, "reactions_open": reactions_open}
    values = {name: value for name, value in values.items() if value is not None and value != getattr(card.post, name)}
    if not values:
        return
    with transaction():
        if _change(card, card.post.status, version=Post.version + 1, **values):
            seen_by = "class" if card.post.status == "published" else "staff"
            journal(actor, access, "update", "post_answers_changed", object_id=post, seen_by=seen_by)


def _change(card, where: str, /, **values) -> int:
    """Write only if the post still is where it was: done twice, an act counts once."""
    return Post.update(**values).where((Post.public_id == card.post.public_id) & (Post.status == where)).execute()
