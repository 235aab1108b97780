"""What readers send back: that they have read, a reaction, a comment."""

import flask

from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.features.feed import actions, queries
from appliance.features.feed.forms import CommentForm
from appliance.features.feed.routes.common import bp, go_back, limits, url_of
from appliance.features.feed.routes.posts import Confirmation
from appliance.features.feed.routes.reading import draw_post
from appliance.school import policy
from appliance.web.forms import many_lines


@bp.page("/publications/<post>/lu", access="signed_in", methods=("POST",))
def mark_read(post: str):
    """“J’ai lu”, from the card."""
    actions.mark_read(flask.g.actor, post)
    # Where a post leaves the list once it is read, the reader goes on with the rest of that list.
    rest = flask.request.form.get("reste", "") == "lecture"
    return go_back(url_of(post), "lecture" if rest else f"publication-{post}")


@bp.page("/publications/<post>/reaction", access="signed_in", methods=("POST",))
def react(post: str):
    """Give a reaction; the one that was given already, or none, takes it back."""
    kind = flask.request.form.get("kind", "")
    if kind:
        actions.react(flask.g.actor, post, kind)
    else:
        actions.unreact(flask.g.actor, post)
    return go_back(url_of(post), f"publication-{post}")


@bp.page("/publications/<post>/commentaires", access="signed_in", methods=("POST",))
def comment(post: str):
    """Write under a post; what was typed stays when it is refused."""
    actor, typed = flask.g.actor, flask.request.form
    try:  # the form is built only to be shown again: its forgery proof was checked before the route
        written = actions.comment(
            actor, post, many_lines(typed.get("text")), submission=typed.get("submission"), limits=limits()
        )
    except Refused as error:
        form = CommentForm()
        form.refuse(error)
        card = queries.get_card(actor, post)
        return draw_post(card, policy.get_access_by_id(actor, card.post.classroom_id), form), 422
    return flask.Response(status=303, headers={"Location": f"{url_of(post)}#commentaire-{written.public_id}"})


@bp.page("/commentaires/<comment>/effacer", access="signed_in", methods=("GET", "POST"))
def remove_comment(comment: str):
    """Erase a comment, after saying what is lost."""
    found = queries.find_comment(flask.g.actor, comment)
    if found is None:
        raise NotFound()
    card = queries.get_card(flask.g.actor, found.post_public_id)
    form = Confirmation()
    if form.submit(lambda: actions.remove_comment(flask.g.actor, comment)):
        flask.flash(_("Le commentaire est effacé."), "done")
        return flask.redirect(f"{url_of(found.post_public_id)}#commentaires", 303)
    is_own = found.author_id == flask.g.actor.account_id
    policy.require(is_own or card.is_staff)
    status = 422 if flask.request.method == "POST" else 200
    return flask.render_template("feed/remove_comment.html", form=form, post=card.post, is_own=is_own), status
