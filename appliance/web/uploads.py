"""Resumable uploads to browsers and programs: tus 1.0.0 (core, creation, creation-with-upload, checksum, expiration,
termination), for one's own files only.

These addresses take no form token, so that existing tus clients work with a session's cookie alone. What stands in
its place: each request must carry `Tus-Resumable`, a header that no form can send and that a page of another site may
send only after asking us first (CORS preflight), which we never grant; what a browser says to come from elsewhere
(Sec-Fetch-Site, Origin) is refused besides; and the cookie is SameSite=Lax.
"""

import base64
import re
import urllib.parse
from email.utils import format_datetime

import flask

from appliance.core.errors import Denied, DomainError, NotFound, StorageFull, Unavailable
from appliance.core.i18n import _
from appliance.school import policy
from appliance.services.media import access, arrivals, foresight, processing, uploads
from appliance.web import forms, routing

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
WAYS = "OPTIONS, POST, HEAD, PATCH, DELETE"
HERE = "/televersements"
MOST_SHOWN = 100
_STREAM = "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,15}")
_REASONS = {412: "Precondition Failed", 415: "Unsupported Media Type", 460: "Checksum Mismatch"}


class Malformed(DomainError):
    """The request isn't one of this protocol."""

    def __init__(self, message, status: int = 400):
        super().__init__(message)
        self.status = status


def install(app: flask.Flask) -> None:
    """Declare the routes, let senders look at what they have just sent, and say who is signed out in words."""
    options = {"provide_automatic_options": False}
    app.add_url_rule(HERE, "uploads", collection, methods=["POST", "OPTIONS"], **options)
    app.add_url_rule(
        f"{HERE}/<upload>", "upload", one, methods=["HEAD", "PATCH", "DELETE", "POST", "OPTIONS"], **options
    )
    app.add_url_rule(f"{HERE}/<upload>/etat", "upload_state", state)
    for endpoint in ("uploads", "upload", "upload_state"):
        routing.ACCESS[endpoint] = "staff"
        routing.SPOKEN.add(endpoint)
    routing.SLOW_PATHS.append(HERE)
    forms.csrf.exempt(collection)
    forms.csrf.exempt(one)
    access.register(arrivals.find_own)


def collection():
    """What this server can do (OPTIONS), or a new upload (POST)."""
    return _answer({"OPTIONS": _describe, "POST": _create})


def one(upload: str):
    """How far one upload is (HEAD), its next piece (PATCH), or its end (DELETE)."""
    return _answer({"OPTIONS": _describe, "HEAD": _tell, "PATCH": _append, "DELETE": _terminate}, upload)


def state(upload: str):
    """For the page that shows it: where a file is, from its first byte to the picture that can be seen."""
    found = arrivals.find_state(flask.g.actor, upload)
    if found is None:
        raise NotFound()
    return flask.jsonify(shown(found))


def shown(found: dict) -> dict:
    """What `arrivals.find_state` tells, with the words and the address that a page shows."""
    texts = {
        "uploading": _("Envoi en cours"),
        "waiting": _("En préparation"),
        "ready": _("Prêt"),
        "quarantined": _("Ce fichier a été mis à l’écart\u202f: l’antivirus l’a signalé."),
    }
    text = texts.get(found["state"]) or processing.describe(found["reason"])
    return {**found, "text": text, "thumb": f"/medias/{found['id']}/thumb" if found["thumb"] else ""}


def list_shown(actor, public_ids) -> list[dict]:
    """The same of those of these files that are still one's own, in order: a form that is shown again keeps them."""
    found = (arrivals.find_state(actor, each) for each in dict.fromkeys((public_ids or [])[:MOST_SHOWN]))
    return [shown(each) for each in found if each is not None]


def _answer(acts: dict, *arguments: str):
    request = flask.request
    method = request.method
    if method == "POST":
        method = request.headers.get("X-HTTP-Method-Override", method).upper()
    try:
        if request.method != "OPTIONS":
            _require_protocol(request)
        if method not in acts:
            raise Malformed(_("Cette adresse ne s’ouvre pas de cette façon."), 405)
        answer = acts[method](*arguments if method != "OPTIONS" else ())
    except DomainError as error:
        answer = _refusal(error)
    answer.headers["Tus-Resumable"] = VERSION
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _require_protocol(request) -> None:
    site, origin = request.headers.get("Sec-Fetch-Site", "same-origin"), request.headers.get("Origin")
    if site not in ("same-origin", "none") or (origin is not None and not _is_ours(origin, request)):
        raise Denied()
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Malformed(_("Cette adresse reçoit des fichiers par le protocole tus %(version)s.", version=VERSION), 412)


def _is_ours(origin: str, request) -> bool:
    public = urllib.parse.urlsplit(flask.current_app.config["PREAU"].server.public_url).netloc
    theirs = origin.partition("://")[2]
    return theirs != "" and theirs in (request.host, public)  # “null” is nobody's


def _refusal(error: DomainError) -> flask.Response:
    status = f"{error.status} {_REASONS[error.status]}" if error.status in _REASONS else error.status
    if flask.request.accept_mimetypes.best == "application/json":
        answer = flask.jsonify(error=error.message, reason=getattr(error, "reason", ""))
        answer.status = status if isinstance(status, str) else str(status)
    else:
        answer = flask.Response(error.message, status=status, content_type="text/plain; charset=utf-8")
    if error.status == 405:
        answer.headers["Allow"] = WAYS
    if error.status == 412:
        answer.headers["Tus-Version"] = VERSION
    if isinstance(error, Unavailable | StorageFull):
        answer.headers["Retry-After"] = "5"
    return answer


def _describe() -> flask.Response:
    fields = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(foresight.most_bytes()),
        "Tus-Checksum-Algorithm": ",".join(uploads.CHECKSUMS),
        "Allow": WAYS,
    }
    return flask.Response(status=204, headers=fields)


def _create() -> flask.Response:
    request, actor = flask.request, flask.g.actor
    if "Upload-Defer-Length" in request.headers or "Upload-Concat" in request.headers:
        raise Malformed(_("La taille du fichier doit être annoncée dès le début."))
    length, metadata = _number("Upload-Length"), _metadata(request.headers.get("Upload-Metadata", ""))
    size = _size() if request.mimetype == _STREAM else 0
    sha256 = _sha256(metadata)
    place = policy.get_access(actor, metadata.get("classroom", ""))
    made = uploads.begin(actor, place, metadata.get("filename", ""), length, sha256=sha256)
    if size:
        try:
            made = uploads.append_from(actor, made.public_id, 0, _stream(), size, _checksum())
        except DomainError:
            uploads.terminate(actor, made.public_id)
            raise
    fields = {"Location": f"{HERE}/{made.public_id}", "Upload-Offset": str(made.received), **_expiry(made)}
    return flask.Response(status=201, headers=fields)


def _tell(upload: str) -> flask.Response:
    found = uploads.get(flask.g.actor, upload)
    fields = {"Upload-Offset": str(found.received), "Upload-Length": str(found.length), **_expiry(found)}
    return flask.Response(status=200, headers=fields)


def _append(upload: str) -> flask.Response:
    uploads.get(flask.g.actor, upload)  # for someone else's, nothing more is said than that it isn't there
    if flask.request.mimetype != _STREAM:
        raise Malformed(_("Ce format n’est pas reconnu. Rien n’a été modifié."), 415)
    offset, size = _number("Upload-Offset"), _size()
    try:
        found = uploads.append_from(flask.g.actor, upload, offset, _stream(), size, _checksum())
    except foresight.NeverAcceptable:
        uploads.terminate(flask.g.actor, upload)
        raise
    return flask.Response(status=204, headers={"Upload-Offset": str(found.received), **_expiry(found)})


def _terminate(upload: str) -> flask.Response:
    uploads.terminate(flask.g.actor, upload)
    return flask.Response(status=204)


def _expiry(found) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(found.expires_at, usegmt=True)}


def _number(name: str) -> int:
    value = flask.request.headers.get(name, "")
    if not _NUMBER.fullmatch(value):
        raise Malformed(_("L’en-tête %(name)s manque ou n’est pas un nombre.", name=name))
    return int(value)


def _stream():
    # What the server has received, which is all there: the framework's own stream would copy it twice more.
    return flask.request.environ["wsgi.input"]


def _size() -> int:
    size = flask.request.content_length or 0
    if size > uploads.PIECE:
        raise uploads.too_long()
    return size


def _metadata(header: str) -> dict[str, str]:
    """Pairs of a key and its value in base64, separated by commas (tus 1.0, Upload-Metadata)."""
    found = {}
    for pair in header.split(","):
        key, _space, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except ValueError:
            raise Malformed(_("L’en-tête %(name)s est abîmé.", name="Upload-Metadata")) from None
    return found


def _sha256(metadata: dict[str, str]) -> bytes | None:
    value = metadata.get("sha256", "")
    if value and not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise Malformed(_("L’en-tête %(name)s est abîmé.", name="Upload-Metadata"))
    return bytes.fromhex(value) if value else None


def _checksum() -> tuple[str, bytes] | None:
    header = flask.request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _space, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        digest = b""
    if algorithm not in uploads.CHECKSUMS or not digest:
        raise Malformed(_("L’en-tête %(name)s est abîmé.", name="Upload-Checksum"))
    return algorithm, digest
