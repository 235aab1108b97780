"""A comment that was removed stays removed after a restore of an older backup."""

from appliance.core import clock
from appliance.features.feed.models import Comment
from appliance.services.backup import ledger


def list_removed() -> list[str]:
    """The public ids of the comments whose text was erased."""
    return [row[0] for row in Comment.select(Comment.public_id).where(Comment.removed_at.is_null(False)).tuples()]


def remove_again(ids: list[str]) -> None:
    """Erase the text of these comments."""
    Comment.update(sealed=None, removed_at=clock.now()).where(
        Comment.public_id.in_(ids) & Comment.removed_at.is_null()
    ).execute()


ledger.register("comment", list_removed, remove_again)
