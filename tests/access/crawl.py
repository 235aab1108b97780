"""Everything that one person can look at: what links lead to, and every address with every true id."""

import html
import re

from tests.access.routes import Route, address, list_routes, plain
from tests.access.town import Town

_LINK = re.compile(r'(?:href|src)="(/[^"#]*)')
_PUBLIC_ID = re.compile(r"\b[a-hjkmnp-tv-z0-9]{16}\b")
MOST = 400  # pages: more means that links never end


def crawl(town: Town, person: str) -> dict[str, tuple]:
    """Status, content headers and text of each page; ids and forgery tokens are alike in all of them."""
    todo = ["/", *known_addresses(town)]
    pages: dict[str, tuple] = {}
    while todo:
        url = todo.pop(0)
        name = _PUBLIC_ID.sub("ID", url) if url.startswith("/commentaires") else url
        if name in pages or url.startswith("/static/"):
            continue
        answer = town.ask(person, "GET", url)
        headers = {key: answer.headers.get(key) for key in ("Content-Type", "Location", "Content-Disposition")}
        pages[name] = (answer.status_code, headers, _PUBLIC_ID.sub("ID", plain(answer)))
        if (answer.headers.get("Content-Type") or "").startswith("text/html"):
            todo += [html.unescape(link) for link in _LINK.findall(answer.text)]
        assert len(pages) < MOST, f"links never end: {url}"
    return pages


def known_addresses(town: Town) -> list[str]:
    """Each address with each object of the class, whoever may see it."""
    found = []
    for route in list_routes(town.app, "GET"):
        if "code" not in route.arguments and route.access != "loopback":
            found += sorted({address(route, town.home, **chosen) for chosen in _choices(town, route)})
    return found


def _choices(town: Town, route: Route):
    yield {}
    for name in route.objects:
        for public_id in town.home.variants[name].values():
            yield {name: public_id}


def difference(one: dict, other: dict) -> list[str]:
    """Where two crawls differ, and by what."""
    found = [f"{url} is reached in one of both only" for url in sorted(one.keys() ^ other.keys())]
    for url in sorted(one.keys() & other.keys()):
        if one[url] != other[url]:
            found.append(f"{url}: {_first_difference(one[url], other[url])}")
    return found


def _first_difference(one: tuple, other: tuple) -> str:
    if one[:2] != other[:2]:
        return f"{one[:2]} and {other[:2]}"
    lines = zip(one[2].splitlines() + [""], other[2].splitlines() + [""], strict=False)
    return next((f"“{a.strip()[:160]}” and “{b.strip()[:160]}”" for a, b in lines if a != b), "one is longer")
