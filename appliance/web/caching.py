"""Pages remembered under what was decided for their reader, and answered 304 when nothing changed.

A page's name is a hash of everything that it depends on: the session (the proof of its forms is inside), the language,
the day, the revisions of what may be seen and of what is shown. A name never seen before is rendered; nobody can ask
for another's name.
"""

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

import flask

from appliance import __version__
from appliance.core import clock, i18n


class Store:
    """The most recently used values, up to so many bytes."""

    def __init__(self, limit: int):
        self.limit, self.size = limit, 0
        self.values: OrderedDict[object, tuple[object, int]] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key):
        """The value, or None."""
        with self.lock:
            found = self.values.get(key)
            if found is None:
                return None
            self.values.move_to_end(key)
            return found[0]

    def put(self, key, value, size: int) -> None:
        """Remember a value; the least recently used ones leave."""
        if size > self.limit:
            return
        with self.lock:
            if key in self.values:
                self.size -= self.values.pop(key)[1]
            self.values[key] = (value, size)
            self.size += size
            while self.size > self.limit:
                self.size -= self.values.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self.values.clear()
            self.size = 0


store = Store(16_000_000)


def configure(megabytes: int) -> None:
    """Set the memory that pages and fragments may take; 0 remembers nothing."""
    store.limit = megabytes * 1_000_000
    store.clear()


def page(depends_on: tuple, render: Callable[[], str]) -> flask.Response:
    """The page whose content depends on these values, the reader's session, language and day, and nothing else.

    Its tag is of what it shows, not of its name: a name changes when people somewhere change, and a tag that moved with
    it would tell one reader that another did something.
    """
    actor, session = flask.g.actor, flask.session
    if session.get("_flashes"):
        return flask.make_response(render())
    name = (
        __version__,
        actor.session_id,
        actor.access_revision,
        i18n.current(),
        str(clock.today()),
        session.token,
        depends_on,
    )
    packed = "gzip" in flask.request.accept_encodings
    tag, body = _remembered(hashlib.sha256(repr(name).encode()).digest(), packed, render)
    if flask.request.if_none_match.contains_weak(tag):
        answer = flask.Response(status=304)
    else:
        answer = flask.Response(body, mimetype="text/html")
        if packed:
            answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(tag, weak=True)  # the same page, compressed or not
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Cookie, Accept-Encoding"
    return answer


def _remembered(name: bytes, packed: bool, render: Callable[[], str]) -> tuple[str, bytes]:
    """The tag and the page, remembered as it was first asked for: plain or compressed.

    Compression next to a secret leaks its length to who can make a browser ask and count bytes; these pages repeat
    nothing of their address, and the cookie is SameSite=Lax.
    """
    found = store.get((name, packed))
    if found is None:
        body = render().encode()
        tag = hashlib.sha256(body).hexdigest()[:32]
        if packed:
            body = gzip.compress(body, 4, mtime=0)
        found = tag, body
        store.put((name, packed), found, len(body) + 300)
    return found


def fragment(depends_on: tuple, render: Callable[[], str]) -> str:
    """A piece of page that depends on these values, the language and the day only; never on who reads it."""
    key = ("fragment", i18n.current(), str(clock.today()), depends_on)
    text = store.get(key)
    if text is None:
        text = render()
        store.put(key, text, 2 * len(text) + 200)
    return text
