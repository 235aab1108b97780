"""The pages of the first set-up. Without the console's secret there is one page, which asks for it."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import flask
import jinja2
from werkzeug.exceptions import HTTPException

from appliance.core import i18n
from appliance.core.errors import ConfigError, DomainError
from appliance.core.i18n import _
from appliance.crypto.errors import KeyFileError
from appliance.web import assets, headers
from installer import answers as asking
from installer import trials, words
from installer.answers import GROUPS
from installer.ceremony import read_shares
from installer.wizard import Wizard

HERE = Path(__file__).parent
PREFIX = "/installation"
COOKIE = "preau_setup"
SLUGS = {"place": "etablissement", "network": "adresse", "data": "donnees", "mail": "courrier"}
OPEN = ("static", "script", "code", "another_code")
REQUIRED = ("responsible_body", "schools", "admin_email", "public_url", "backup_to", "mail_port")


def create_app(wizard: Wizard) -> flask.Flask:
    """The application of one set-up."""
    app = flask.Flask("installer", template_folder=None, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64_000
    app.extensions["wizard"] = wizard
    app.jinja_loader = jinja2.FileSystemLoader([HERE / "templates", HERE.parent / "appliance/web/templates"])
    env = app.jinja_env
    env.add_extension("jinja2.ext.i18n")
    env.add_extension("jinja2.ext.do")
    env.install_gettext_callables(i18n._, lambda one, more, n: i18n.ngettext(one, more, n), newstyle=False)
    env.trim_blocks = env.lstrip_blocks = True
    env.globals.update(_=i18n._, ngettext=i18n.ngettext, static=assets.address, csrf_token=_proof, words=words)
    env.globals.update(slugs=SLUGS, groups=GROUPS, required=REQUIRED, wizard=wizard)
    app.context_processor(lambda: {"lang": i18n.current(), "dir": i18n.direction()})
    app.before_request(_guard)
    app.register_error_handler(HTTPException, _refuse)
    app.add_url_rule("/static/<path:path>", "static", assets.static)
    for rule, endpoint, view, methods in ROUTES:
        app.add_url_rule(PREFIX + rule if endpoint != "home" else rule, endpoint, view, methods=methods)
    app.wsgi_app = headers.Always(app.wsgi_app, False)  # no promise of HTTPS with a certificate that is provisional
    return app


def _wizard() -> Wizard:
    return flask.current_app.extensions["wizard"]


def _token() -> str:
    return flask.g.get("token") or flask.request.cookies.get(COOKIE, "")


def _proof() -> str:
    return _wizard().door.proof(_token())


def _guard():
    """Who is not let in sees the door; a form must come from a page that this browser was given."""
    request, wizard = flask.request, _wizard()
    i18n.activate(request.accept_languages.best_match(i18n.languages(), i18n.SOURCE))
    if request.endpoint in ("static", "script"):
        return None
    if wizard.is_over or wizard.is_elsewhere:
        return flask.render_template("wizard/closed.html", site=_site()), 410
    if request.method == "POST" and not wizard.door.is_proof(_token(), request.form.get("csrf_token", "")):
        flask.abort(400)
    if request.endpoint not in OPEN and not wizard.door.knows(_token()):
        return flask.redirect(f"{PREFIX}/code", 303)
    return None


def _refuse(error: HTTPException):
    texts = {
        400: _("Cette page a vieilli. Revenez à la précédente et recommencez\u202f: rien n’a été modifié."),
        404: _("Cette page n’existe pas."),
        413: _("C’est trop long. Rien n’a été modifié."),
    }
    text = texts.get(error.code, _("Cette demande n’a pas pu aboutir. Rien n’a été modifié."))
    return flask.render_template("wizard/error.html", text=text), error.code


def _give(token: str, response):
    flask.g.token = token
    response.set_cookie(
        COOKIE, token, path="/", httponly=True, samesite="Strict", secure=flask.request.is_secure, max_age=None
    )
    return response


def home():
    """The root leads to the first page that still asks something."""
    wizard = _wizard()
    if wizard.work is not None:
        return flask.redirect(f"{PREFIX}/avancement", 303)
    left = [group for group in GROUPS if group not in wizard.passed]
    return flask.redirect(f"{PREFIX}/{SLUGS[left[0]] if left else 'resume'}", 303)


def code():
    """The door."""
    wizard, error = _wizard(), ""
    if wizard.door.knows(_token()):
        return flask.redirect("/", 303)
    if flask.request.method == "POST":
        typed = flask.request.form.get("code", "")[:100]
        token = wizard.door.open(typed)
        if token:
            return _give(token, flask.redirect("/", 303))
        error = _("Ce n’est pas le code affiché sur la console. Après dix essais, un autre code y est affiché.")
        if wizard.door.waits():
            error = _("Trop d’essais. Attendez une demi-minute, puis tapez le nouveau code affiché sur la console.")
    fresh = _token() or secrets.token_urlsafe(32)
    flask.g.token = fresh
    page = flask.render_template("wizard/code.html", error=error, is_used=wizard.door.is_used)
    return _give(fresh, flask.make_response(page, 422 if error else 200))


def another_code():
    """Another secret on the console, for who has lost the first or comes with another browser."""
    _wizard().door.ask_again()
    return flask.redirect(f"{PREFIX}/code", 303)


def group(slug: str):
    """The questions of one group: tried at once, asked again beside what was typed."""
    wizard = _wizard()
    name = next((each for each in GROUPS if SLUGS[each] == slug), None)
    if name is None:
        flask.abort(404)
    if _is_working(wizard):
        return flask.redirect(f"{PREFIX}/avancement", 303)
    problems, warnings, typed = {}, [], wizard.answers
    if flask.request.method == "POST":
        typed = _read(name, wizard.answers)
        problems = {each: text for each, text in asking.check(typed).items() if each in asking.group_of(name)}
        if not problems:
            found = trials.try_group(name, typed)
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
    wizard = _wizard()
    if not wizard.is_asked or _is_working(wizard):
        return flask.redirect("/", 303)
    return flask.render_template(
        "wizard/summary.html", answers=wizard.answers, group_of=asking.group_of, spec=asking.spec, database=_database()
    )


def _database() -> str:
    url = _wizard().answers.database_url
    if not url:
        return _("SQLite, sur cette machine")
    parts = urlsplit(url)
    return f"PostgreSQL, {parts.hostname}{parts.path}"


def key():
    """The ceremony: print the sheet, type some of it back."""
    wizard = _wizard()
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
    wizard = _wizard()
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
    wizard = _wizard()
    if not wizard.is_asked or _is_working(wizard):
        return flask.redirect("/", 303)
    answer = flask.Response(wizard.begin_ceremony().draw(), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = 'inline; filename="fiche-de-secours.pdf"'
    return answer


def progress():
    """The steps as they are done; the end leads to the list, a failure to the question that it is about."""
    wizard = _wizard()
    if wizard.work is None:
        return flask.redirect("/", 303)
    if wizard.work.state == "done":
        return flask.redirect(f"{PREFIX}/fin", 303)
    part = "fragment" in flask.request.args
    return flask.render_template("wizard/_progress.html" if part else "wizard/progress.html", work=wizard.work)


def again():
    """After a failure, the same once more."""
    wizard = _wizard()
    if wizard.work is not None:
        wizard.begin_work()
    return flask.redirect(f"{PREFIX}/avancement" if wizard.work else "/", 303)


def end():
    """The list, the codes, the way to the site."""
    wizard = _wizard()
    if wizard.work is None or wizard.work.state != "done":
        return flask.redirect("/", 303)
    try:
        results = wizard.look()
    except (ConfigError, DomainError, KeyFileError, OSError) as error:
        flask.current_app.logger.error("check list: %s", type(error).__name__)
        results = []
    todo = [wizard.work.done[name] for name in ("web_server", "apache", "service") if wizard.work.done.get(name)]
    return flask.render_template(
        "wizard/end.html", results=results, todo=todo, done=wizard.work.done, answers=wizard.answers, site=_site()
    )


def finish():
    """Stop for ever; the site goes on."""
    wizard = _wizard()
    if wizard.work is None or wizard.work.state != "done":
        return flask.redirect("/", 303)
    wizard.finish()
    return flask.render_template("wizard/closed.html", site=_site())


def _site() -> str:
    wizard = _wizard()
    return "" if wizard.is_elsewhere else wizard.answers.public_url


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
