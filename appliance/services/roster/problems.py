"""What a reader of rosters says: a problem is data (kind, place, values), put into words when it is shown.

A problem holds names, because someone must find the line: it is for the screen of who imports, never for a log.
"""

from dataclasses import dataclass, field

from appliance.core.errors import Refused
from appliance.services.roster.wording import KINDS

ERROR = "error"  # the line is held back until someone decides
WARNING = "warning"  # the line is taken; one of its values is dropped or doubtful
NOTICE = "notice"  # taken as it is; worth a look


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to know about a line; `values` are what its text needs and nothing else."""

    kind: str
    severity: str
    file: str
    line: int | None = None
    field: str | None = None
    values: tuple[tuple[str, str], ...] = ()

    @property
    def message(self) -> str:
        """The text for the person who imports, in their language."""
        return str(KINDS[self.kind][1]) % {"file": self.file, **dict(self.values)}

    def __str__(self) -> str:
        return self.message


class RosterRefused(Refused):
    """The file as a whole cannot be read as a roster; nothing was taken from it."""

    def __init__(self, kind: str, file: str, line: int | None = None, **values: object):
        self.problem = make_problem(kind, file, line, **values)
        super().__init__(self.problem)


def make_problem(kind: str, file: str, line: int | None = None, field: str | None = None, **values: object) -> Problem:
    """A problem of a known kind; long values are cut, because a hostile cell must not fill the page."""
    shown = tuple(sorted((name, _cut(str(value))) for name, value in values.items()))
    return Problem(kind, KINDS[kind][0], file, line, field, shown)


def lines_text(lines) -> str:
    """Line numbers for a message, in order; a long list is cut and says so."""
    ordered = sorted(set(lines))
    return ", ".join(map(str, ordered[:20])) + (", …" if len(ordered) > 20 else "")


def _cut(text: str, longest: int = 120) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


@dataclass
class Problems:
    """The problems of a reading, up to a limit per severity; beyond it they are counted, never lost silently."""

    limit: int = 500
    found: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, file: str, line: int | None = None, field: str | None = None, **values: object) -> None:
        """Note a problem of a known kind."""
        severity = KINDS[kind][0]
        self.counts[severity] = self.counts.get(severity, 0) + 1
        if self.counts[severity] <= self.limit:
            self.found.append(make_problem(kind, file, line, field, **values))

    def all(self) -> tuple[Problem, ...]:
        """What was found, errors first, then by file and line; ended by how many more there were."""
        rank = {ERROR: 0, WARNING: 1, NOTICE: 2}
        ordered = sorted(self.found, key=lambda p: (rank[p.severity], p.file, p.line or 0, p.kind, p.values))
        more = sum(max(0, count - self.limit) for count in self.counts.values())
        if more:
            ordered.append(make_problem("more_problems", "", count=more))
        return tuple(ordered)
