"""Reads tests/access/matrix.txt: who gets what at each address, one line an address and an object."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from tests.access.town import PEOPLE

FILE = Path(__file__).with_name("matrix.txt")
# The cells of the table.
OK, NOTHING, NO, RULE, SIGN_IN = "ok", "..", "no", "ru", "in"
CELLS = {
    OK: "it opens, or it is done",
    NOTHING: "it does not exist for them: the answer that an invented address gets",
    NO: "they may know of it, and may not do it",
    RULE: "theirs to do, but a rule refuses it and says why",
    SIGN_IN: "they are sent to the sign-in page, or a program is told that nobody is signed in",
}
_LINE = re.compile(r"(GET|POST|PATCH|DELETE) +(/\S*)((?: +\S\S)+)")


@dataclass(frozen=True)
class Row:
    """One line: an address, about one object, and a cell for each person."""

    method: str
    rule: str
    variants: tuple[tuple[str, str], ...]
    cells: tuple[str, ...]

    def __str__(self) -> str:
        named = " ".join(f"{name}={variant}" for name, variant in self.variants)
        return f"{self.method} {self.rule} {named}".strip()


@functools.cache
def read() -> tuple[Row, ...]:
    """The lines of the table; an ill-formed one is an error."""
    rows = []
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith(("GET", "POST", "PATCH", "DELETE")):
            continue
        match = _LINE.fullmatch(line.rstrip())
        cells = tuple(match[3].split()) if match else ()
        if len(cells) != len(PEOPLE) or not set(cells) <= CELLS.keys():
            raise ValueError(f"matrix.txt, line {number}: {len(PEOPLE)} cells are needed, among {sorted(CELLS)}")
        variants = tuple(re.findall(r"<(\w+)=([\w-]+)>", match[2]))
        rule = re.sub(r"<(\w+)=[\w-]+>", r"<\1>", match[2])
        rows.append(Row(match[1], rule, tuple((name, text.replace("-", " ")) for name, text in variants), cells))
    return tuple(rows)


def cell_of(answer) -> str:
    """The cell that an answer amounts to; anything else is told as it came."""
    if answer.status_code == 303 and answer.location.startswith("/connexion"):
        return SIGN_IN
    return {200: OK, 201: OK, 204: OK, 303: OK, 401: SIGN_IN, 404: NOTHING, 403: NO, 409: RULE, 422: RULE}.get(
        answer.status_code, str(answer.status_code)
    )
