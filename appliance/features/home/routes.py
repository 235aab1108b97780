"""The first page, remembered like the feed: at most six questions to the database for a guardian or a teacher."""

import flask

from appliance.features.feed import api as feed
from appliance.features.home import queries
from appliance.web import caching
from appliance.web.routing import Slice

bp = Slice("home", __name__)
PAGE, FILTERED = 20, 50


@bp.page("/", access="signed_in")
def index():
    """All children of all schools, all classes of a teacher, or what an office can do here."""
    actor = flask.g.actor
    children = queries.list_children(actor)
    asked = flask.request.args.get("enfant", "")
    child = asked if any(each.public_id == asked for each in children) else ""
    before = flask.request.args.get("avant", "")[:60] if children else ""
    return caching.page(("home", child, before, feed.freshness(actor)), lambda: _draw(actor, children, child, before))


def _draw(actor, children, child: str, before: str) -> str:
    page = (
        feed.list_recent_for(actor, FILTERED if child or actor.is_staff else PAGE, before or None) if children else None
    )
    cards = queries.list_cards(page.cards, child) if page else []
    staffed = [access for access in actor.classes if access.is_staff]
    here = _address(child, before)
    return flask.render_template(
        "home/index.html",
        children=children,
        child=child,
        cards=feed.render_cards(cards, actor),
        unread=sum(not card.is_read for card in cards),
        further=_first_unread(cards),
        form=feed.FORM,
        here=here,
        newest=_address(child, "") if before else None,
        older=_address(child, page.cursor) if page and page.cursor else None,
        staffed=[] if before else staffed,
        summaries=feed.summarise(actor) if staffed and not before else {},
        waiting=queries.list_waiting(actor),
        offices=actor.offices,
    )


def _first_unread(cards) -> str:
    """Where reading begins, when it isn't at the first card."""
    unread = [card.post.public_id for card in cards if not card.is_read]
    return unread[0] if unread and cards[0].is_read else ""


def _address(child: str, before: str) -> str:
    wanted = [f"{name}={value}" for name, value in (("enfant", child), ("avant", before)) if value]
    return "/?" + "&".join(wanted) if wanted else "/"
