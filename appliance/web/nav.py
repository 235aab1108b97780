"""The menu, gathered from what the features declare."""

from dataclasses import dataclass

import flask
from markupsafe import Markup

from appliance.web import caching

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
    entries = [(item, flask.url_for(item.endpoint)) for item in ITEMS if item.when(actor)]
    here = _lit([url for _item, url in entries], flask.request.path)
    return [Entry(item.label, url, item.icon, url == here) for item, url in entries]


def draw() -> Markup:
    """The menu of who asks, drawn once for all who have the same one on the same page."""
    entries = items_for(flask.g.get("actor"))
    if not entries:
        return Markup()
    key = ("nav", tuple((each.url, str(each.label), each.current, each.badge) for each in entries))
    return Markup(caching.fragment(key, lambda: flask.render_template("_nav.html", nav=entries)))  # noqa: S704 - ours


def _lit(urls: list[str], path: str) -> str:
    """The entry that a page belongs to: the longest address that it begins with; the home page only itself."""
    under = [url for url in urls if path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))]
    return max(under, key=len, default="")
