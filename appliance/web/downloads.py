"""Media to browsers: access asked at every request, one range at a time, only authenticated bytes, nothing kept by
others.

A file never changes under its address, so its ETag is strong; `no-cache` makes the browser ask again each time,
because who may see it can change. The body is a seekable reader given to the server as a file: no thread waits for a slow phone.
"""

import logging
import os
import re

import flask
from werkzeug.wsgi import wrap_file

from appliance.core.errors import DomainError, NotFound
from appliance.core.i18n import lazy_
from appliance.crypto.errors import Tampered
from appliance.services import audit, background
from appliance.services.media import access, names, store
from appliance.storage import database
from appliance.web import routing

_log = logging.getLogger("preau.media")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
BLOCK = 128 * 1024


class Damaged(DomainError):
    """The file on the disk is not what was written."""

    status = 500
    default = lazy_("Ce fichier est abîmé sur le serveur. L’administrateur en est averti\u202f; il peut le restaurer.")


def install(app: flask.Flask) -> None:
    """Declare the route."""
    app.add_url_rule("/medias/<media>/<rendition>", "media", send)
    routing.ACCESS["media"] = "signed_in"


def send(media: str, rendition: str):
    """One file of a media that this person may see, whole or the range that was asked for."""
    request, actor = flask.request, flask.g.actor
    if not access.is_visible(actor, media):
        raise NotFound()
    row = store.get_rendition(media, rendition)
    etag = row.blob_id
    headers = _headers(row)
    if request.if_none_match.contains(etag):
        answer = flask.Response(status=304, headers=headers)
        answer.set_etag(etag)
        return answer
    start, stop, status = _span(request.headers, etag, row.size)
    if status == 416:
        return flask.Response(status=416, headers={"Content-Range": f"bytes */{row.size}"})
    headers["Content-Length"] = str(stop - start)
    headers["Accept-Ranges"] = "bytes"
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{row.size}"
    if request.method == "HEAD":
        answer = flask.Response(status=status, headers=headers, mimetype=row.mime)
    else:
        body = wrap_file(request.environ, Span(_open(row), start, stop), BLOCK)
        answer = flask.Response(body, status=status, headers=headers, mimetype=row.mime, direct_passthrough=True)
    answer.set_etag(etag)
    return answer


def _headers(row) -> dict[str, str]:
    headers = {"Cache-Control": "private, no-cache", "Content-Security-Policy": _POLICY, "Vary": "Cookie"}
    if row.family != "picture":  # a document is saved, never opened as a page of ours
        headers["Content-Disposition"] = names.content_disposition(store.open_name(row, row))
    return headers


def _span(headers, etag: str, size: int) -> tuple[int, int, int]:
    """(start, stop, status) of what is asked: 200 whole, 206 one range, 416 none of it exists (RFC 9110 §14)."""
    asked = headers.get("Range", "")
    match = _RANGE.fullmatch(asked.replace(" ", ""))
    if_range = headers.get("If-Range")
    if not match or match[1] == match[2] == "" or (if_range is not None and if_range != f'"{etag}"'):
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
    try:
        return store.open_rendition(row, on_tampered=lambda: _alarm(row.public_id, "tampered"))
    except Tampered as error:
        raise Damaged() from error
    except FileNotFoundError as error:
        _alarm(row.public_id, "missing")
        raise Damaged() from error


def _alarm(media_public_id: str, what: str) -> None:
    """Log and journal a damaged file, from another thread: it may be noticed while the server is sending."""
    _log.error("damaged media", extra={"media": media_public_id, "what": what})
    background.submit(_journal, media_public_id, f"media_{what}")


def _journal(media_public_id: str, event: str) -> None:
    with database.transaction():
        audit.record(None, "system", event, kind="media", object_id=media_public_id, outcome="failure")
