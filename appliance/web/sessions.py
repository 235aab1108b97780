"""Who is asking: a random cookie whose SHA-256 is a row, so that a session can be listed and revoked at once.

The cookie is `__Host-preau` on HTTPS. The proof of its forms is derived from the cookie, so a signed-out visitor costs
no row. Someone signed in is a `policy.Actor`, loaded by one query together with the revision that tells how fresh
decisions must be.
"""

import functools
import hashlib
import hmac
import json
import secrets
from datetime import timedelta

import flask
from flask.sessions import SessionInterface, SessionMixin
from flask_login import LoginManager

from appliance.core import clock
from appliance.school.models import Account, NoticeAcceptance, Revision, Session
from appliance.school.notice import ENOUGH, VERSION
from appliance.school.policy import Actor
from appliance.services import audit
from appliance.storage import database
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared, many

_SEEN_EVERY = timedelta(hours=1)

_LOAD = Prepared(
    lambda: (
        Session.select(
            Account.id,
            Account.public_id,
            Account.first_name,
            Account.last_name,
            Account.language,
            Account.theme,
            Session.id.alias("session_id"),
            Session.public_id.alias("session_public_id"),
            Revision.select(Revision.value).where(Revision.scope == "access").alias("access_revision"),
            NoticeAcceptance.select(NoticeAcceptance.id)
            .where(
                (NoticeAcceptance.account == Account.id)
                & (NoticeAcceptance.version == VERSION)
                & NoticeAcceptance.mode.in_(many("notices"))
                & NoticeAcceptance.withdrawn_at.is_null()
            )
            .limit(1)
            .alias("notice"),
            Session.flashes,
            Session.seen_at.alias("seen_at"),
        )
        .join(Account, on=Session.account == Account.id)
        .where(
            (Session.token_sha256 == P("token"))
            & (Session.seen_at > P("idle"))
            & (Session.created_at > P("oldest"))
            & Account.disabled_at.is_null()
        )
    )
)


class WebSession(dict, SessionMixin):
    """What Flask calls the session: the flashes of one cookie, and the proof of its forms; nothing else."""

    row_id: int | None = None
    stored_flashes = ""
    modified = False
    accessed = True

    def __init__(self, token: str, fresh: bool, secret: bytes):
        super().__init__()
        self.token, self.fresh, self._secret = token, fresh, secret

    @functools.cached_property
    def proof(self) -> str:
        """What a form sends to prove that this session was shown it."""
        return hmac.digest(self._secret, self.token.encode(), "sha256").hex()


class CookieSessions(SessionInterface):
    """Opens and closes WebSession around each request."""

    def __init__(self, secret: bytes, secure: bool):
        self.secret, self.secure = secret, secure
        self.cookie = "__Host-preau" if secure else "preau"

    def session_for(self, token: str, fresh: bool) -> WebSession:
        """A session around a cookie value."""
        return WebSession(token, fresh, self.secret)

    def open_session(self, app, request) -> WebSession:
        """Read the cookie; an absent or malformed one gets a new value, sent only if a form needs it."""
        token = request.cookies.get(self.cookie, "")
        if len(token) == 43 and token.isascii():
            return self.session_for(token, False)
        return self.session_for(secrets.token_urlsafe(32), True)

    def save_session(self, app, session: WebSession, response) -> None:
        """Send a new cookie when a form or a sign-in needs it, and keep flashes for the next page."""
        if session.row_id is not None:
            kept = session.get("_flashes") or []
            stored = json.dumps(kept) if kept else ""
            if stored != session.stored_flashes:
                with database.transaction(brief=True):
                    Session.update(flashes=stored).where(Session.id == session.row_id).execute()
        if session.fresh and (session.row_id is not None or flask.g.get("csrf_token")):
            response.set_cookie(
                self.cookie,
                session.token,
                path="/",
                secure=self.secure,
                httponly=True,
                samesite="Lax",
                max_age=34560000,
            )


def install(app: flask.Flask, config, secret: bytes) -> None:
    """Give the application its sessions and its signed-in person."""
    app.session_interface = CookieSessions(secret, config.secure)
    manager = LoginManager(app, add_context_processor=False)  # templates know `actor`
    manager.session_protection = None  # the row is the session; nothing is signed anew at each request
    manager.request_loader(load_actor)


def hash_token(token: str) -> bytes:
    """What the row keeps of a cookie."""
    return hashlib.sha256(token.encode()).digest()


def token_in(environ: dict, cookie: str) -> str:
    """The cookie's value in a raw request; empty when it has none of the right shape."""
    for part in environ.get("HTTP_COOKIE", "").split(";"):
        name, _equals, value = part.strip().partition("=")
        if name == cookie and len(value) == 43 and value.isascii():
            return value
    return ""


def find_session(token: str, config):
    """The row of a cookie with its account, or None: expired, revoked and disabled are the same nobody."""
    now, limits = clock.now(), config.security
    return _LOAD.first(
        token=hash_token(token),
        idle=to_micros(now - timedelta(hours=limits.session_hours)),
        oldest=to_micros(now - timedelta(days=limits.session_days)),
        notices=ENOUGH[config.school.notice],
    )


def actor_of(row) -> Actor:
    """The person of a session's row."""
    return Actor(*row[:8], row.access_revision or 0, row.notice is not None)


def load_actor(_request) -> Actor | None:
    """The person of this request's cookie, or None; takes over the flashes that wait, and notes that they were here."""
    session = flask.session
    if session.fresh:
        return None
    row = find_session(session.token, flask.current_app.config["PREAU"])
    if row is None:
        return None
    session.row_id, session.stored_flashes = row.session_id, row.flashes
    if row.flashes:
        session["_flashes"] = [tuple(item) for item in json.loads(row.flashes)]
    now = clock.now()
    if now - row.seen_at > _SEEN_EVERY:
        with database.transaction(brief=True):
            Session.update(seen_at=now).where(Session.id == row.session_id).execute()
    return actor_of(row)


def find_actor() -> Actor | None:
    """The person signed in for this request, or None; asked directly, which Flask-Login would take longer to do."""
    return load_actor(flask.request)


def sign_in(account: Account) -> None:
    """Open a session for this account under a new cookie; the old cookie opens nothing any more."""
    interface = flask.current_app.session_interface
    session = interface.session_for(secrets.token_urlsafe(32), True)
    with database.transaction():
        _close(flask.session.token)
        row = Session.create(
            account=account,
            token_sha256=hash_token(session.token),
            agent=agent_family(flask.request.user_agent.string),
            network=audit.truncate_address(flask.request.remote_addr or ""),
        )
    session.row_id = row.id
    _replace(session)


def sign_out() -> None:
    """Close this session: its cookie is worthless from now on, here and wherever it was copied."""
    with database.transaction():
        _close(flask.session.token)
    _replace(flask.current_app.session_interface.session_for(secrets.token_urlsafe(32), True))


def _replace(session: WebSession) -> None:
    from flask.globals import request_ctx

    try:  # Flask 3.2 merges the contexts and keeps the session under another name
        request_ctx.session = session
    except AttributeError:
        request_ctx._session = session
    flask.g.pop("csrf_token", None)


def _close(token: str) -> None:
    Session.delete().where(Session.token_sha256 == hash_token(token)).execute()


_FAMILIES = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux")
_AGENT_LENGTH = 500  # what is remembered may not be as long as anyone likes


def agent_family(agent: str) -> str:
    """“Firefox · Android”: enough to recognise one's own device in the list, no fingerprint."""
    return _family(agent[:_AGENT_LENGTH])


@functools.lru_cache(maxsize=1024)
def _family(agent: str) -> str:
    browser = next((name for name in _FAMILIES if name in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return " · ".join(part for part in ({"Edg": "Edge", "OPR": "Opera"}.get(browser, browser), system) if part)
