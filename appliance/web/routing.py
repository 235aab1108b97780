"""Every route says who may come in; the shell refuses the others before the route runs.

Access is coarse here (03: object access is decided in queries): public · welcome (signed in, the notice not yet
accepted) · signed_in · staff (works with a class) · manager (principal or admin) · admin · dpo · loopback.
"""

from collections.abc import Callable

import flask

from appliance.core.errors import Denied, DomainError, NotFound
from appliance.core.i18n import lazy_

CHECKS: dict[str, Callable] = {
    "public": lambda actor: True,
    "welcome": lambda actor: actor is not None,
    "signed_in": lambda actor: actor is not None,
    "staff": lambda actor: actor is not None and actor.is_staff,
    "manager": lambda actor: actor is not None and bool(actor.offices & {"principal", "admin"}),
    "admin": lambda actor: actor is not None and "admin" in actor.offices,
    "dpo": lambda actor: actor is not None and "dpo" in actor.offices,
    "loopback": lambda actor: True,
}
# POST to these hashes a password; the server queues them, and uploads, beside the pages (server.Lanes).
SLOW_PATHS: list[str] = []
# What these endpoints answer at once to a POST for which the slow lane has no room.
BUSY: dict[str, Callable] = {}
ACCESS: dict[str, str] = {}
_TEXT_BYTES = 1_000_000  # more is a file: it is not read for someone who is not signed in
# Asked for by programs, who make nothing of a sign-in page: they are told in words.
SPOKEN: set[str] = set()


class SignedOut(DomainError):
    """Nobody is signed in, any more perhaps."""

    status = 401
    default = lazy_("Vous n’êtes plus connecté. Connectez-vous de nouveau, puis reprenez\u202f: rien n’est perdu.")


class Slice(flask.Blueprint):
    """A feature's blueprint whose routes state their access."""

    def __init__(self, name: str, import_name: str):
        super().__init__(name, import_name, template_folder="templates")

    def page(
        self, rule: str, *, access: str, methods: tuple[str, ...] = ("GET",), slow: bool = False, **options
    ) -> Callable:
        """Declare a route; `access` is one of CHECKS, and the same function serves all `methods`.

        `slow` says that its POST hashes a password.
        """
        if access not in CHECKS:
            raise ValueError(f"unknown access {access!r}")

        if slow:
            SLOW_PATHS.append(rule.partition("<")[0])

        def decorate(view: Callable) -> Callable:
            ACCESS[f"{self.name}.{options.get('endpoint', view.__name__)}"] = access
            self.add_url_rule(rule, options.pop("endpoint", None), view, methods=list(methods), **options)
            return view

        return decorate


def check(endpoint: str | None, actor):
    """None when the person may come in; a redirect to sign-in or to the notice; Denied otherwise."""
    access = ACCESS.get(endpoint or "")
    if "\0" in flask.request.path:
        raise NotFound()  # nothing has such a name, and PostgreSQL refuses to be asked for it
    if endpoint is None:
        return None  # no such page: the 404 comes by itself
    if access is None:
        raise NotFound()  # a route that declares nothing opens to nobody; a test fails the build on it
    if access in ("public", "loopback"):
        return None
    if actor is None and (_is_spoken(endpoint) or _is_writing()):
        raise SignedOut()
    if actor is None:
        return flask.redirect(flask.url_for("signin.sign_in", suite=_here()), 303)
    if access != "welcome" and not actor.notice_accepted:
        return flask.redirect(flask.url_for("onboarding.notice", suite=_here()), 303)
    if not CHECKS[access](actor):
        raise Denied()
    return None


def _is_spoken(endpoint: str) -> bool:
    return endpoint in SPOKEN and flask.request.headers.get("Sec-Fetch-Mode") != "navigate"


def _is_writing() -> bool:
    """Whether a text was sent, which a redirect would lose: the page of the error gives it back."""
    request = flask.request
    return request.method == "POST" and (request.content_length or 0) <= _TEXT_BYTES and bool(request.form.get("text"))


def _here() -> str | None:
    request = flask.request
    if request.method not in ("GET", "HEAD") or request.path == "/":
        return None
    return request.full_path.rstrip("?")


def safe_target(target: str | None, default: str = "/") -> str:
    """A path of this site to go on to; anything that could lead elsewhere becomes the default."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\") or "\\" in target or len(target) > 500:
        return default
    return default if any(ord(sign) < 33 for sign in target) else target
