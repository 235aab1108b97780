"""Static files: compressed once, kept for ever by browsers under the hash of their content, asked again without it."""

import functools
import gzip
import hashlib
import mimetypes
from pathlib import Path

import flask
from werkzeug.security import safe_join

from appliance.core.errors import NotFound
from appliance.web import routing

FOLDER = Path(__file__).parent / "static"
_COMPRESSED = {".css", ".js", ".svg", ".html", ".json", ".webmanifest", ".txt"}
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".woff2": "font/woff2"}
_GUIDE = {
    "": "styleguide.html",
    "home": "patterns/home.html",
    "composer": "patterns/composer.html",
    "reach": "patterns/reach.html",
    "signin": "patterns/signin.html",
}


def install(app: flask.Flask, *, guide: bool) -> None:
    """Declare the routes; the style guide is for those who build, not for families."""
    routes = [("/static/<path:path>", "static", static), ("/sw.js", "worker", worker)]
    if guide:
        routes += [("/styleguide", "guide_home", show_guide), ("/styleguide/<page>", "guide", show_guide)]
    for rule, endpoint, view in routes:
        app.add_url_rule(rule, endpoint, view)
        routing.ACCESS[endpoint] = "public"


@functools.lru_cache(maxsize=256)
def _load(path: str) -> tuple[bytes, bytes | None, str, str]:
    """(content, compressed or None, hash, type) of a file; NotFound when there is none."""
    found = safe_join(str(FOLDER), path)
    if found is None or "\0" in path or not Path(found).is_file():
        raise NotFound()
    content, suffix = Path(found).read_bytes(), Path(found).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    packed = gzip.compress(content, 9, mtime=0) if suffix in _COMPRESSED else None
    return content, packed, hashlib.sha256(content).hexdigest()[:12], kind


def address(path: str) -> str:
    """The address of a static file, with its content's hash."""
    return f"/static/{path}?v={_load(path)[2]}"


def static(path: str) -> flask.Response:
    """One static file."""
    content, packed, digest, kind = _load(path)
    answer = flask.Response(mimetype=kind)
    answer.set_etag(digest)
    # What is named by its content is right for ever; a font named in a style sheet is asked again after a day.
    named = flask.request.args.get("v") == digest
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if named else "public, max-age=86400"
    if packed is not None:
        answer.headers["Vary"] = "Accept-Encoding"
    if flask.request.if_none_match.contains(digest):
        answer.status_code = 304
        return answer
    if packed is not None and "gzip" in flask.request.accept_encodings:
        content = packed
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_data(content)
    return answer


def worker() -> flask.Response:
    """The service worker, at the root because its place is its scope."""
    answer = static("sw.js")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def show_guide(page: str = "") -> str:
    """The design system, with all its parts in all their states."""
    if page not in _GUIDE:
        raise NotFound()
    return flask.render_template(_GUIDE[page])
