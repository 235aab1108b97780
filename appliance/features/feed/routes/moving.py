"""The page that gives a post to another class, after saying exactly what is erased."""

import flask
from wtforms import HiddenField

from appliance.core.errors import Conflict, Refused
from appliance.core.i18n import _, lazy_
from appliance.features.feed import actions
from appliance.features.feed.routes.common import bp
from appliance.web.forms import Choice, Form


class MoveForm(Form):
    """Which class, and what the page said would be erased."""

    classroom = Choice(lazy_("Vers quelle classe"))
    erased = HiddenField()

    def answers(self) -> actions.Answers:
        """What the page said; nothing that was ever counted when it was tampered with."""
        words = (self.erased.data or "").split("-")
        known = len(words) == 3 and all(word.isascii() and word.isdigit() and len(word) < 9 for word in words)
        return actions.Answers(*map(int, words)) if known else actions.Answers(-1, -1, -1)


@bp.page("/publications/<post>/deplacer", access="staff", methods=("GET", "POST"))
def move(post: str):
    """Give a post to another class of the person's; what the families answered is erased."""
    card, access = actions.get_writable(flask.g.actor, post)
    destinations, form = actions.list_destinations(flask.g.actor, access), MoveForm()
    form.classroom.choices = [
        (each.classroom_public_id, f"{each.classroom_name} ({each.school_name})") for each in destinations
    ]
    act = flask.g.actor, post
    if form.submit(
        lambda: actions.move_post(*act, form.classroom.data, erased=form.answers()),
        keep=(Refused, Conflict),
    ):
        flask.flash(_("La publication est déplacée."), "done")
        return flask.redirect(f"/classes/{form.result}#publication-{post}", 303)
    answers = actions.count_answers(card.post.id)
    form.erased.data = form.erased.raw_data = "-".join(map(str, answers))
    page = flask.render_template(
        "feed/move.html", form=form, post=card.post, access=access, answers=answers, destinations=destinations
    )
    return page, form.status if form.is_submitted() else 200
