"""Pages that write: the composer, corrections, and what the staff decides about a post."""

from dataclasses import replace

import flask

from appliance.core import clock
from appliance.core.errors import Conflict, Refused
from appliance.core.i18n import _
from appliance.features.feed import actions, queries, rendering, showing
from appliance.features.feed.forms import PostForm
from appliance.features.feed.routes.common import bp, go_back, limits, url_of
from appliance.school import policy
from appliance.services import plans
from appliance.services.media import rights
from appliance.services.media import uploads as sending
from appliance.web import headers, uploads
from appliance.web.forms import Form


@bp.page("/classes/<classroom>/publications/nouvelle", access="staff", methods=("GET", "POST"))
def compose(classroom: str):
    """Write a post for a class: publish it, keep it, or schedule it."""
    access = policy.get_access(flask.g.actor, classroom)
    policy.require(access.can_publish)
    form = PostForm()
    if form.submit(lambda: _create(access, form)):
        return _done(access, form.result)
    return _draw_composer(access, form)


def _create(access, form: PostForm):
    options = {
        "files": form.chosen_files(),
        "uploads": form.uploads.data or (),
        "submission": form.submission.data,
        "limits": limits(),
    }
    act, content = _act(form, "publish"), _content(form)
    if act == "schedule":
        return actions.schedule(flask.g.actor, access.classroom_public_id, content, form.publish_at(), **options)
    write = actions.save_draft if act in ("draft", "who") else actions.publish
    return write(flask.g.actor, access.classroom_public_id, content, **options)


def _act(form: PostForm, usual: str) -> str:
    """Which button was pressed; Refused for the one that publishes at once while an hour to come stands beside it."""
    act = flask.request.form.get("act", usual)
    typed = form.publish_on.data is not None and form.publish_time.data is not None
    if act == "publish" and typed and form.publish_at() > clock.now():
        raise Refused(
            _(
                "Vous avez choisi une date. Appuyez sur «\u202fProgrammer\u202f», "
                "ou effacez la date pour publier tout de suite."
            ),
            field="publish_on",
        )
    return act


def _content(form: PostForm):
    """What was typed, with who is seen on which file: a field `tags-<media>` each."""
    values = flask.request.form
    tags = {name[5:]: tuple(values.getlist(name)) for name in values if name.startswith("tags-")}
    return replace(form.content(), tags=tags)


def _done(access, post):
    act = flask.request.form.get("act", "publish")
    if post.status == "draft" and act in ("publish", "schedule", "who"):
        return _ask_who(post, held=act in ("publish", "schedule"))
    if post.status == "published" and act == "keep" and queries.count_masked(post.id):
        return _ask_who(post, held=True)
    words = {
        "published": _("Votre publication est en ligne."),
        "scheduled": _("Votre publication est programmée."),
        "draft": _("Votre brouillon est gardé. Seule l’équipe de la classe le voit."),
    }
    flask.flash(_("C’est enregistré.") if act == "keep" else words[post.status], "done")
    here = f"/classes/{access.classroom_public_id}"
    if post.status != "published":
        here += "/publications/brouillons"
    return flask.redirect(f"{here}#publication-{post.public_id}", 303)


def _ask_who(post, *, held: bool):
    """To the page that asks who is seen on the photos: because it was asked for, or because nobody has chosen."""
    if held:
        flask.flash(
            _("Les familles ne voient pas encore ces photos. Choisissez d’abord ce qu’il faut en faire.")
            if post.status == "published"
            else _("Rien n’est encore publié. Choisissez d’abord ce qu’il faut faire de ces photos."),
            "warning",
        )
    else:
        flask.flash(_("Votre brouillon est gardé. Seule l’équipe de la classe le voit."), "done")
    return flask.redirect(f"{url_of(post.public_id)}/qui-voit-on", 303)


def _draw_composer(access, form: PostForm, card=None, status: int = 422, now=None):
    students = queries.list_students(access)
    page = flask.make_response(
        flask.render_template(
            "feed/composer.html",
            access=access,
            form=form,
            groups=queries.list_groups(access),
            students=students,
            without_rights=[each for each in students if each.photo_rights != rights.GIVEN],
            post=None if card is None else card.post,
            kept=[] if card is None else showing.kept(card),
            limits=limits(),
            plan=plans.plan_of(access.classroom_id, flask.g.actor),
            most_bytes=sending.most_bytes(),
            now=now,
            lost_files=bool(form.errors or form.form_errors) and bool(form.chosen_files()),
            uploads=uploads.list_shown(flask.g.actor, form.uploads.data),
        )
    )
    page.headers["Permissions-Policy"] = headers.with_microphone()
    return page, status if flask.request.method == "POST" else 200


@bp.page("/publications/<post>/modifier", access="staff", methods=("GET", "POST"))
def edit(post: str):
    """Correct a post; readers of a published one see what changed."""
    card, access = actions.get_writable(flask.g.actor, post)
    form = PostForm()
    try:
        if form.submit(lambda: _correct(post, form)):
            return _done(access, form.result)
    except Conflict as error:
        form.refuse(error)
        card, access = actions.get_writable(flask.g.actor, post)
        form.version.data = form.version.raw_data = str(card.post.version)
        return _draw_composer(access, form, card, error.status, rendering.view(card))
    if flask.request.method != "POST":
        _fill(form, card, access)
    return _draw_composer(access, form, card)


def _correct(post: str, form: PostForm):
    act = _act(form, "keep")
    return actions.edit(
        flask.g.actor,
        post,
        _content(form),
        version=form.number(),
        act="draft" if act == "who" else act,
        publish_at=form.publish_at() if act == "schedule" else None,
        files=form.chosen_files(),
        uploads=form.uploads.data or (),
        removed=flask.request.form.getlist("removed"),
        limits=limits(),
    )


def _fill(form: PostForm, card, access) -> None:
    post = card.post
    form.text.data = queries.text_of(card)
    form.audience.data = post.audience
    chosen = queries.list_targets(card)
    form.groups.data = [each.public_id for each in queries.list_groups(access) if each.id in chosen.groups]
    form.students.data = [each.public_id for each in queries.list_students(access) if each.id in chosen.students]
    form.comments_closed.data, form.reactions_closed.data = not post.comments_open, not post.reactions_open
    form.version.data = str(post.version)
    if post.publish_at is not None:
        local = clock.local(post.publish_at)
        form.publish_on.data, form.publish_time.data = local.date(), local.time()


class Confirmation(Form):
    """A page that says what will happen, and one button."""


@bp.page("/publications/<post>/retirer", access="staff", methods=("GET", "POST"))
def withdraw(post: str):
    """Hide a post from the families, after saying what that does."""
    card, access = actions.get_writable(flask.g.actor, post)
    form = Confirmation()
    if form.submit(lambda: actions.withdraw(flask.g.actor, post)):
        flask.flash(_("La publication est retirée\u202f: les familles ne la voient plus."), "done")
        return flask.redirect(f"/classes/{access.classroom_public_id}", 303)
    return _draw_confirmation("feed/withdraw.html", form, card)


@bp.page("/publications/<post>/effacer", access="staff", methods=("GET", "POST"))
def delete(post: str):
    """Erase a draft for good, after saying what is lost."""
    card, access = actions.get_writable(flask.g.actor, post)
    form = Confirmation()
    if form.submit(lambda: actions.delete_draft(flask.g.actor, post)):
        flask.flash(_("Le brouillon est effacé."), "done")
        return flask.redirect(f"/classes/{access.classroom_public_id}/publications/brouillons", 303)
    return _draw_confirmation("feed/delete.html", form, card)


def _draw_confirmation(template: str, form, card):
    status = 422 if flask.request.method == "POST" else 200
    return flask.render_template(template, form=form, post=card.post, card=rendering.view(card)), status


@bp.page("/publications/<post>/remettre", access="staff", methods=("POST",))
def restore(post: str):
    """Show a withdrawn post again."""
    actions.restore(flask.g.actor, post)
    flask.flash(_("La publication est de nouveau en ligne."), "done")
    return go_back(url_of(post), f"publication-{post}")


@bp.page("/publications/<post>/epingle", access="staff", methods=("POST",))
def pin(post: str):
    """Pin a post, or unpin it."""
    act = actions.unpin if flask.request.form.get("pinned") == "0" else actions.pin
    act(flask.g.actor, post)
    return go_back(url_of(post), f"publication-{post}")


@bp.page("/publications/<post>/reponses", access="staff", methods=("POST",))
def answers(post: str):
    """Open or close comments and reactions."""
    chosen = {"0": False, "1": True}
    values = flask.request.form
    actions.set_answers(
        flask.g.actor,
        post,
        comments_open=chosen.get(values.get("comments", "")),
        reactions_open=chosen.get(values.get("reactions", "")),
    )
    return go_back(url_of(post), f"publication-{post}")
