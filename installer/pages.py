"""The pages of the first set-up. Without the console's secret there is one page, which asks for it."""

import secrets
from urllib.parse import urlsplit

import flask

from appliance.core.errors import ConfigError, DomainError
from appliance.core.i18n import _
from appliance.crypto.errors import KeyFileError
from installer import answers as asking
from installer import rules, trials
from installer.answers import GROUPS
from installer.ceremony import read_shares
from installer.shell import HERE, PREFIX, SLUGS, give, site_address, the_wizard, token
from installer.wizard import Wizard


def home():
    """The root leads to the first page that still asks something."""
    wizard = the_wizard()
    if wizard.work is not None:
        return flask.redirect(f"{PREFIX}/avancement", 303)
    left = [group for group in GROUPS if group not in wizard.passed]
    return flask.redirect(f"{PREFIX}/{SLUGS[left[0]] if left else 'resume'}", 303)


def code():
    """The door."""
    wizard, error = the_wizard(), ""
    if wizard.door.knows(token()):
        return flask.redirect("/", 303)
    if flask.request.method == "POST":
        typed = flask.request.form.get("code", "")[:100]
        entered = wizard.door.open(typed)
        if entered:
            return give(entered, flask.redirect("/", 303))
        error = _("Ce n’est pas le code affiché sur la console. Après dix essais, un autre code y est affiché.")
        if wizard.door.waits():
            error = _("Trop d’essais. Attendez une demi-minute, puis tapez le nouveau code affiché sur la console.")
    fresh = token() or secrets.token_urlsafe(32)
    flask.g.token = fresh
    page = flask.render_template("wizard/code.html", error=error, is_used=wizard.door.is_used)
    return give(fresh, flask.make_response(page, 422 if error else 200))


def another_code():
    """Another secret on the console, for who has lost the first or comes with another browser."""
    the_wizard().door.ask_again()
    return flask.redirect(f"{PREFIX}/code", 303)


def group(slug: str):
    """The questions of one group: tried at once, asked again beside what was typed."""
    wizard = the_wizard()
    name = next((each for each in GROUPS if SLUGS[each] == slug), None)
    if name is None:
        flask.abort(404)
    if _is_working(wizard):
        return flask.redirect(f"{PREFIX}/avancement", 303)
    problems, warnings, typed = {}, [], wizard.answers
    if flask.request.method == "POST":
        typed = _read(name, wizard.answers)
        wrong = rules.check(typed, media=wizard.data / "blobs")
        problems = {each: text for each, text in wrong.items() if each in asking.group_of(name)}
        if not problems:
            found = trials.try_group(name, typed, wizard.data)
            problems = {each.name: each.text for each in found if each.grave}
            warnings = [] if flask.request.form.get("accept") else [each for each in found if not each.grave]
        if not problems and not warnings:
            wizard.answers = typed
            wizard.passed.add(name)
            return flask.redirect("/" if not wizard.is_asked else f"{PREFIX}/resume", 303)
    page = flask.render_template(
        "wizard/group.html", group=name, names=asking.group_of(name), spec=asking.spec, answers=typed,
        problems=problems, warnings=warnings, number=GROUPS.index(name) + 1,
        measured=trials.describe_ciphers(wizard.rates) if name == "data" else "",
    )  # fmt: skip
    return page, 422 if problems or warnings else 200


def _read(name: str, before: asking.Answers) -> asking.Answers:
    """The answers of a form; a password that is left empty is the one given before, unless it is to be forgotten."""
    form, typed = flask.request.form, {}
    for each in asking.group_of(name):
        value = form.get(each, getattr(before, each)).replace("\r\n", "\n")
        if each.endswith("_password") and not value and not form.get(f"forget_{each}"):
            value = getattr(before, each)
        typed[each] = value
    return asking.replace(before, typed)


def _is_working(wizard: Wizard) -> bool:
    return wizard.work is not None and wizard.work.state != "failed"


def summary():
    """All answers on one page, before anything is done."""
    wizard = the_wizard()
    if not wizard.is_asked or _is_working(wizard):
        return flask.redirect("/", 303)
    return flask.render_template(
        "wizard/summary.html", answers=wizard.answers, group_of=asking.group_of, spec=asking.spec, database=_database()
    )


def _database() -> str:
    url = the_wizard().answers.database_url
    if not url:
        return _("SQLite, sur cette machine")
    parts = urlsplit(url)
    return f"PostgreSQL, {parts.hostname}{parts.path}"


def key():
    """The ceremony: print the sheet, type some of it back."""
    wizard = the_wizard()
    if not wizard.is_asked or _is_working(wizard):
        return flask.redirect("/", 303)
    ceremony, problems, typed = wizard.begin_ceremony(), {}, []
    if flask.request.method == "POST":
        typed = [flask.request.form.get(f"groups{number}", "") for number in range(len(ceremony.texts))]
        found = {number: ceremony.check(number, text) for number, text in enumerate(typed)}
        problems = {number: text for number, text in found.items() if text}
        if not problems:
            wizard.begin_work()
            return flask.redirect(f"{PREFIX}/avancement", 303)
    return _show_key(ceremony, problems, typed)


def _show_key(ceremony, problems=None, typed=(), *, shares="", shares_error=""):
    page = flask.render_template(
        "wizard/key.html", ceremony=ceremony, problems=problems or {}, typed=typed, shares_error=shares_error,
        shares=shares or (f"{ceremony.need}/{ceremony.total}" if ceremony.total else ""),
    )  # fmt: skip
    return page, 422 if problems or shares_error else 200


def split():
    """Shares instead of one sheet, or one sheet again."""
    wizard = the_wizard()
    if not wizard.is_asked or _is_working(wizard):
        return flask.redirect("/", 303)
    ceremony, typed = wizard.begin_ceremony(), flask.request.form.get("shares", "")[:20]
    try:
        ceremony.split(*read_shares(typed))
    except ConfigError as error:
        return _show_key(ceremony, shares=typed, shares_error=str(error))
    return flask.redirect(f"{PREFIX}/cle", 303)


def sheet():
    """The PDF, shown by the browser so that it can be printed without being kept."""
    wizard = the_wizard()
    if not wizard.is_asked or _is_working(wizard):
        return flask.redirect("/", 303)
    answer = flask.Response(wizard.begin_ceremony().draw(), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = 'inline; filename="fiche-de-secours.pdf"'
    return answer


def progress():
    """The steps as they are done; the end leads to the list, a failure to the question that it is about."""
    wizard = the_wizard()
    if wizard.work is None:
        return flask.redirect("/", 303)
    if wizard.work.state == "done":
        return flask.redirect(f"{PREFIX}/fin", 303)
    part = "fragment" in flask.request.args
    return flask.render_template("wizard/_progress.html" if part else "wizard/progress.html", work=wizard.work)


def again():
    """After a failure, the same once more."""
    wizard = the_wizard()
    if wizard.work is not None:
        wizard.begin_work()
    return flask.redirect(f"{PREFIX}/avancement" if wizard.work else "/", 303)


def end():
    """The list, the codes, the way to the site."""
    wizard = the_wizard()
    if wizard.work is None or wizard.work.state != "done":
        return flask.redirect("/", 303)
    try:
        results = wizard.look()
    except (ConfigError, DomainError, KeyFileError, OSError) as error:
        flask.current_app.logger.error("check list: %s", type(error).__name__)
        results = []
    done = wizard.work.done
    todo = [done[name] for name in ("certificate", "web_server", "apache", "service") if done.get(name)]
    return flask.render_template(
        "wizard/end.html",
        results=results,
        todo=todo,
        done=done,
        answers=wizard.answers,
        site=site_address(),
    )


def finish():
    """Stop for ever; the site goes on."""
    wizard = the_wizard()
    if wizard.work is None or wizard.work.state != "done":
        return flask.redirect("/", 303)
    wizard.finish()
    return flask.render_template("wizard/closed.html", site=site_address())


def script():
    """The small module that looks how far the work is."""
    answer = flask.Response((HERE / "static/progress.js").read_bytes(), mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


_READ, _BOTH, _SEND = ("GET",), ("GET", "POST"), ("POST",)
ROUTES = (
    ("/", "home", home, _READ),
    ("/code", "code", code, _BOTH),
    ("/code/autre", "another_code", another_code, _SEND),
    ("/resume", "summary", summary, _READ),
    ("/cle", "key", key, _BOTH),
    ("/cle/parts", "split", split, _SEND),
    ("/cle/fiche.pdf", "sheet", sheet, _READ),
    ("/avancement", "progress", progress, _READ),
    ("/avancement/reprendre", "again", again, _SEND),
    ("/fin", "end", end, _READ),
    ("/terminer", "finish", finish, _SEND),
    ("/progress.js", "script", script, _READ),
    ("/<slug>", "group", group, _BOTH),
)
