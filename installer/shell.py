"""Around the pages of the first set-up: who may come in, which forms count, what every answer says to the browser."""

from pathlib import Path

import flask
import jinja2
from werkzeug.exceptions import HTTPException

from appliance.core import i18n
from appliance.core.i18n import _
from appliance.web import assets, headers
from installer import words
from installer.answers import GROUPS
from installer.wizard import Wizard

HERE = Path(__file__).parent
PREFIX = "/installation"
COOKIE = "preau_setup"
SLUGS = {"place": "etablissement", "network": "adresse", "data": "donnees", "mail": "courrier"}
OPEN = ("static", "script", "code", "another_code")
REQUIRED = ("responsible_body", "schools", "admin_email", "public_url", "processes", "backup_to", "mail_port")


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
    from installer.pages import ROUTES

    for rule, endpoint, view, methods in ROUTES:
        app.add_url_rule(PREFIX + rule if endpoint != "home" else rule, endpoint, view, methods=methods)
    app.wsgi_app = headers.Always(app.wsgi_app, False)  # no promise of HTTPS with a certificate that is provisional
    return app


def the_wizard() -> Wizard:
    """The set-up that this application serves."""
    return flask.current_app.extensions["wizard"]


def token() -> str:
    """What tells this browser from another; nothing at its first visit."""
    return flask.g.get("token") or flask.request.cookies.get(COOKIE, "")


def _proof() -> str:
    return the_wizard().door.proof(token())


def _guard():
    """Who is not let in sees the door; a form must come from a page that this browser was given."""
    request, wizard = flask.request, the_wizard()
    i18n.activate(request.accept_languages.best_match(i18n.languages(), i18n.SOURCE))
    if request.endpoint in ("static", "script"):
        return None
    if wizard.is_over or wizard.is_elsewhere:
        return flask.render_template("wizard/closed.html", site=site_address()), 410
    if request.method == "POST" and not wizard.door.is_proof(token(), request.form.get("csrf_token", "")):
        flask.abort(400)
    if request.endpoint not in OPEN and not wizard.door.knows(token()):
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


def give(given: str, response):
    """The answer with this browser's token in a cookie that no script reads and no other site sends."""
    flask.g.token = given
    response.set_cookie(
        COOKIE, given, path="/", httponly=True, samesite="Strict", secure=flask.request.is_secure, max_age=None
    )
    return response


def site_address() -> str:
    """The address of the site, unless somebody else has given it one."""
    wizard = the_wizard()
    return "" if wizard.is_elsewhere else wizard.answers.public_url
