"""Every page of help says what its command does and gives lines to type; those lines, and the documents', are true."""

import argparse
import re
import shlex

import pytest

from appliance import cli
from tests.support.source import ROOT

# A line to type, without what explains it or what goes on after it.
TYPED = re.compile(r"^ *(?:\d\. )?(preau .*?)(?: {2,}.*| [;>|&] .*| #.*)?$", re.MULTILINE)
PAGES = [path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if path.name != "CHANGELOG.md"]


def walk(parser, name="preau"):
    """Every command and verb with its parser."""
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, child in action.choices.items():
                yield from walk(child, f"{name} {verb}")


COMMANDS = dict(walk(cli.build_parser()))


def require_true(line: str) -> None:
    """A line that the command would take, or the name of a command."""
    if line in COMMANDS:
        return
    try:
        cli.build_parser().parse_args(shlex.split(line)[1:])
    except SystemExit as stop:
        assert not stop.code, f"there is no such command line: {line}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_of_help_says_what_the_command_does_and_ends_with_lines_to_type(command):
    page = COMMANDS[command]
    lines = TYPED.findall(page.epilog or "")
    assert page.description and lines
    for line in lines:
        require_true(line)


def test_the_first_page_tells_the_exit_codes():
    assert re.search(r"0 done; 1 refused.*2 wrong command line; 130", COMMANDS["preau"].epilog, re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_that_a_document_names_are_there(page):
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    for line in [*TYPED.findall(blocks), *re.findall(r"`(?:\.venv/bin/)?(preau [^`]+)`", text)]:
        require_true(" ".join(line.split()))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_targets_of_make_that_a_document_names_are_there(page):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`(?:[A-Z]+=\S+ )*make ([a-z-]+)", text) + re.findall(r"^ *make ([a-z-]+)", text, re.MULTILINE)
    assert set(named) <= targets
