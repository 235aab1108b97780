"""Who of a roster is whom in the database: certain, new, or doubtful; a doubt is settled by a person, never guessed.

Certain means: the last file said exactly this of them; or the name and the birth date; or, for a guardian, the name and
a child in common. Each row of the database answers to one line at most.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

NEW = "new"


@dataclass(frozen=True)
class Doubt:
    """Someone of the file who may be one of several in the database; `id` names the doubt in a form."""

    kind: str
    key: str
    name: str
    place: str
    line: int | None
    reason: str
    candidates: tuple[int, ...]

    @property
    def may_be_new(self) -> bool:
        """Whether « none of them » is an answer: a name that two classes bear is not given to a third."""
        return self.reason != "several_classes"

    @property
    def id(self) -> str:
        """A short name that holds nobody's."""
        return hashlib.sha256(f"{self.kind}|{self.key}".encode()).hexdigest()[:16]


@dataclass
class Matches:
    """The answer for each key of the roster: a row number, new, or a doubt; `asked` holds answered doubts too.

    `aside` are the rows of whom nothing may be said, because what the file says of them is left aside.
    """

    found: dict[str, int] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    asked: dict[str, Doubt] = field(default_factory=dict)
    aside: set[int] = field(default_factory=set)

    @property
    def taken(self) -> set[int]:
        """The rows that answer to someone of the file."""
        return set(self.found.values())

    @property
    def suspected(self) -> set[int]:
        """The rows that a doubt is about: nothing is decided of them either."""
        return self.aside.union(*(doubt.candidates for doubt in self.doubts.values()))

    def answered(self, key: str) -> bool:
        """Whether this key needs no further search."""
        return key in self.found or key in self.new or key in self.doubts


def settle(matches: Matches, people: Iterable, candidates: Callable[[object], set[int]]) -> None:
    """Take the unanswered people who have exactly one free candidate, wanted by nobody else."""
    wanted = _free_candidates(matches, people, candidates)
    claims = Counter(row for _person, rows in wanted for row in rows)
    for person, rows in wanted:
        if len(rows) == 1 and claims[next(iter(rows))] == 1:
            matches.found[person.key] = next(iter(rows))


def suspect(matches: Matches, people: Iterable, candidates: Callable[[object], set[int]], doubt: Callable) -> None:
    """Leave in doubt the unanswered people who have a free candidate, even a single one: the sign is too weak."""
    for person, rows in _free_candidates(matches, people, candidates):
        if rows:
            matches.doubts[person.key] = matches.asked[person.key] = doubt(person, tuple(sorted(rows)))


def _free_candidates(matches: Matches, people: Iterable, candidates) -> list[tuple[object, set[int]]]:
    taken = matches.taken
    return [(person, candidates(person) - taken) for person in people if not matches.answered(person.key)]


def resolve(
    search: Callable[[Matches], None], people: Iterable, decisions: Mapping[str, object], public_ids: Mapping[str, int]
) -> Matches:
    """Search, follow what a person said of each doubt, and search again with that: an answer may settle others.

    Whoever is then neither found nor doubtful is new. An answer that is no candidate of its doubt is not followed.
    """
    found, new, asked = {}, set(), {}
    while True:
        matches = Matches(dict(found), set(new), {}, asked)
        search(matches)
        answered = False
        for key, doubt in matches.doubts.items():
            answer = decisions.get(doubt.id)
            row = public_ids.get(str(answer)) if answer else None
            if answer == NEW and doubt.may_be_new:
                new.add(key)
            elif row in doubt.candidates and row not in found.values():
                found[key] = row
            else:
                continue
            answered = True
        if not answered:
            matches.new |= {person.key for person in people if not matches.answered(person.key)}
            return matches


def index(pairs: Iterable[tuple[Hashable, int]]) -> dict[Hashable, set[int]]:
    """Rows by what they are known under; empty keys know nobody."""
    found = defaultdict(set)
    for key, row in pairs:
        if key:
            found[key].add(row)
    return found
