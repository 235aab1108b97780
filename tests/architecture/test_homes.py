"""Each thing has one home (clock, files, SQL), files stay readable, and the code says which rules it keeps."""

import ast
import re
from collections.abc import Iterable

import pytest

from tests.support.source import Module, complain, module, modules

CLOCK = "appliance.core.clock"
READS_THE_CLOCK = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}

_LAST_OF_THEM = {name.rsplit(".", 1)[1] for name in READS_THE_CLOCK}

# A backup is files somewhere else.
MAY_WRITE_FILES = ("appliance.storage", "appliance.cli", "appliance.services.backup", "installer")
# Modules elsewhere that must write all the same, with the reason why.
WRITING_MODULES = {
    "appliance.crypto.keyfile": "creates the key file, once and durable; format and safety are one rule",
    "appliance.server": "makes the private folder on a RAM disk where waitress spools large bodies",
}
WRITING_METHODS = {"write_text", "write_bytes", "mkdir", "unlink", "rmdir", "touch", "symlink_to", "hardlink_to"}
WRITING_FUNCTIONS = re.compile(
    r"^(shutil\.(copy\w*|move|rmtree)|tempfile\.\w+|os\.(replace|rename|remove|unlink|mkdir|makedirs|rmdir|truncate|link|symlink))$"
)

SQL = re.compile(
    r"\b(SELECT\s[\s\S]+\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|ALTER|DROP)\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s|PRAGMA\s+\w)"
)

LINES = 400  # the guide is 300; past 400 a file must be named here, with the reason why it is one thing
LONG_FILES: dict[str, str] = {}

DOCUMENTED = re.compile(r"^appliance\.((services|crypto|storage)\b|features\.\w+\.(actions|queries|policy)\b)")


def clock_problems(found: Iterable[Module]) -> list[str]:
    """Reading the time anywhere but in core.clock, which tests can stop."""
    return [
        f"{each.path}:{node.lineno}: {each.dotted(node)} reads the time. Use core.clock (now, today, monotonic)."
        for each in found
        if each.name != CLOCK
        for node in each.nodes
        if (isinstance(node, ast.Name) or isinstance(node, ast.Attribute) and node.attr in _LAST_OF_THEM)
        and each.dotted(node) in READS_THE_CLOCK
    ]


def file_problems(found: Iterable[Module]) -> list[str]:
    """Writing files outside storage, the commands and the installer."""
    return [
        f"{each.path}:{node.lineno}: {ast.unparse(node.func)}(…) writes a file. Let appliance.storage do it."
        for each in found
        if not each.within(*MAY_WRITE_FILES, *WRITING_MODULES)
        for node in each.nodes
        if isinstance(node, ast.Call) and writes(each, node)
    ]


def writes(each: Module, call: ast.Call) -> bool:
    """Whether a call looks like one that writes a file."""
    called = each.dotted(call.func)
    if called.startswith("appliance."):  # a function of our own: what it does is judged where it stands
        return False
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if called == "os.open":
        return bool(re.search(r"O_(WRONLY|RDWR|CREAT|APPEND|TRUNC)", ast.unparse(call)))
    if called in ("open", "io.open") or method == "open":
        # The mode is the first argument of a path's own open(), the second of the function, whose first is the file.
        position = 1 if called in ("open", "io.open") else 0
        arguments = call.args[position : position + 1] + [word.value for word in call.keywords if word.arg == "mode"]
        modes = [value.value for value in arguments if isinstance(value, ast.Constant) and isinstance(value.value, str)]
        if any(re.fullmatch(r"[rwaxbt+]{1,4}", mode) and set(mode) & set("wax+") for mode in modes):
            return True
    return method in WRITING_METHODS or bool(WRITING_FUNCTIONS.match(called))


def sql_problems(found: Iterable[Module]) -> list[str]:
    """SQL text outside storage."""
    problems = []
    for each in found:
        if each.within("appliance.storage"):
            continue
        for node in each.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in each.prose:
                if SQL.search(node.value):
                    problems.append(
                        f"{each.path}:{node.lineno}: SQL text. Write it with peewee, or put it into appliance.storage."
                    )
            elif (
                isinstance(node, ast.Attribute)
                and node.attr in ("execute_sql", "raw")
                and isinstance(node.ctx, ast.Load)
            ):
                problems.append(f"{each.path}:{node.lineno}: .{node.attr} takes SQL text. Only appliance.storage does.")
        problems += [
            f"{each.path}:{line}: peewee.SQL holds SQL text. Only appliance.storage uses it."
            for line, name in each.imports
            if name == "peewee.SQL"
        ]
    return problems


def length_problems(found: Iterable[Module], exceptions: dict[str, str] = LONG_FILES) -> list[str]:
    """Files too long to be read in one go, and exceptions that have lost their object."""
    lengths = {each.path: each.text.count("\n") for each in found}
    problems = [
        f"{path}: {lines} lines; the guide is 300. Split it by what it does (actions/: a file a verb)."
        for path, lines in lengths.items()
        if lines > LINES and path not in exceptions
    ]
    return problems + [
        f"{path} is listed in LONG_FILES, but is not long any more. Take it off the list."
        for path in exceptions
        if lengths.get(path, 0) <= LINES
    ]


def docstring_problems(found: Iterable[Module]) -> list[str]:
    """Modules, and public functions where rules live, that don't say which rule they keep."""
    problems = []
    for each in found:
        if not ast.get_docstring(each.tree):
            problems.append(
                f"{each.path}: no docstring. Begin the module with the rule that it keeps, in a line or a few."
            )
        if not DOCUMENTED.match(each.name):
            continue
        for node in each.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if not node.name.startswith("_") and not ast.get_docstring(node):
                    problems.append(
                        f"{each.path}:{node.lineno}: {node.name} has no docstring. State its rule in one sentence."
                    )
    return problems


RULES = [clock_problems, file_problems, sql_problems, length_problems, docstring_problems]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_keeps_the_rule(rule):
    assert modules(), "No module was read: the rules would pass over nothing."
    problems = rule(modules())
    assert not problems, complain(problems)


BROKEN = [
    (clock_problems, "appliance.school.years", "from datetime import datetime\nat = datetime.now()"),
    (clock_problems, "appliance.school.years", "import datetime as dt\nat = dt.date.today"),
    (clock_problems, "appliance.school.years", "from time import time as stamp\nat = stamp()"),
    (file_problems, "appliance.services.media", "def f(p):\n    open(p, 'wb')"),
    (file_problems, "appliance.services.media", "def f(p):\n    p.open(mode='a')"),
    (file_problems, "appliance.services.media", "def f(p):\n    p.write_text('x')"),
    (file_problems, "appliance.services.media", "import os\nos.open('x', os.O_WRONLY | os.O_CREAT)"),
    (file_problems, "appliance.features.feed.actions", "import shutil\nshutil.rmtree('x')"),
    (file_problems, "appliance.services.media", "from tempfile import NamedTemporaryFile\nNamedTemporaryFile()"),
    (sql_problems, "appliance.features.feed.queries", "rows = 'SELECT id FROM post WHERE 1'"),
    (sql_problems, "appliance.features.feed.queries", "x = f'UPDATE {table} SET a = 1 '\ny = 'UPDATE post SET a = 1'"),
    (sql_problems, "appliance.features.feed.queries", "db.execute_sql(text)"),
    (sql_problems, "appliance.features.feed.queries", "from peewee import SQL"),
    (length_problems, "appliance.features.feed.queries", "a = 1\n" * 401),
    (docstring_problems, "appliance.web.shell", "a = 1"),
    (docstring_problems, "appliance.features.feed.actions.publish", '"""Doc."""\ndef publish(actor): pass'),
    (docstring_problems, "appliance.crypto.stream", '"""Doc."""\nclass Reader: pass'),
]


@pytest.mark.parametrize(("rule", "name", "text"), BROKEN)
def test_the_rule_sees_a_breach(rule, name, text):
    assert rule([module(name, text)])


SOUND = [
    (clock_problems, "appliance.school.years", "from appliance.core import clock\nat = clock.now()"),
    (clock_problems, CLOCK, "from datetime import datetime\nat = datetime.now()"),
    (
        file_problems,
        "appliance.services.media",
        "def f(p, picture):\n    p.open('rb')\n    picture.save(buffer)\n    'a'.replace('a', 'b')",
    ),
    (file_problems, "appliance.services.media", "import os\nos.open('x', os.O_RDONLY)"),
    (file_problems, "appliance.web.shell", "from appliance.services import children\nchildren.unlink(1)"),
    (file_problems, "appliance.storage.blobs", "def f(p):\n    open(p, 'wb')"),
    (sql_problems, "appliance.features.feed.queries", '"""SELECT the posts FROM the feed of one class."""'),
    (sql_problems, "appliance.web.shell", "label = 'Select a child from the list'"),
    (length_problems, "appliance.features.feed.queries", "a = 1\n" * 400),
    (docstring_problems, "appliance.storage.fields", '"""Doc."""\ndef _inner(): pass\ndef outer():\n    "Doc."'),
]


@pytest.mark.parametrize(("rule", "name", "text"), SOUND)
def test_the_rule_lets_sound_code_pass(rule, name, text):
    assert rule([module(name, text)]) == []


def test_an_exception_from_the_length_must_still_be_needed():
    assert length_problems([module("appliance.core.ids", "a = 1\n")], {"appliance/core/ids.py": "one table"})
