"""What other features may use of the feed."""

from appliance.features.feed import queries, rendering
from appliance.features.feed.actions import Content, comment, pin, publish, react, save_draft, schedule
from appliance.features.feed.events import PostPublished, PostWithdrawn
from appliance.features.feed.queries import list_unread, summarise
from appliance.features.feed.queries.album import find_album_month, list_album, list_album_months
from appliance.features.feed.rendering import excerpt_of
from appliance.features.feed.showing import duration

FORM = rendering.FORM

__all__ = [
    "FORM",
    "Content",
    "PostPublished",
    "PostWithdrawn",
    "comment",
    "duration",
    "excerpt_of",
    "find_album_month",
    "freshness",
    "list_album",
    "list_album_months",
    "list_latest_for",
    "list_recent_for",
    "list_unread",
    "pin",
    "publish",
    "react",
    "render_cards",
    "save_draft",
    "schedule",
    "summarise",
]


def list_recent_for(actor, child: str = "", before: str | None = None):
    """The newest posts for the children of a person, or for one of them, each with those whom it concerns.

    Gives `.cards` and `.cursor`, the `before` of the page after it. At most four queries.
    """
    return queries.list_recent(actor, child, before)


def list_latest_for(actor):
    """The newest posts of the classes that a person works with, each in a line: first words, class, who has read."""
    return [rendering.glance(card) for card in queries.list_latest(actor)]


def render_cards(cards, actor):
    """The cards as HTML, for a page that includes `feed/_form.html` with `form=api.FORM` and `here` (its address)."""
    return rendering.draw_all(cards)


def freshness(actor, access=None) -> tuple[int, ...]:
    """What a page with posts of all classes of a person, or of one, depends on, for `caching.page`; one query."""
    return queries.freshness(actor, actor.classes if access is None else [access])
