"""The Flask application without any feature: one request is connection, person, access, route, headers."""

import logging
import re
import secrets
import time

import flask
from werkzeug import formparser
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import Map

from appliance import __version__
from appliance.core import i18n
from appliance.core.errors import Unavailable
from appliance.services import audit
from appliance.storage import database, migrate
from appliance.web import (
    assets,
    caching,
    downloads,
    errors,
    forms,
    headers,
    health,
    nav,
    routing,
    sessions,
    templating,
    uploads,
)

formparser.RequestEntityTooLarge = RequestEntityTooLarge  # Debian 12's raises it and forgot to import it
_log = logging.getLogger("preau.request")
_FORM = "application/x-www-form-urlencoded"
_FORM_BYTES = 1_000_000  # of a form without files; reading one takes eighty times its size


class Request(flask.Request):
    """A request whose texts are small: what is larger is a file."""

    max_form_memory_size = 4_000_000  # named here, because Flask reads it from its settings since 3.1 only
    max_form_parts = 1_000


class Addresses(Map):
    """Addresses as they are written: one with slashes too many would be redirected to any host that a request names."""

    def __init__(self, *rules, **options):
        super().__init__(*rules, merge_slashes=False, **options)


class Shell(flask.Flask):
    """A Flask application without asynchronous views."""

    request_class = Request
    url_map_class = Addresses

    def ensure_sync(self, func):
        """The function itself: Flask would look at each function of each request whether it is asynchronous."""
        return func


def create_shell(config, secret: bytes) -> flask.Flask:
    """An application with sessions, forgery protection, headers, errors and templates, ready for features."""
    app = Shell("appliance.web", static_folder=None, template_folder="templates")
    app.config.update(
        PREAU=config,
        SECRET_KEY=secret,
        MAX_CONTENT_LENGTH=config.limits.request_mb * 1_000_000,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.json.ensure_ascii = False
    sessions.install(app, config, secret)
    errors.install(app)
    templating.install(app)
    caching.configure(config.cache.pages_mb)
    health.install(app)
    assets.install(app, guide=config.demo)
    downloads.install(app)
    uploads.install(app)
    app.wsgi_app = headers.Always(app.wsgi_app, config.secure)
    app.before_request(_begin)
    forms.csrf.init_app(app)  # after _begin: its refusal too is in the reader's language, and is timed
    app.after_request(_finish)
    app.teardown_request(_end)
    return app


def register(app: flask.Flask, feature) -> None:
    """Plug a feature in: its routes and its menu."""
    if feature.blueprint is not None:
        app.register_blueprint(feature.blueprint)
    nav.register(feature)


def _begin():
    request, g = flask.request._get_current_object(), flask.g._get_current_object()  # proxies cost at each use
    g.started, g.request_id, g.actor = time.perf_counter(), secrets.token_hex(8), None
    i18n.activate(flask.current_app.config["PREAU"].school.language)  # not that of whom this thread answered before
    if request.endpoint in ("static", "worker"):
        return None
    agent = sessions.agent_family(request.user_agent.string)
    audit.set_source(audit.Source(g.request_id, audit.truncate_address(request.remote_addr or ""), agent))
    if (request.content_length or 0) > _FORM_BYTES and request.mimetype == _FORM:
        i18n.activate(_language(None))
        raise RequestEntityTooLarge()
    if "HTTP_PREAU_BUSY" in request.environ:
        return _answer_busy(request)
    database.connect()
    g.actor = sessions.find_actor()
    i18n.activate(_language(g.actor))
    return routing.check(request.endpoint, g.actor)


def _answer_busy(request):
    """Come back later, with what was typed where the route knows how; no upload is read, no password hashed."""
    i18n.activate(_language(None))
    answer = routing.BUSY.get(request.endpoint or "")
    if answer is None or request.method != "POST" or request.mimetype != _FORM:
        raise Unavailable()
    return answer()


def _language(actor) -> str:
    request = flask.request
    if actor is not None:
        return actor.language
    chosen = request.cookies.get("language", "")
    if chosen in i18n.languages():
        return chosen
    return request.accept_languages.best_match(i18n.languages(), flask.current_app.config["PREAU"].school.language)


def _finish(response):
    endpoint = flask.request.endpoint
    health.count(endpoint, response.status_code, time.perf_counter() - flask.g.get("started", 0))
    if _log.isEnabledFor(logging.INFO):
        # the rule, not the address: an address can hold a code or an id
        rule = flask.request.url_rule.rule if flask.request.url_rule else "-"
        _log.info(
            "request",
            extra={
                "request_id": flask.g.get("request_id", ""),
                "method": _method(),
                "rule": rule,
                "status": response.status_code,
            },
        )
    return response


def _method() -> str:
    method = flask.request.method
    return method if re.fullmatch(r"[A-Z]{3,7}", method) else "-"


def _end(_error) -> None:
    database.release()


__all__ = ["create_shell", "register", "__version__", "migrate"]
