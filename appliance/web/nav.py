"""The menu, gathered from what the features declare."""

from dataclasses import dataclass

import flask

from appliance.core.i18n import lazy_

ITEMS: list = []
FOOTER: list[dict] = []


@dataclass(frozen=True)
class Entry:
    """One line of the menu, as the page shows it."""

    label: object
    url: str
    icon: str
    current: bool
    badge: int = 0


def register(feature) -> None:
    """Take a feature's entries; the order is the one that they declare."""
    ITEMS.extend(item for item in feature.nav if item not in ITEMS)
    ITEMS.sort(key=lambda item: (item.order, item.endpoint))


def items_for(actor) -> list[Entry]:
    """The entries that this person can use."""
    if actor is None or not actor.notice_accepted:
        return []
    endpoint = flask.request.endpoint
    return [
        Entry(item.label, flask.url_for(item.endpoint), item.icon, item.endpoint == endpoint)
        for item in ITEMS
        if item.when(actor)
    ]


ACCESSIBILITY = lazy_("Accessibilité")
