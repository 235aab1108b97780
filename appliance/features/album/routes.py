"""Pages of the album and its archive: parse, call, render."""

import re

import flask
from werkzeug.wsgi import wrap_file

from appliance.core.errors import NotFound
from appliance.crypto.errors import Tampered
from appliance.features.album import actions, showing
from appliance.features.feed import api as feed
from appliance.school import policy
from appliance.services import plans
from appliance.services.media import names
from appliance.services.media.archive import MIME, ZipStream
from appliance.web import caching, downloads
from appliance.web.routing import Slice

bp = Slice("album", __name__)
_MONTH = re.compile(r"(?:19[7-9]|2\d\d)\d-(?:0[1-9]|1[0-2])")


@bp.page("/classes/<classroom>/album", access="signed_in")
def index(classroom: str):
    """The photos and films of a class, a month a page, the latest month first."""
    access = policy.get_access(flask.g.actor, classroom)
    asked = _month()
    fresh = feed.freshness(flask.g.actor, access)
    return caching.page(("album", access.classroom_id, access.role, fresh, asked), lambda: _draw(access, asked))


def _month() -> str | None:
    """The month in the address; one that nobody wrote is none."""
    asked = flask.request.args.get("mois", "")
    return asked if _MONTH.fullmatch(asked) else None


def _draw(access, asked: str | None) -> str:
    actor = flask.g.actor
    found = feed.list_album_months(actor, access)
    known = [each.name for each in found]
    current = asked or (known[0] if known else "")
    items = feed.list_album(actor, access, current) if current in known else []
    months = showing.months(access, found, current)
    at = known.index(current) if current in known else 0
    return flask.render_template(
        "album/index.html",
        access=access,
        months=months,
        month=next((each for each in months if each.current), None),
        days=showing.days(access, items),
        later=months[at - 1] if at else None,
        earlier=months[at + 1] if at + 1 < len(months) else None,
        may_download=plans.may_download(actor, access),
        storage=plans.storage_of(access.classroom_id, actor) if access.is_staff else None,
        plan=plans.plan_of(access.classroom_id, actor),
    )


@bp.page("/classes/<classroom>/album/<media>", access="signed_in")
def item(classroom: str, media: str):
    """One photo or film of the album, large, with the way to the one before and the one after in its month."""
    actor = flask.g.actor
    access = policy.get_access(actor, classroom)
    month = feed.find_album_month(actor, access, media)
    if month is None:
        raise NotFound()
    views = showing.views(access, feed.list_album(actor, access, month))
    at = next((number for number, each in enumerate(views) if each.public_id == media), None)
    if at is None:
        raise NotFound()
    return flask.render_template(
        "album/item.html",
        access=access,
        item=views[at],
        number=at + 1,
        total=len(views),
        before=views[at - 1] if at else None,
        after=views[at + 1] if at + 1 < len(views) else None,
        month_url=f"/classes/{access.classroom_public_id}/album?mois={month}",
        month_label=showing.month_label(month),
        may_download=plans.may_download(actor, access),
    )


@bp.page("/classes/<classroom>/album.zip", access="signed_in")
def archive(classroom: str):
    """A month of the album (or all of it) as one archive; an interrupted download goes on where it stopped."""
    actor, request = flask.g.actor, flask.request
    access = policy.get_access(actor, classroom)
    month = _month()
    if month is None and "mois" in request.args:
        raise NotFound()
    try:
        entries = actions.list_copies(actor, access, month, _damaged)
    except Tampered as error:  # the key of the class, or a name
        raise downloads.Damaged() from error
    stream = ZipStream(entries, on_damaged=lambda entry, error: _damaged(entry.media, error))
    fields = {"ETag": stream.etag, "Cache-Control": "private, no-cache", "Vary": "Cookie", "Accept-Ranges": "bytes"}
    if request.if_none_match.contains(stream.etag.strip('"')):
        return flask.Response(status=304, headers=fields)
    headers = request.headers
    start, stop, status = downloads.span(headers.get("Range", ""), headers.get("If-Range"), stream.etag, stream.size)
    if status == 416:
        return flask.Response(status=416, headers={"Content-Range": f"bytes */{stream.size}"})
    if status == 206:
        fields["Content-Range"] = f"bytes {start}-{stop - 1}/{stream.size}"
    fields["Content-Disposition"] = names.content_disposition(_file_name(access, month))
    fields |= {"Content-Type": MIME, "Content-Length": str(stop - start)}
    if request.method == "HEAD":
        return flask.Response(status=status, headers=fields)
    actions.record_export(actor, access, month, sum(bool(each.media) for each in entries))
    body = wrap_file(request.environ, downloads.Span(stream, start, stop), downloads.BLOCK)
    return flask.Response(body, status=status, headers=fields, direct_passthrough=True)


def _file_name(access, month: str | None) -> str:
    return " ".join(part for part in ("Album", access.classroom_name, month or "") if part) + ".zip"


def _damaged(media: str, error: Exception) -> None:
    downloads.alarm(media, downloads.what_of(error))
