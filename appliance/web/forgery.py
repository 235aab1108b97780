"""Forgery protection: Flask-WTF decides when a proof is wanted and where it is read; the proof is the session's own.

It is the HMAC of the session's cookie under the server's secret: it lives as long as the cookie, opens nothing but
this session, and is checked by one comparison. Flask-WTF's own is a value of the session wrapped in a dated signature,
for sessions that the browser itself keeps; nothing is gained by it here (ADR 0016).
"""

import hmac

import flask
from flask_wtf.csrf import CSRFProtect
from wtforms.csrf.core import CSRF
from wtforms.validators import ValidationError

FIELD = "csrf_token"


def show() -> str:
    """This session's proof, for a page that holds a form; its cookie will be sent with that page."""
    flask.g.csrf_token = proof = flask.session.proof
    return proof


def is_good(given: str | None) -> bool:
    """Whether this is the proof of the session that the request came with."""
    return hmac.compare_digest((given or "").encode("utf-8", "replace"), flask.session.proof.encode())


class Protection(CSRFProtect):
    """Every POST, PUT, PATCH and DELETE carries the proof, or raises CSRFError; over HTTPS it comes from our pages."""

    def init_app(self, app: flask.Flask) -> None:
        """The usual protection; templates show our proof."""
        super().init_app(app)
        app.context_processor(lambda: {FIELD: show})  # after Flask-WTF's, whose place it takes

    def protect(self, apply_exemptions: bool = False) -> None:
        """Refuse a request that may change something and doesn't prove that a page of ours sent it."""
        request = flask.request._get_current_object()  # proxies cost at each use
        if request.method not in ("POST", "PUT", "PATCH", "DELETE"):
            return
        if apply_exemptions and (not request.endpoint or self._is_exempt()):
            return
        if not is_good(self._get_csrf_token()):
            self._error_response("the proof is missing or another session's")
        if request.is_secure and not (request.referrer or "").startswith(f"https://{request.host}/"):
            self._error_response("the request was sent by another site")
        flask.g.csrf_valid = True

    def _get_csrf_token(self) -> str | None:
        form = flask.request.form
        if None in form or None in flask.request.files:
            flask.abort(400)  # a part of a body that has no name is no field: refused before anything reads it
        return form.get(FIELD) or super()._get_csrf_token()


class FieldProof(CSRF):
    """The hidden field of a form, for wtforms."""

    def generate_csrf_token(self, csrf_token_field) -> str:
        """What the field shows."""
        return show()

    def validate_csrf_token(self, form, field) -> None:
        """Refuse what `Protection` has not let in already."""
        if not flask.g.get("csrf_valid") and not is_good(field.data):
            raise ValidationError("the proof is missing or another session's")
