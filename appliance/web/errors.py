"""One place where errors become pages: what happened, whether anything was lost, what to do.

A domain error shows its own message. Anything else is logged under an incident number, without personal data, and the
page shows the number only.
"""

import logging
import secrets
import traceback

import flask
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from appliance.core.errors import DomainError, StorageFull, Unavailable
from appliance.core.i18n import _, lazy_
from appliance.storage import database

_log = logging.getLogger("preau.web")

_HTTP = {
    400: lazy_("La demande est incomplète ou abîmée. Rien n’a été modifié\u202f; revenez en arrière et recommencez."),
    404: lazy_("Cette page n’existe pas, ou vous n’y avez pas accès."),
    405: lazy_("Cette adresse ne s’ouvre pas de cette façon. Revenez à l’accueil."),
    411: lazy_("La taille de ce qui est envoyé doit être annoncée. Rien n’a été modifié."),
    413: lazy_(
        "L’envoi est trop lourd pour être reçu. Rien n’a été enregistré\u202f; envoyez moins de fichiers à la fois."
    ),
    415: lazy_("Ce format n’est pas reconnu. Rien n’a été modifié."),
    416: lazy_("Cette partie du fichier n’existe pas."),
    431: lazy_(
        "Votre navigateur envoie trop de cookies, ou une adresse trop longue. Rien n’a été modifié\u202f; "
        "effacez les cookies de ce site, puis recommencez."
    ),
    500: lazy_("Le serveur a rencontré un problème. Votre demande n’a pas été enregistrée\u202f; recommencez."),
}


def install(app: flask.Flask) -> None:
    """Answer every error of the application from here."""
    app.register_error_handler(DomainError, on_domain_error)
    app.register_error_handler(CSRFError, on_csrf_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, on_unexpected)


def say(status: int) -> str:
    """What an error means to the person who meets it."""
    return str(_HTTP.get(status, _HTTP[400]))


def page(status: int, message: object, incident: str = ""):
    """The error page or, for a fragment request, the message alone."""
    if flask.request.accept_mimetypes.best == "application/json":
        return flask.jsonify(error=str(message), incident=incident), status
    fragment = flask.request.headers.get("HX-Request") == "true"
    template = "errors/_message.html" if fragment else "errors/page.html"
    return flask.render_template(template, status=status, message=message, incident=incident), status


def on_domain_error(error: DomainError):
    """The rule's own message and status."""
    answer = flask.make_response(page(error.status, error.message))
    if isinstance(error, Unavailable | StorageFull):
        answer.headers["Retry-After"] = "5"
    return answer


def on_csrf_error(_error: CSRFError):
    """A form without its proof: perhaps an old tab; nothing was done."""
    return page(
        400,
        _(
            "Cette page était ouverte depuis trop longtemps, ou vous vous êtes connecté entre-temps. "
            "Rien n’a été modifié\u202f: revenez en arrière, rechargez la page et recommencez."
        ),
    )


def on_http_error(error: HTTPException):
    """Werkzeug's own refusals, in French; redirects pass."""
    if error.code is None or error.code < 400:
        return error
    answer = flask.make_response(page(error.code, say(error.code)))
    for name, value in error.get_headers(flask.request.environ):
        if name in ("Allow", "Content-Range"):
            answer.headers[name] = value
    return answer


def on_unexpected(error: Exception):
    """An incident: its number is on the page and in the log, with the place in the code and never the data."""
    incident = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-6:]))
    _log.error(
        "incident",
        extra={"incident": incident, "error": type(error).__name__, "where": where, "endpoint": flask.request.endpoint},
    )
    if flask.current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    if database.in_transaction():
        _log.error("an incident left a transaction open", extra={"incident": incident})
    known = database.explain(error)
    if known is not None:
        return on_domain_error(known)
    return page(500, say(500), incident)
