"""Pages about who is seen on the photos of a post, and the choice that a child without image rights asks for."""

import flask

from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.features.feed import actions, queries, showing
from appliance.features.feed.routes.common import bp, url_of
from appliance.web.forms import Form


class SeenForm(Form):
    """Boxes and choices named after each photo; they are read as they come, the action knows which exist."""


@bp.page("/publications/<post>/qui-voit-on", access="staff", methods=("GET", "POST"))
def seen(post: str):
    """Say who is seen on each photo of a post, and decide about children without image rights."""
    card, access = actions.get_writable(flask.g.actor, post)
    form = SeenForm()
    if form.submit(lambda: _write(post, card, access)):
        return _after(post, access)
    return _draw(form, card, access), 422 if flask.request.method == "POST" else 200


def _write(post: str, card, access) -> None:
    values, actor = flask.request.form, flask.g.actor
    listed = values.getlist("listed")
    if listed:
        actions.tag(actor, post, {media: tuple(values.getlist(f"tags-{media}")) for media in listed})
        return
    asked = [
        (each.file.public_id, child.public_id) for each in queries.list_seen(card, access) for child in each.pending
    ]
    choices = {pair: values.get(f"choice-{pair[0]}-{pair[1]}", "") for pair in asked}
    if not all(choices.values()):
        raise Refused(_("Choisissez ce qu’il faut faire pour chaque photo. Rien n’a été modifié."))
    actions.decide(actor, post, choices)


def _after(post: str, access):
    card = queries.get_card(flask.g.actor, post)
    if any(each.masked for each in card.files):
        return flask.redirect(f"{url_of(post)}/qui-voit-on", 303)
    if flask.request.form.get("act") == "release" and card.post.status == "draft":
        status = actions.release(flask.g.actor, post).status
        words = {
            "published": _("Votre publication est en ligne."),
            "scheduled": _("Votre publication est programmée."),
        }
        flask.flash(words.get(status) or _("C’est enregistré."), "done")
        shelf = "" if status == "published" else "/publications/brouillons"
        return flask.redirect(f"/classes/{access.classroom_public_id}{shelf}#publication-{post}", 303)
    flask.flash(_("C’est enregistré."), "done")
    return flask.redirect(url_of(post) if card.post.status == "published" else f"{url_of(post)}/qui-voit-on", 303)


def _draw(form, card, access) -> str:
    return flask.render_template(
        "feed/seen.html",
        form=form,
        post=card.post,
        access=access,
        seen=[
            (each, showing.thumb(each.file), number) for number, each in enumerate(queries.list_seen(card, access), 1)
        ],
        choices=flask.request.form,
    )


@bp.page("/publications/<post>/flouter", access="staff", methods=("POST",))
def blur(post: str):
    """Put a photo whose faces were blurred on the device in the place of the clear one."""
    values = flask.request.form
    actions.replace_blurred(flask.g.actor, post, values.get("media", ""), values.get("upload", ""))
    flask.flash(_("La photo floutée remplace l’autre, qui est effacée."), "done")
    return flask.redirect(f"{url_of(post)}/qui-voit-on", 303)
