"""The school of the access tests: every person, one object of each kind in each class, and a way to undo a request.

It is built once, through the features' own actions. Each request of a test can run inside `undone()`, so that hundreds
of them start from the same rows without copying a database.
"""

import base64
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace

from appliance.app import all_models
from appliance.core import clock
from appliance.core.ids import new_id
from appliance.school import policy
from appliance.storage import database
from appliance.web import caching
from tests.support.world import Browser, World, _new_set_cookie

NOW = datetime(2025, 9, 15, 8, 0, tzinfo=UTC)  # the Monday on which `clock` stands

# What a request leaves behind without having changed anything: the journal, counted failures, freshness, one's session.
BOOKKEEPING = {"audit_entry", "audit_head", "audit_pseudonym", "revision", "sign_in_attempt"}
_VOLATILE = {("session", "seen_at"), ("session", "flashes")}

# The columns of the matrix, in order.
PEOPLE = {
    "visitor": "nobody is signed in",
    "guardian1": "legal authority over Léa; wrote, read and reacted",
    "guardian2": "the other guardian of Léa",
    "contact": "named for Léa, no authority",
    "withdrawn": "authority over Léa taken away",
    "hugo1": "guardian of another child of the class",
    "zoe1": "guardian in the class next door",
    "stranger": "guardian in another school",
    "teacher": "teacher of the class",
    "assistant": "assistant of the class",
    "teacher2": "teacher of the class next door",
    "far_teacher": "teacher of another school",
    "principal": "head of the school",
    "far_principal": "head of another school",
    "admin": "administrator of the académie or commune",
    "dpo": "data protection officer",
    "newcomer": "an account tied to nobody yet",
}
# Nothing of guardian1 may reach guardian2: every text that is only theirs carries this word.
CANARY = "Quetzalou"
MAIL, PHONE = f"{CANARY.lower()}@mail.test", "0611223344"
# Nothing of the class may reach whoever is not in it.
CLASS_CANARY = "Xylocope"


@dataclass
class Objects:
    """Public ids of what one class holds, by the name that routes give them; some kinds have variants."""

    ids: dict[str, str] = field(default_factory=dict)
    variants: dict[str, dict[str, str]] = field(default_factory=dict)

    def put(self, kind: str, public_id: str, variant: str = "") -> str:
        """Remember one object; the first of a kind stands for it."""
        self.ids.setdefault(kind, public_id)
        self.variants.setdefault(kind, {})[variant] = public_id
        return public_id

    def everything(self) -> list[tuple[str, str, str]]:
        """Kind, variant and id of each object."""
        return [(kind, name, value) for kind, named in self.variants.items() for name, value in named.items()]


class _Undo(Exception):
    pass


class Crash(SimpleNamespace):
    """What stands for the answer of a request that raised."""

    status_code, location, headers = 500, None, {}

    def __init__(self, text: str):
        super().__init__(text=text)

    def get_data(self, as_text: bool = False):
        """The cause, in place of a body."""
        return self.text if as_text else self.text.encode()


class Standing(Browser):
    """A browser that takes up a session made earlier; a visitor's cookie has no session behind it."""

    token = ""

    def set_token(self, token: str) -> None:
        """Hold this session's cookie."""
        self.token = token
        self.set_cookie(*(("preau", token) if _new_set_cookie() else ("localhost", "preau", token)))


@dataclass
class Town:
    """What the tests ask: browsers, ids, and `undone()`."""

    world: World
    home: Objects
    next_door: Objects
    far: Objects
    tokens: dict[str, str]

    @property
    def app(self):
        """The application."""
        return self.world.app

    def browser(self, person: str) -> Browser:
        """A fresh browser with this person's standing session."""
        browser = Standing(self.app)
        browser.set_token(self.tokens.get(person, "visitor".ljust(43, "-")))
        return browser

    def ask(self, person: str, method: str, url: str, data: dict | None = None, **options):
        """What this person gets; their forms carry the forgery proof."""
        browser = self.browser(person)
        if url.split("?")[0].startswith("/televersements") and method != "GET":
            return self.sent(browser, method, url, **{**self._piece(method, url), **options})
        if method != "GET" and method != "HEAD":
            data = {"csrf_token": browser.csrf_token, **(data or {})}
        return self.sent(browser, method, url, data=data, **options)

    def _piece(self, method: str, url: str) -> dict:
        """What a tus client sends: it has no forms."""
        named = (("filename", "menu.pdf"), ("classroom", self.home.ids["classroom"]))
        pairs = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in named)
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "2000", "Upload-Metadata": pairs, "Upload-Offset": "0"}
        if method == "POST" and url.count("/") > 1:
            headers["X-HTTP-Method-Override"] = "PATCH"
        return {"headers": headers, "data": b"Bonjour " * 10, "content_type": "application/offset+octet-stream"}

    def sent(self, browser: "Standing", method: str, url: str, **options):
        """The answer to one request; a crash is an answer too, with its cause."""
        try:
            return browser.open(url, method=method, buffered=True, **options)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            return Crash(f"{type(error).__name__}: {error} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})")

    @contextmanager
    def undone(self):
        """Whatever is written inside is rolled back, and nothing that was remembered meanwhile survives."""
        instant = clock.now()
        try:
            with database.db.atomic():
                yield
                raise _Undo
        except _Undo:
            pass
        finally:
            clock.set(instant)
            policy.forget()
            caching.store.clear()


def unknown_id() -> str:
    """An id of the right form that belongs to nothing."""
    return new_id()


def rows() -> dict[str, list[str]]:
    """Every row of every table that holds something, to tell what changed."""
    found = {}
    for model in all_models():
        table = model._meta.table_name
        if table not in BOOKKEEPING:
            kept = [each for each in model._meta.sorted_fields if (table, each.name) not in _VOLATILE]
            found[table] = sorted(map(repr, model.select(*kept).tuples()))
    return found


def changed(before: dict, after: dict) -> list[str]:
    """The tables that differ."""
    return [table for table in before if before[table] != after[table]]
