"""Pages that show: the feed of a class, a post, its photos, its changes, its readers."""

import hashlib

import flask

from appliance.core.errors import NotFound
from appliance.core.i18n import _
from appliance.features.feed import actions, queries, rendering, showing
from appliance.features.feed.forms import CommentForm
from appliance.features.feed.routes.common import bp
from appliance.school import policy
from appliance.services import plans
from appliance.web import caching


@bp.page("/classes/<classroom>", access="signed_in")
def class_feed(classroom: str):
    """The feed of a class, twenty posts a page. Looking at it marks nothing as read."""
    access = policy.get_access(flask.g.actor, classroom)
    cursor = flask.request.args.get("apres", "")[:60]
    fresh = queries.freshness(flask.g.actor, [access])
    return caching.page(("feed", access.classroom_id, access.role, fresh, cursor), lambda: _draw_feed(access, cursor))


def _draw_feed(access, cursor: str) -> str:
    page = queries.list_feed(flask.g.actor, access, cursor)
    here = f"/classes/{access.classroom_public_id}"
    return flask.render_template(
        "feed/class.html",
        access=access,
        cards=rendering.draw_all(page.cards),
        gathered=showing.gathered(page.cards),
        form=rendering.FORM,
        here=f"{here}?apres={cursor}" if cursor else here,
        newest=here if cursor else None,
        older=f"{here}?apres={page.cursor}" if page.cursor else None,
    )


@bp.page("/classes/<classroom>/publications/brouillons", access="signed_in")
def shelf(classroom: str):
    """What the staff keeps for later, has scheduled or has withdrawn."""
    access = policy.get_access(flask.g.actor, classroom)
    if not access.is_staff:
        raise NotFound()
    fresh = queries.freshness(flask.g.actor, [access])
    return caching.page(("shelf", access.classroom_id, fresh), lambda: _draw_shelf(access))


def _draw_shelf(access) -> str:
    cards = queries.list_shelf(flask.g.actor, access)
    titles = {"scheduled": _("Programmées"), "draft": _("Brouillons"), "withdrawn": _("Retirées")}
    sections = [
        (title, rendering.draw_all([card for card in cards if card.post.status == status]))
        for status, title in titles.items()
    ]
    here = f"/classes/{access.classroom_public_id}/publications/brouillons"
    return flask.render_template("feed/shelf.html", access=access, sections=sections, form=rendering.FORM, here=here)


@bp.page("/publications/<post>", access="signed_in")
def show(post: str):
    """A post with all its photos and comments; opening it tells the staff that this guardian has read it."""
    actor = flask.g.actor
    card = queries.get_card(actor, post)
    if not card.is_read and _is_meant():
        actions.mark_read(actor, post, card)
        card = queries.get_card(actor, post)
    access = policy.get_access_by_id(actor, card.post.classroom_id)
    fresh = queries.freshness(actor, [access])
    # Read again after the revisions: what changed in between must not be kept under what came of it.
    # A number that moves with an answer of this reader's own: a chance one would tell that something else changed.
    own = fresh if access.is_staff else fresh[-1]
    number = hashlib.sha256(repr((actor.session_id, post, own)).encode()).hexdigest()[:16]
    return caching.page(
        ("post", card.post.id, access.role, fresh),
        lambda: draw_post(queries.get_card(actor, post), access, CommentForm(formdata=None, submission=number)),
    )


def _is_meant() -> bool:
    """A person opened the page: a browser that fetches ahead, or asks for the headers alone, has read nothing."""
    headers = flask.request.headers
    return flask.request.method == "GET" and "prefetch" not in headers.get("Sec-Purpose", headers.get("Purpose", ""))


def draw_post(card, access, form) -> str:
    """The page of a post with its comment form, as it was typed."""
    actor = flask.g.actor
    return flask.render_template(
        "feed/post.html",
        card=rendering.draw(card, full=True, given=queries.count_reactions(actor, card) if card.is_staff else {}),
        post=card.post,
        access=access,
        remarks=[rendering.remark(each) for each in queries.list_remarks(actor, card)],
        comment_form=form,
        may_remove_all=access.is_staff,
        may_move=card.may_change and bool(actions.list_destinations(actor, access)),
        form=rendering.FORM,
        here=f"/publications/{card.post.public_id}",
    )


@bp.page("/publications/<post>/photos/<int:number>", access="signed_in")
def photo(post: str, number: int):
    """One photo, large, with the way to the one before and the one after."""
    card = queries.get_card(flask.g.actor, post)
    pictures = card.pictures
    if not 1 <= number <= len(pictures):
        raise NotFound()
    return flask.render_template(
        "feed/photo.html",
        post=card.post,
        number=number,
        total=len(pictures),
        picture=showing.picture(card, pictures[number - 1], number),
        here=f"/publications/{post}/photos/",
        may_download=plans.may_download(flask.g.actor, policy.get_access_by_id(flask.g.actor, card.post.classroom_id)),
    )


@bp.page("/publications/<post>/modifications", access="signed_in")
def changes(post: str):
    """What each correction changed, for all who may read the post."""
    card = queries.get_card(flask.g.actor, post)
    found = queries.list_changes(flask.g.actor, card)
    return flask.render_template("feed/changes.html", post=card.post, changes=found, is_staff=card.is_staff)


@bp.page("/publications/<post>/lecteurs", access="staff")
def readers(post: str):
    """Who has read and who has not, child by child and guardian by guardian; for the staff of the class alone."""
    card = queries.get_card(flask.g.actor, post)
    families = actions.consult_readers(flask.g.actor, card)
    return flask.render_template(
        "feed/readers.html",
        post=card.post,
        families=families,
        missing=_missing(families),
        reach=rendering.view(card).reach,
    )


def _missing(families) -> list[tuple]:
    """Each guardian who has not read, once, with the first names of their children here."""
    found: dict[str, tuple] = {}
    for family in families:
        for reader in family.readers:
            if reader.read_at is None:
                found.setdefault(reader.public_id, (reader, []))[1].append(family.first_name)
    return list(found.values())
