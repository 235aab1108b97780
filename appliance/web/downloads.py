"""Media to browsers: access asked at every request, one range at a time, only authenticated bytes, nothing kept by
others.

Photos, films and sound are shown in place, under the types that we wrote ourselves; documents are saved under their
name, never opened as a page of ours. `?telecharger=1` saves a photo, a film or a sound too, where the plan of the class
lets families keep copies.

A file never changes under its address, so its ETag is strong; `no-cache` makes the browser ask again each time,
because who may see it can change. The body is a seekable reader given to the server as a file: no thread waits for a
slow phone.
"""

import contextlib
import io
import logging
import os
import re
import time
from collections.abc import Callable
from typing import NamedTuple

import flask
from werkzeug.wsgi import wrap_file

from appliance.core.errors import DomainError, NotFound
from appliance.core.i18n import lazy_
from appliance.crypto.errors import Tampered
from appliance.school import policy
from appliance.services import audit, background, plans
from appliance.services.media import access, files, kinds, names, store
from appliance.storage import database
from appliance.web import caching, health, routing, sessions

_log = logging.getLogger("preau.media")
# Written by us, from what was sent: nothing else is opened in place.
_SHOWN = frozenset({"image/jpeg", "video/mp4", "audio/mp4"})
_SAVED = {"image/jpeg": kinds.KINDS["jpeg"], "video/mp4": kinds.KINDS["mp4"], "audio/mp4": kinds.KINDS["m4a"]}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
SAVE = "telecharger=1"
BLOCK = 128 * 1024
_SMALL = 1_000_000
_alarmed: set[tuple[str, str]] = set()


class Damaged(DomainError):
    """The file on the disk is not what was written."""

    status = 500
    default = lazy_("Ce fichier est abîmé sur le serveur. L’administrateur en est averti\u202f; il peut le restaurer.")


def install(app: flask.Flask) -> None:
    """Declare the route, and put the quick way in front of it."""
    app.add_url_rule("/medias/<media>/<rendition>", "media", send)
    routing.ACCESS["media"] = "signed_in"
    app.wsgi_app = InFront(app, app.wsgi_app)


def send(media: str, rendition: str):
    """One file of a media that this person may see, whole or the range that was asked for."""
    request = flask.request
    wanted = Wanted(media, rendition, request.method, request.headers.get, request.query_string.decode("latin-1"))
    status, fields, body = answer(flask.g.actor, wanted)
    if body is not None:
        body = wrap_file(request.environ, body, BLOCK)
    return flask.Response(body, status=status, headers=fields, direct_passthrough=True)


class InFront:
    """Files without the framework: a page of photos asks for sixty. Same decision, same answer, a third of the work.

    Only an answer that succeeds leaves from here; whatever else happens, the route below says it in words.
    """

    def __init__(self, app: flask.Flask, below):
        self.app, self.below = app, below

    def __call__(self, environ, start_response):
        """Answer a media that may be seen, hand everything else on."""
        path = environ["PATH_INFO"]
        if path.startswith("/medias/") and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            begun = time.perf_counter()
            found = self._find(path.split("/"), environ)
            if found is not None:
                status, fields, body = found
                start_response(_STATUS[status], list(fields.items()))
                health.count("media", status, time.perf_counter() - begun)
                return [] if body is None else wrap_file(environ, body, BLOCK)
        return self.below(environ, start_response)

    def _find(self, parts: list[str], environ):
        token = sessions.token_in(environ, self.app.session_interface.cookie)
        if len(parts) != 4 or not token or "HTTP_PREAU_BUSY" in environ or "\0" in environ["PATH_INFO"]:
            return None
        try:
            database.connect()
            row = sessions.find_session(token, self.app.config["PREAU"])
            actor = sessions.actor_of(row) if row is not None else None
            if actor is None or not actor.notice_accepted:
                return None
            method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
            return answer(actor, Wanted(parts[2], parts[3], method, lambda name: _header(environ, name), query))
        except Exception:  # the route meets it again
            return None
        finally:
            database.release()


def _header(environ, name: str) -> str | None:
    return environ.get("HTTP_" + name.upper().replace("-", "_"))


_STATUS = {200: "200 OK", 206: "206 Partial Content", 304: "304 Not Modified", 416: "416 Range Not Satisfiable"}


class Wanted(NamedTuple):
    """What is asked for: `header(name)` reads the request."""

    media: str
    rendition: str
    method: str
    header: Callable[[str], str | None]
    query: str = ""


def answer(actor, wanted: Wanted) -> tuple[int, dict[str, str], "Span | None"]:
    """(status, headers, body) for a file that the actor may see; NotFound when not, Denied to whoever may look but
    not keep."""
    if not access.is_visible(actor, wanted.media):
        raise NotFound()
    row = files.get_rendition(wanted.media, wanted.rendition)
    saved = row.mime not in _SHOWN or wanted.query == SAVE
    if wanted.query == SAVE and row.family != "document":
        policy.require(plans.may_download(actor, policy.get_access_by_id(actor, row.classroom_id)))
    etag = f'"{row.blob_id}"'
    fields = {"ETag": etag, "Cache-Control": "private, no-cache", "Content-Security-Policy": _POLICY, "Vary": "Cookie"}
    known = wanted.header("If-None-Match")
    if known is not None and (etag in known or known.strip() == "*"):
        return 304, fields, None
    start, stop, status = span(wanted.header("Range") or "", wanted.header("If-Range"), etag, row.size)
    if status == 416:
        return 416, {"Content-Range": f"bytes */{row.size}", "Content-Length": "0"}, None
    if status == 206:
        fields["Content-Range"] = f"bytes {start}-{stop - 1}/{row.size}"
    if saved:
        with _damage_in_words(row):
            name = names.clean_file_name(store.open_name(row, row), _SAVED.get(row.mime))
        fields["Content-Disposition"] = names.content_disposition(name)
    fields |= {"Content-Type": row.mime, "Content-Length": str(stop - start), "Accept-Ranges": "bytes"}
    if wanted.method == "HEAD":
        return status, fields, None
    if status == 200 and row.mime == "image/jpeg" and row.size <= _SMALL:
        return status, fields, Span(_small(row), start, stop)
    with _damage_in_words(row):
        return status, fields, Span(_open(row), start, stop)


def _small(row) -> io.BytesIO:
    """A picture from memory when it was just asked for: after a publication, each is asked for by every family.

    Whoever comes here may see it; its address in memory is that of the file, which never changes. As a file, because
    the server copies bytes twice before it sends them, and reads all of this one without any copy.
    """
    data = caching.store.get(row.blob_id)
    if data is None:
        with _damage_in_words(row), _open(row) as reader:
            data = reader.readall() if row.size else b""
        caching.store.put(row.blob_id, data, len(data) + 200)
    return io.BytesIO(data)


def span(asked: str, if_range: str | None, etag: str, size: int) -> tuple[int, int, int]:
    """(start, stop, status) of what is asked: 200 whole, 206 one range, 416 none of it exists (RFC 9110 §14)."""
    match = _RANGE.fullmatch(asked.replace(" ", ""))
    if not match or match[1] == match[2] == "" or (if_range is not None and if_range != etag):
        return 0, size, 200  # several ranges, another unit or another version: the whole file is a right answer
    first, last = match.groups()
    if first == "":
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    if start >= size or stop <= start:
        return (0, size, 200) if first and last and int(last) < int(first) else (0, 0, 416)
    return start, stop, 206


class Span:
    """The part of a seekable file that is sent: the server asks it for its size, then reads it piece by piece."""

    def __init__(self, file, start: int, stop: int):
        self.file, self.start, self.stop = file, start, stop
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the part."""
        left = self.stop - self.file.tell()
        return self.file.read(left if size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move inside the part."""
        base = {os.SEEK_SET: self.start, os.SEEK_CUR: self.file.tell(), os.SEEK_END: self.stop}[whence]
        return self.file.seek(base + offset) - self.start

    def tell(self) -> int:
        """Where the next read begins, from the start of the part."""
        return self.file.tell() - self.start

    def close(self) -> None:
        """Close the file."""
        self.file.close()


def _open(row):
    return files.open_rendition(row, on_tampered=lambda: alarm(row.public_id, "tampered"))


@contextlib.contextmanager
def _damage_in_words(row):
    """Damaged, and the alarm, when a file, its name or a key above it is not what was written, or can't be read."""
    try:
        yield
    except (Tampered, OSError) as error:
        alarm(row.public_id, what_of(error))
        raise Damaged() from error


def what_of(error: Exception) -> str:
    """How the journal calls what happened to a file."""
    if isinstance(error, Tampered):
        return "tampered"
    return "missing" if isinstance(error, FileNotFoundError) else "unreadable"


def alarm(media_public_id: str, what: str) -> None:
    """Log and journal a damaged file, once a run, from another thread: it may be noticed while the server is
    sending."""
    if (media_public_id, what) in _alarmed:
        return
    _alarmed.add((media_public_id, what))
    _log.error("damaged media", extra={"media": media_public_id, "what": what})
    background.submit(_journal, media_public_id, f"media_{what}")


def _journal(media_public_id: str, event: str) -> None:
    with database.transaction():
        audit.record(None, "system", event, kind="media", object_id=media_public_id, outcome="failure")
