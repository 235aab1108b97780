"""The first page, remembered like the feed: at most six questions to the database for a guardian or a teacher,
and a seventh to count what waits beyond the page."""

import flask

from appliance.features.feed import api as feed
from appliance.features.home import queries
from appliance.web import caching
from appliance.web.routing import Slice

bp = Slice("home", __name__)
STAFFED = 50


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
    page = feed.list_recent_for(actor, child, before or None) if children else None
    cards = page.cards if page else []
    staffed = [access for access in actor.classes if access.is_staff]
    staffed = [access for access in staffed if not access.is_past] or staffed  # the past ones stand under /classes
    unread = [card for card in cards if not card.is_read]
    first = not before
    news = queries.list_news(cards) if first else {}
    due = {each: {card.post.public_id for card in new} for each, new in news.items()}
    if first and page and (child or page.cursor):  # more may wait than this page shows
        due = feed.list_unread(actor)
    posts = due.get(child, set()) if child else set().union(*due.values())
    beyond = len(posts - {card.post.public_id for card in unread})
    return flask.render_template(
        "home/index.html",
        children=children,
        child=child,
        to_read=feed.render_cards(unread, actor),
        others=feed.render_cards([card for card in cards if card.is_read], actor),
        number=len(unread) + beyond,
        beyond=beyond,
        due=due,
        news=news,
        excerpt_of=feed.excerpt_of,
        form=feed.FORM,
        here=_address(child, before),
        newest=_address(child, "") if before else None,
        older=_address(child, page.cursor) if page and page.cursor else None,
        staffed=staffed[:STAFFED] if first else [],
        has_more=len(staffed) > STAFFED,
        years=len({access.year_name for access in staffed}) > 1 or any(access.is_past for access in staffed),
        summaries=feed.summarise(actor) if staffed and first else {},
        latest=feed.list_latest_for(actor) if staffed and first else [],
        waiting=queries.list_waiting(actor),
        offices=actor.offices,
    )


def _address(child: str, before: str) -> str:
    wanted = [f"{name}={value}" for name, value in (("enfant", child), ("avant", before)) if value]
    return "/?" + "&".join(wanted) if wanted else "/"
