"""HTTP of roster_import: parse, call, render. An error of an import is told on its page, where the way on is."""

import flask

from appliance.core.errors import Conflict, Refused
from appliance.core.i18n import _, ngettext
from appliance.features.roster_import import actions, queries
from appliance.features.roster_import.forms import ConfirmForm, ImportForm
from appliance.services.roster import keeping, saying
from appliance.services.roster.difference import KINDS
from appliance.web.routing import Slice

bp = Slice("roster_import", __name__)


@bp.page("/import", access="manager", methods=("GET", "POST"))
def index():
    """Choose the school and its files; below, the imports made so far."""
    actor, schools = flask.g.actor, queries.list_schools(flask.g.actor)
    form = ImportForm()
    form.school.choices = [(school.public_id, _school_label(school)) for school in schools]
    limits = _limits()
    if flask.request.method == "POST":
        if form.submit(lambda: actions.upload(actor, form.school.data, form.files(limits.file_bytes), limits)):
            return flask.redirect(flask.url_for("roster_import.show", id=form.result.public_id), 303)
    else:
        form.school.data = schools[0].public_id if schools else None
    page = flask.render_template(
        "roster_import/index.html", form=form, schools=schools, imports=queries.list_imports(actor),
        max_bytes=limits.file_bytes,
    )  # fmt: skip
    return page, form.status


@bp.page("/import/<id>", access="manager")
def show(id: str):
    """The difference of an import that waits, or the result of one that is done."""
    actor = flask.g.actor
    row = queries.get_import(actor, id)
    shown = queries.read_difference(actor, row, _limits())
    if shown is not None:
        return flask.render_template("roster_import/difference.html", shown=shown, **_words())
    if row.applied_at is None:
        return flask.render_template("roster_import/expired.html")
    shown = queries.read_result(actor, row)
    mine = queries.list_managed(actor, row)
    teams = {access.classroom_name: access for access in mine}
    return flask.render_template(
        "roster_import/result.html", shown=shown, classes=mine, teams=teams, undoable=keeping.can_be_undone(row),
        uninvited=queries.list_uninvited(actor, row), awaited=queries.list_awaited(actor, row), **_words(),
    )  # fmt: skip


@bp.page("/import/<id>/doutes", access="manager", methods=("POST",))
def answer(id: str):
    """Keep the answers to the doubts, then show the difference that follows from them."""
    answers = {
        name.removeprefix("doute-"): text for name, text in flask.request.form.items() if name.startswith("doute-")
    }
    return _then_show(
        id, lambda: actions.answer_doubts(flask.g.actor, id, answers), _("Vos réponses sont prises en compte.")
    )


@bp.page("/import/<id>/appliquer", access="manager", methods=("POST",))
def apply(id: str):
    """Apply the difference that the page showed."""
    seen = flask.request.form.get("digest", "")
    return _then_show(
        id,
        lambda: actions.apply(flask.g.actor, id, seen, _limits()),
        _("L’import est appliqué. Il reste à remettre leurs lettres aux familles."),
    )


@bp.page("/import/<id>/enseignants", access="manager", methods=("POST",))
def print_teachers(id: str):
    """One PDF with a letter for each teacher who is still to be invited; nothing keeps a copy of it."""
    public_url = flask.current_app.config["PREAU"].server.public_url
    return _print(id, lambda: actions.print_teacher_letters(flask.g.actor, id, public_url), "courriers-enseignants")


@bp.page("/import/<id>/familles", access="manager", methods=("POST",))
def print_families(id: str):
    """One PDF with the letters of the whole school, sorted by class; nothing keeps a copy of it."""
    config, again = flask.current_app.config["PREAU"], "again" in flask.request.form
    return _print(
        id,
        lambda: actions.print_family_letters(
            flask.g.actor, id, again, config.server.public_url, config.limits.letters_at_once
        ),
        "courriers-familles",
    )


def _print(id: str, write, name: str):
    try:
        content = write()
    except Refused as error:
        flask.flash(error.message, "error")
        return flask.redirect(flask.url_for("roster_import.show", id=id), 303)
    answer = flask.Response(content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return answer


@bp.page("/import/<id>/annuler", access="manager", methods=("GET", "POST"))
def undo(id: str):
    """Say what undoing puts back and keeps, then do it."""
    actor, form = flask.g.actor, ConfirmForm()
    row = queries.get_import(actor, id)
    try:
        if form.submit(lambda: actions.undo_import(actor, id), keep=()):
            count = form.result.restored
            flask.flash(
                ngettext("%(num)s ligne est remise comme avant.", "%(num)s lignes sont remises comme avant.", count),
                "done",
            )
            return flask.redirect(flask.url_for("roster_import.show", id=id), 303)
        foreseen = actions.foresee_undo(actor, id)
    except (Conflict, Refused) as error:
        flask.flash(error.message, "error")
        return flask.redirect(flask.url_for("roster_import.show", id=id), 303)
    return flask.render_template("roster_import/undo.html", row=row, foreseen=foreseen, saying=saying)


@bp.page("/import/<id>/abandonner", access="manager", methods=("POST",))
def discard(id: str):
    """Delete the files that were given."""
    actions.discard(flask.g.actor, id)
    flask.flash(_("Les fichiers sont effacés. Rien n’a été modifié."), "done")
    return flask.redirect(flask.url_for("roster_import.index"), 303)


def _then_show(id: str, act, done: str):
    try:
        act()
        flask.flash(done, "done")
    except (Conflict, Refused) as error:
        flask.flash(error.message, "error")
    return flask.redirect(flask.url_for("roster_import.show", id=id), 303)


def _limits():
    return keeping.limits_of(flask.current_app.config["PREAU"].limits.roster_mb)


def _words() -> dict:
    return {"saying": saying, "kinds": KINDS, "most": queries.MOST}


def _school_label(school) -> str:
    return f"{school.name} · {school.city}" if school.city else school.name
