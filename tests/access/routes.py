"""The routes of the application, how to write their addresses with the ids of a class, and what a request wrote."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.storage import database
from appliance.web.routing import ACCESS
from tests.access.town import BOOKKEEPING, Objects

# Arguments of addresses that name no object: a code is its own key, the others choose among views.
NO_OBJECT = {"code", "rendition", "number", "kind", "role"}
_ARGUMENT = re.compile(r"<(?:[^<>:]+:)?([a-z_]+)>")
_WRITE = re.compile(r'\s*(INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?(.*)', re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Route:
    """One method of one address."""

    method: str
    rule: str
    endpoint: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return self.method + " " + _ARGUMENT.sub(r"<\1>", self.rule)

    @property
    def access(self) -> str | None:
        """What the route declares."""
        return ACCESS.get(self.endpoint)

    @property
    def objects(self) -> tuple[str, ...]:
        """The arguments that name something that not everybody may see."""
        return tuple(name for name in self.arguments if name not in NO_OBJECT)


def list_routes(app, method: str = "") -> list[Route]:
    """Every method of every address but the static files, by address; or those of one method."""
    found = []
    for rule in app.url_map.iter_rules():
        for each in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            if rule.endpoint != "static" and method in ("", each):
                found.append(Route(each, rule.rule, rule.endpoint, tuple(sorted(rule.arguments))))
    return sorted(found, key=lambda route: (route.rule, route.method))


def address(route: Route, objects: Objects, **others: str) -> str:
    """The route's address for these objects; `others` are ids that take the place of some."""
    values = {"rendition": "medium", "number": "1", "kind": "ecoles", "role": "principal", **objects.ids}
    if route.endpoint.startswith("signin."):
        values["code"] = objects.ids["reset_code"]
    if "/fonctions/" in route.rule:
        values["account"] = objects.variants["account"]["head"]
    return _ARGUMENT.sub(lambda found: str({**values, **others}[found[1]]), route.rule)


@contextmanager
def writes() -> Iterator[list[str]]:
    """The tables that are written to inside, bookkeeping aside."""
    found: list[str] = []
    target = database.db.obj
    run = target.execute_sql

    def watched(sql, *arguments, **options):
        cursor, match = run(sql, *arguments, **options), _WRITE.match(sql)
        own = match and match[2] == "session" and re.search("seen_at|flashes", match[3])
        if match and match[2] not in BOOKKEEPING and not own and cursor.rowcount:
            found.append(match[2])
        return cursor

    target.execute_sql = watched
    try:
        yield found
    finally:
        del target.execute_sql


def plain(answer, *ids: str) -> str:
    """The answer as text, where ids, forgery tokens and incident numbers are all alike."""
    text = answer.get_data().decode("utf-8", "replace")
    for each in sorted(filter(None, ids), key=len, reverse=True):
        text = text.replace(each, "ID")
    text = re.sub(r'(name="csrf[_-]token"[^>]*(?:value|content)=)"[^"]+"', r'\1"TOKEN"', text)
    return re.sub(r'(name="submission"[^>]*value=)"[^"]+"', r'\1"NEW"', text)
