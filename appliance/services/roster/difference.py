"""The parts of a plan: rows to write, the lines that show them, the doubts left to people, and the counts."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.services.roster.identity import Doubt
from appliance.services.roster.records import Roster
from appliance.services.roster.state import State

KINDS = ("class", "pupil", "guardian", "link")


@dataclass(frozen=True)
class Step:
    """One row to write. `ref` is its number, or the roster's key of one to come; so are the values of foreign keys."""

    table: str
    action: str
    ref: object
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """What one line of the difference says, and the rows that it stands for.

    `state` is new, changed, left, kept (the school's own decision stands against the file) or silent (nothing to show).
    """

    kind: str
    state: str
    name: str
    place: str = ""
    fields: tuple[tuple[str, object, object], ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class TeacherLine:
    """A teacher of the file: nobody gets an account from it; `known` tells that a colleague of this name is there."""

    name: str
    email: str
    classes: tuple[str, ...]
    is_head: bool
    known: bool


@dataclass(frozen=True)
class Plan:
    """What an import would do; `digest` changes with anything that it would do otherwise.

    `doubts` are open, `asked` holds those that were answered as well.
    """

    state: State
    roster: Roster
    differences: tuple[Difference, ...]
    doubts: tuple[Doubt, ...]
    asked: tuple[Doubt, ...] = ()
    teachers: tuple[TeacherLine, ...] = ()
    held_links: int = 0
    held_pupils: int = 0

    def select(self, state: str, kind: str | None = None) -> list[Difference]:
        """The lines of one state, of one kind or of all."""
        return [each for each in self.differences if each.state == state and kind in (None, each.kind)]

    @property
    def steps(self) -> list[Step]:
        """Every row to write."""
        return [step for each in self.differences for step in each.steps]

    @property
    def changes_nothing(self) -> bool:
        """Whether applying it would write no row."""
        return not any(each.steps for each in self.differences)

    @property
    def looks_like_next_year(self) -> bool:
        """Whether most pupils whom the school has in a class would go from it to another: so does a list of next year,
        which would empty this year's classes."""
        moves = [field for each in self.select("changed", "pupil") for field in each.fields if field[0] == "class"]
        moved = sum(bool(before) for _name, before, _after in moves)
        return moved > 2 and 2 * moved > sum(bool(rooms) for rooms in self.state.classes_of.values())

    def tally(self) -> dict[str, dict[str, int]]:
        """How many of each kind are new, changed, left, kept, ambiguous and unchanged."""
        found = Counter((each.kind, each.state) for each in self.differences)
        changed = {kind: found[kind, "changed"] for kind in KINDS}
        doubts = Counter({"classroom": "class"}.get(doubt.kind, doubt.kind) for doubt in self.doubts)
        sizes = {"class": self.roster.classes, "pupil": self.roster.pupils, "guardian": self.roster.guardians}
        total = {kind: len(listed) for kind, listed in sizes.items()} | {"link": len(self.roster.links)}
        held = {"class": 0, "pupil": self.held_pupils, "guardian": 0, "link": self.held_links}
        return {
            kind: {
                "new": found[kind, "new"],
                "changed": changed[kind],
                "left": found[kind, "left"],
                "kept": found[kind, "kept"],
                "ambiguous": doubts[kind],
                "held_back": held[kind],
                "unchanged": total[kind] - found[kind, "new"] - changed[kind] - doubts[kind] - held[kind],
            }
            for kind in KINDS
        }

    def counts(self) -> dict[str, object]:
        """The numbers of the whole import, without a name."""
        tally = self.tally()
        sums = {state: sum(each[state] for each in tally.values()) for state in tally["class"]}
        return {**self.roster.summary(), **sums, "by_kind": tally}

    @property
    def digest(self) -> str:
        """The same for two plans only if they would write the same rows and leave the same doubts."""
        told = [(each.kind, each.state, each.name, each.place, each.fields) for each in self.differences]
        steps = [(step.table, step.action, step.ref, sorted(step.values.items(), key=str)) for step in self.steps]
        doubts = [(doubt.id, doubt.candidates) for doubt in self.doubts]
        text = json.dumps([told, steps, doubts], default=str, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def shown_name(person) -> str:
    """Someone of a file or of the database, as a list shows them: the name in use, then the first name."""
    return f"{person.usage_name or person.last_name} {person.first_name}".strip()
