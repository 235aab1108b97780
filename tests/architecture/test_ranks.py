"""Who may import whom: only lower ranks; features meet through api.py, declared and without cycles; few libraries."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable

import pytest

from tests.support.source import ROOT, Module, complain, module, modules

RANKS = {
    "core": 0,
    "crypto": 1,
    "storage": 2,
    "school": 3,
    "services": 4,
    "web": 5,
    "features": 6,
    "app": 7,
    "server": 7,
    "cli": 7,
    "__main__": 7,
}
KERNEL_WITHOUT_HTTP = ("core", "crypto", "storage", "school", "services")
SLICE_WITHOUT_HTTP = ("actions", "queries", "policy", "models", "jobs")
HTTP = {"flask", "flask_login", "flask_wtf", "wtforms", "werkzeug"}
ORM = {"peewee", "playhouse"}
# The name that is imported, where it differs from the name that is installed.
IMPORTED_AS = {"argon2-cffi": "argon2", "markdown-it-py": "markdown_it", "pillow": "PIL", "psycopg2-binary": "psycopg2"}
# What comes with a declared library and is used under its own name.
COMES_ALONG = {
    "werkzeug": "flask",
    "jinja2": "flask",
    "markupsafe": "flask",
    "playhouse": "peewee",
    "botocore": "boto3",
}


def area(name: str) -> str:
    """The first folder below `appliance`: `storage` for `appliance.storage.fields`."""
    return name.split(".")[1] if "." in name else ""


def own_imports(each: Module) -> Iterable[tuple[int, str]]:
    """The imports of the appliance's own modules."""
    return ((line, name) for line, name in each.imports if name.split(".")[0] == "appliance" and area(name))


def rank_problems(found: Iterable[Module]) -> list[str]:
    """Imports that go up, and modules without a rank."""
    problems = []
    for each in found:
        here = area(each.name)
        if not each.within("appliance") or not here:
            continue
        if here not in RANKS:
            problems.append(
                f"{each.path}: appliance.{here} has no rank. Move it into a folder of the tree, or rank it in RANKS."
            )
            continue
        for line, name in own_imports(each):
            there = area(name)
            if there == "__version__" or there == here:
                continue
            if RANKS.get(there, -1) > RANKS[here] or there not in RANKS:
                problems.append(
                    f"{each.path}:{line}: {here} (rank {RANKS[here]}) imports {name} (rank {RANKS.get(there, '?')}). "
                    "Move the shared part down, or let the upper side subscribe to an event on core.bus."
                )
    return problems


def crypto_problems(found: Iterable[Module]) -> list[str]:
    """Crypto takes bytes and gives bytes: of the appliance it knows core.errors alone."""
    return [
        f"{each.path}:{line}: crypto imports {name}. Pass what it needs as bytes; only core.errors may be imported."
        for each in found
        if each.within("appliance.crypto")
        for line, name in own_imports(each)
        if not re.match(r"appliance\.(crypto\b|core\.errors\b)", name)
    ]


def http_problems(found: Iterable[Module]) -> list[str]:
    """Flask stays in web, in the composition root, and in a slice's routes and forms."""
    problems = []
    for each in found:
        parts = each.name.split(".")
        in_kernel = each.within(*(f"appliance.{folder}" for folder in KERNEL_WITHOUT_HTTP))
        in_slice = each.within("appliance.features") and len(parts) > 3 and parts[3] in SLICE_WITHOUT_HTTP
        if not (in_kernel or in_slice):
            continue
        for line, name in each.imports:
            if name.split(".")[0] in HTTP or (in_slice and re.match(r"appliance\.web\b", name)):
                problems.append(
                    f"{each.path}:{line}: imports {name}, but knows nothing of HTTP. "
                    "Take plain values as arguments, and leave requests to routes.py or appliance/web."
                )
            elif in_slice and re.match(rf"{re.escape('.'.join(parts[:3]))}\.(routes|forms)\b", name):
                problems.append(
                    f"{each.path}:{line}: {parts[3]} imports {name}. Routes call the rules, never the reverse."
                )
    return problems


def orm_problems(found: Iterable[Module]) -> list[str]:
    """Core and crypto know no database."""
    return [
        f"{each.path}:{line}: imports {name}. Core and crypto know no database: move this to storage or above."
        for each in found
        if each.within("appliance.core", "appliance.crypto")
        for line, name in each.imports
        if name.split(".")[0] in ORM
    ]


def declared_uses(each: Module) -> set[str]:
    """The `uses=(…)` of a slice's manifest."""
    for node in ast.walk(each.tree):
        if isinstance(node, ast.Call) and each.dotted(node.func).split(".")[-1] == "Feature":
            for keyword in node.keywords:
                if keyword.arg == "uses":
                    return set(ast.literal_eval(keyword.value))
    return set()


def feature_problems(found: Iterable[Module]) -> list[str]:
    """A slice reaches another only through its api.py, having declared it; and no two slices use each other."""
    slices = [each for each in found if each.within("appliance.features") and each.name.count(".") >= 2]
    uses: dict[str, set[str]] = {}
    for each in slices:
        uses.setdefault(each.name.split(".")[2], set())
        if each.name.count(".") == 2:
            uses[each.name.split(".")[2]] |= declared_uses(each)
    problems = []
    for each in slices:
        own = each.name.split(".")[2]
        for line, name in own_imports(each):
            parts = name.split(".")
            if parts[1] != "features" or len(parts) < 3 or parts[2] == own:
                continue
            if parts[2] not in uses:
                problems.append(
                    f"{each.path}:{line}: a slice imports the list of features ({name}). Only app.py reads it."
                )
            elif parts[3:4] != ["api"]:
                problems.append(
                    f"{each.path}:{line}: {own} imports {name}. Go through appliance.features.{parts[2]}.api."
                )
            elif parts[2] not in uses[own]:
                problems.append(
                    f'{each.path}:{line}: {own} uses {parts[2]} unsaid. Declare uses=("{parts[2]}",) in its manifest.'
                )
    for own, others in uses.items():
        problems += [
            f"appliance/features/{own}: uses={name!r}, which is no feature." for name in sorted(others - set(uses))
        ]
    return problems + [
        f"The slices use each other in a circle: {circle}. Let one listen to the other's events."
        for circle in circles(uses)
    ]


def circles(uses: dict[str, set[str]]) -> list[str]:
    """The circles among what uses what, each named once."""
    found, done = [], set()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            found.append(" → ".join([*path[path.index(name) :], name]))
        elif name not in done:
            for other in sorted(uses.get(name, ())):
                visit(other, [*path, name])
            done.add(name)

    for name in sorted(uses):
        visit(name, [])
    return found


def declared_libraries() -> set[str]:
    """The top-level names that pyproject.toml entitles the code to import."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    wanted = project["dependencies"] + optional["postgresql"] + optional["s3"]
    names = {re.match(r"[A-Za-z0-9-]+", each)[0].lower() for each in wanted}
    imported = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}
    return imported | {extra for extra, owner in COMES_ALONG.items() if owner in imported}


def library_problems(found: Iterable[Module]) -> list[str]:
    """Libraries that the code imports without their being declared, and psycopg2 outside storage."""
    allowed = declared_libraries() | set(sys.stdlib_module_names) | {"appliance", "installer"}
    problems = []
    for each in found:
        for line, name in each.imports:
            top = name.split(".")[0]
            if top not in allowed:
                problems.append(
                    f"{each.path}:{line}: imports {top}, which pyproject.toml doesn't name. Do without it, or name it."
                )
            elif top == "psycopg2" and not each.within("appliance.storage"):
                problems.append(f"{each.path}:{line}: imports psycopg2. Only storage knows which database it is.")
    return problems


RULES = [rank_problems, crypto_problems, http_problems, orm_problems, feature_problems, library_problems]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule):
    assert modules(), "No module was read: the rules would pass over nothing."
    problems = rule(modules())
    assert not problems, complain(problems)


FEED = module("appliance.features.feed", "feature = Feature(name='feed')")
POLLS = module("appliance.features.polls", "feature = Feature(name='polls', uses=('feed',))")

BROKEN = [
    (rank_problems, [module("appliance.storage.blobs", "from appliance.school import models")]),
    (rank_problems, [module("appliance.core.ids", "def f():\n    import appliance.web.shell")]),
    (rank_problems, [module("appliance.core.ids", "from ..web import shell")]),
    (rank_problems, [module("appliance.helpers.misc", "")]),
    (rank_problems, [module("appliance.web.shell", "from appliance.features import polls")]),
    (crypto_problems, [module("appliance.crypto.stream", "from appliance.core import clock")]),
    (http_problems, [module("appliance.services.mail", "from flask import current_app")]),
    (http_problems, [module("appliance.features.feed.queries", "from flask_login import current_user")]),
    (http_problems, [module("appliance.features.feed.actions.publish", "from appliance.web import sessions")]),
    (http_problems, [module("appliance.features.feed.policy", "from appliance.features.feed.routes import show")]),
    (orm_problems, [module("appliance.core.ids", "from playhouse.pool import PooledPostgresqlDatabase")]),
    (
        feature_problems,
        [FEED, POLLS, module("appliance.features.polls.actions", "from appliance.features.feed import models")],
    ),
    (
        feature_problems,
        [FEED, POLLS, module("appliance.features.feed.actions", "from appliance.features.polls import api")],
    ),
    (feature_problems, [POLLS]),
    (feature_problems, [POLLS, module("appliance.features.feed", "feature = Feature(uses=('polls',))")]),
    (library_problems, [module("appliance.services.mail", "import requests")]),
    (library_problems, [module("appliance.services.mail", "import psycopg2")]),
]


@pytest.mark.parametrize(("rule", "found"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_the_rule_sees_a_breach(rule, found):
    assert rule(found)


SOUND = [
    (
        rank_problems,
        [
            module(
                "appliance.features.feed.routes", "from appliance.web import shell\nfrom appliance import __version__"
            )
        ],
    ),
    (crypto_problems, [module("appliance.crypto.stream", "from appliance.core.errors import Tampered")]),
    (http_problems, [module("appliance.features.feed.routes", "import flask")]),
    (
        feature_problems,
        [FEED, POLLS, module("appliance.features.polls.actions", "from appliance.features.feed import api")],
    ),
    (library_problems, [module("appliance.services.media", "import io\nfrom PIL import Image\nimport markdown_it")]),
]


@pytest.mark.parametrize(("rule", "found"), SOUND, ids=lambda value: getattr(value, "__name__", ""))
def test_the_rule_lets_sound_code_pass(rule, found):
    assert rule(found) == []
