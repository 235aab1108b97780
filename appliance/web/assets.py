"""Static files: compressed once, kept for ever by browsers under the hash of their content, asked again without it.

A module names the modules it imports by plain relative addresses; they are served with the hash of each, so that a
browser never mixes two versions. What is large lies compressed on the disk (`x.wasm.gz` is served as `x.wasm`) and is
read from there for each answer, never kept in memory.
"""

import functools
import gzip
import hashlib
import mimetypes
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

import flask
from werkzeug.security import safe_join
from werkzeug.wsgi import wrap_file

from appliance.core.errors import NotFound
from appliance.web import headers, routing

FOLDER = Path(__file__).parent / "static"
_COMPRESSED = {".css", ".js", ".mjs", ".svg", ".html", ".json", ".webmanifest", ".txt"}
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_IMPORT = re.compile(r'((?:\bfrom|\bimport)\s*\(?\s*")(\.{1,2}/[\w./-]+\.m?js)(?=")')
_PIECE = 65_536
# A worker obeys the policy of its own answer, not that of the page which starts it.
_POLICIES = {"js/retouch/worker.js": headers.WASM_POLICY}
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


@dataclass(frozen=True)
class _File:
    """A static file: its bytes, or for a large one the compressed file they are in."""

    kind: str
    digest: str
    content: bytes = b""
    packed: bytes | None = None
    stored: Path | None = None


@functools.lru_cache(maxsize=256)
def _load(path: str) -> _File:
    """A file by its path below static/; NotFound when there is none."""
    found = safe_join(str(FOLDER), path)
    if found is None:
        raise NotFound()
    suffix = Path(found).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    stored = Path(found + ".gz")
    if os.path.isfile(stored):  # the methods of Path raise for names that no file can have
        with stored.open("rb") as file:
            return _File(kind, hashlib.file_digest(file, "sha256").hexdigest()[:12], stored=stored)
    if not os.path.isfile(found):
        raise NotFound()
    content = Path(found).read_bytes()
    if suffix in (".js", ".mjs") and "vendor/" not in path:
        content = _name_imports(path, content)
    packed = gzip.compress(content, 9, mtime=0) if suffix in _COMPRESSED else None
    return _File(kind, hashlib.sha256(content).hexdigest()[:12], content, packed)


def _name_imports(path: str, content: bytes) -> bytes:
    """A module that imports its neighbours under the hash of their content (so modules may not import in a circle)."""

    def named(match: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[2]))
        return f"{match[1]}{match[2]}?v={_load(target).digest}"

    return _IMPORT.sub(named, content.decode()).encode()


def address(path: str) -> str:
    """The address of a static file, with its content's hash."""
    return f"/static/{path}?v={_load(path).digest}"


def static(path: str) -> flask.Response:
    """One static file."""
    file = _load(path)
    answer = flask.Response(mimetype=file.kind)
    answer.set_etag(file.digest)
    # What is named by its content is right for ever; a font named in a style sheet is asked again after a day.
    named = flask.request.args.get("v") == file.digest
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if named else "public, max-age=86400"
    if path in _POLICIES:
        answer.headers["Content-Security-Policy"] = _POLICIES[path]
    if file.packed is not None:
        answer.headers["Vary"] = "Accept-Encoding"
    if flask.request.if_none_match.contains(file.digest):
        answer.status_code = 304
        return answer
    if file.stored is not None:
        return _stream(answer, file.stored)
    gzipped = file.packed is not None and "gzip" in flask.request.accept_encodings
    if gzipped:
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_data(file.packed if gzipped else file.content)
    return answer


def _stream(answer: flask.Response, stored: Path) -> flask.Response:
    """The answer with a file sent as it lies on the disk, to whoever asks: unpacked for a reader that stalls, it would
    wait in memory."""
    answer.headers["Content-Encoding"] = "gzip"
    answer.response = wrap_file(flask.request.environ, stored.open("rb"), _PIECE)
    answer.content_length = stored.stat().st_size
    answer.direct_passthrough = True
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
