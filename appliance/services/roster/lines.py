"""A row seen through its columns: each value is read by one rule, and reported under the title that the person sees."""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.services.roster.fields import read_email, read_phone
from appliance.services.roster.matching import name_key
from appliance.services.roster.problems import Problems
from appliance.services.roster.records import RosterPhone
from appliance.services.roster.tables import Limits, Row, Table

UNREADABLE = "\ufffd"
NAMES = ("last_name", "usage_name", "first_name")


@dataclass(frozen=True)
class Line:
    """One row of a table, read by field."""

    table: Table
    columns: dict[str, int]
    row: Row
    problems: Problems
    limits: Limits

    @property
    def number(self) -> int:
        """The number of the line in the file, from 1."""
        return self.row.line

    @property
    def name(self) -> str:
        """The person as a message names them."""
        return f"{self.text('last_name')} {self.text('first_name')}".strip()

    def text(self, field: str) -> str:
        """The cell of a field as written; empty where the file has no such column."""
        column = self.columns.get(field)
        return "" if column is None else self.row.cells[column]

    def report(self, kind: str, field: str | None = None, **values: object) -> None:
        """Note a problem of this line."""
        title = self.table.header[self.columns[field]] if field in self.columns else field
        self.problems.add(kind, self.table.file, self.number, title, **values)

    def has_names(self) -> bool:
        """Whether family and first name can be read; reported where not."""
        if not all(name_key(self.text(field)) for field in ("last_name", "first_name")):
            self.report("missing_name")
            return False
        if any(UNREADABLE in self.text(field) for field in NAMES):
            self.report("unreadable_name")
            return False
        if any(len(self.text(field)) > self.limits.name_chars for field in NAMES):
            self.report("name_too_long", count=self.limits.name_chars)
            return False
        return True

    def email(self) -> str:
        """The e-mail address, or nothing where it cannot be one."""
        address, understood = read_email(self.text("email"))
        if not understood:
            self.report("bad_email", "email", value=self.text("email"))
        return address

    def phones(self) -> tuple[RosterPhone, ...]:
        """The telephone numbers by kind; an extension is any short text."""
        found = []
        for kind in ("home", "work", "extension", "mobile", "other"):
            text = self.text(kind)
            number, understood = (text, True) if kind == "extension" else read_phone(text)
            if not understood:
                self.report("bad_phone", kind, value=text)
            if number:
                found.append(RosterPhone(kind, number))
        return tuple(found)


def read_lines(
    table: Table, columns: dict[str, int], problems: Problems, limits: Limits, blocks: tuple[dict[str, int], ...] = ()
) -> Iterator[Line]:
    """Yield the lines; one that ends before its last column, or inside a child, may have been cut: it is reported."""
    last = max(columns.values())
    for row in table.rows:
        cut = any(0 < sum(at < row.written for at in block.values()) < len(block) for block in blocks)
        if row.written <= last or cut:
            problems.add("short_row", table.file, row.line, count=row.written, expected=len(table.titles))
        yield Line(table, columns, row, problems, limits)
