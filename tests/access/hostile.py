"""Hostile input: what is sent, where, and which parameters each route reads."""

import functools
import json
from pathlib import Path
from urllib.parse import quote, quote_from_bytes

from werkzeug.datastructures import ImmutableMultiDict

from tests.access import matrix
from tests.access.forms import data_for
from tests.access.routes import Route, address, list_routes
from tests.access.town import PEOPLE, Town

MARK = '"><script>alert("préau")</script>'
NUL = b"a\0b"  # what one database stores and the other refuses: tried everywhere
NASTY = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", "é".encode() * 5_000, MARK.encode(), b"'; DROP TABLE post; --",
    b"../../../../etc/passwd", b"{{7*7}}${7*7}%(num)s%s%n", "٣".encode(), b"-1", b"9" * 30, b"1e309", b"NaN",
    "\u202e\u2066droite".encode(), b"\r\nSet-Cookie: a=b", b"0000-00-00", b"9999-12-31", b"2025-02-30", b"25:61",
    "🧑‍🧑‍🧒".encode() * 40, b"", b" \t\n ", b"//evil.example/", b"/\\evil.example",
    b"https://evil.example/", b"=1+1", "\ufffe".encode(),
)  # fmt: skip
# In the place of an id, beside the above: an id of the right length, a true one that was tampered with.
NASTY_IDS = (
    b"0" * 16, b"a" * 16, b"x" * 10_000, b"..", b"%", b"1", b"9" * 30, b"\xf0\x9f\x8e\x92", *NASTY[2:4],
    NASTY[6],
)  # fmt: skip
BODIES = {
    "json": (b'{"text": "x", "csrf_token": 1}', "application/json"),
    "text": (b"text=x", "text/plain"),
    "no type": (b"text=x", ""),
    "not utf-8": (b"text=%ff%fe&\xff\xfe=\xff", "application/x-www-form-urlencoded"),
    "other charset": ("text=été".encode("utf-16"), "application/x-www-form-urlencoded; charset=utf-16"),
    "many fields": (b"&".join(b"a%d=1" % n for n in range(3_000)), "application/x-www-form-urlencoded"),
    "no boundary": (b"--x\r\n\r\n--x--", "multipart/form-data"),
    "cut short": (b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nmot', "multipart/form-data; boundary=x"),
    "no name": (b"--x\r\nContent-Disposition: form-data\r\n\r\nmot\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    "nested": (
        b'--x\r\nContent-Disposition: form-data; name="files"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n'
        b'--y\r\nContent-Disposition: file; filename="a"\r\n\r\nmot\r\n--y--\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "many parts": (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(2_000)) + b"--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
}
HEADERS = (
    {"Accept-Language": "x" * 9_000}, {"Accept-Language": "\xe9;q=nan,fr;q=-1"}, {"Accept": "application/json"},
    {"Accept": "*/*;q=x"}, {"If-None-Match": '"' * 500}, {"If-Modified-Since": "jamais"}, {"Range": "bytes=9-1,-,a-b"},
    {"Range": "bytes=-" + "9" * 40}, {"Cookie": "preau=\xff\xfe; language=\0; theme=<script>"},
    {"Cookie": "preau=" + "é" * 43},
    {"Cookie": "; ; =; preau"}, {"User-Agent": "\xff" * 3_000}, {"X-Forwarded-For": "' OR 1=1"}, {"HX-Request": "true"},
    {"Host": "evil.example"}, {"Referer": "\xff"}, {"Content-Length": "-1"}, {"Content-Type": "\xff/\xff"},
    {"Authorization": "Bearer \xff"}, {"Sec-Purpose": "prefetch;x"}, {"X-HTTP-Method-Override": "DELETE"},
    {"Referer": "https://["}, {"Origin": "http://["},
)  # fmt: skip


def naughty_strings(shared_data: Path) -> list[bytes]:
    """The Big List of Naughty Strings."""
    listed = json.loads((shared_data / "vectors" / "blns" / "blns.json").read_text(encoding="utf-8"))
    return [text.encode("utf-8", "surrogatepass") for text in listed]


@functools.cache
def someone_for(route: Route) -> str:
    """A person for whom this route opens, by the matrix."""
    order = ("guardian1", "teacher", "principal", "admin", "dpo", "visitor")
    for row in matrix.read():
        if f"{row.method} {row.rule}" == str(route):
            cells = dict(zip(PEOPLE, row.cells, strict=True))
            found = [person for person in order if cells[person] in (matrix.OK, matrix.RULE)]
            if found:
                return found[0]
    return "principal"


class _Listening(ImmutableMultiDict):
    """Parameters that remember which of them were asked for."""

    asked: set[str] = set()

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key, *more, **options):
        self.asked.add(key)
        return super().get(key, *more, **options)

    def getlist(self, key, *more, **options):
        self.asked.add(key)
        return super().getlist(key, *more, **options)


_found: dict[str, tuple[str, ...]] = {}


def parameters_of(town: Town, monkeypatch) -> dict[str, tuple[str, ...]]:
    """The parameters that each route reads, in its address or its body, found once by listening to it."""
    if _found:
        return _found
    listening = type("Listening", (town.app.request_class,), {"parameter_storage_class": _Listening})
    with monkeypatch.context() as patch:
        patch.setattr(town.app, "request_class", listening)
        for route in list_routes(town.app):
            _Listening.asked.clear()
            with town.undone():
                town.ask(someone_for(route), route.method, address(route, town.home), data_for(route, town.home))
            asked = sorted(name for name in _Listening.asked if isinstance(name, str) and name != "csrf_token")
            _found[str(route)] = tuple(asked)
    return _found


def encoded(data: dict) -> bytes:
    """A form as the body of a request, with bytes as they are; files are left out."""
    pairs = []
    for name, value in data.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str | bytes):
                pairs.append(f"{quote(name)}={quote_from_bytes(each if isinstance(each, bytes) else each.encode())}")
    return "&".join(pairs).encode()
