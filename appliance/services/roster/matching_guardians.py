"""Guardians of a roster against those of the school; see `identity` for what is certain.

A guardian is known by the name and a child in common; without one, by the name, the address and a telephone or an
e-mail. A name and an address alone are nobody: such a person gets a letter more, and may use one account for both.
"""

from collections import defaultdict

from appliance.services.roster.identity import Doubt, Matches, index, resolve, settle, suspect
from appliance.services.roster.matching import address_key, civility_key, name_key, person_key, phone_key
from appliance.services.roster.merging import guardian_values
from appliance.services.roster.records import Roster, RosterGuardian
from appliance.services.roster.state import State

_PHONES = ("phone_home", "phone_work", "phone_mobile")


def match_guardians(state: State, roster: Roster, pupils: Matches, decisions) -> Matches:
    """Find each guardian of the file; one whose pupils are all left aside is left aside with them."""
    signs = _Search(state, roster, pupils)
    people = [guardian for guardian in roster.guardians if signs.reachable[guardian.key]]

    def search(matches):
        for candidates in (signs.said_before, signs.same_home, signs.same_child, signs.same_means):
            settle(matches, people, candidates)
        suspect(matches, people, signs.namesakes, signs.doubt("namesakes"))
        suspect(matches, people, signs.renamed, signs.doubt("renamed"))

    return resolve(search, people, decisions, {known.row.public_id: row for row, known in state.guardians.items()})


class _Search:
    """Candidates for a guardian, from the strongest sign to the weakest."""

    def __init__(self, state: State, roster: Roster, pupils: Matches):
        self.state = state
        self.children, self.reachable = defaultdict(set), defaultdict(bool)
        for link in roster.links:
            self.reachable[link.guardian] |= link.pupil in pupils.found or link.pupil in pupils.new
            if link.pupil in pupils.found:
                self.children[link.guardian].add(pupils.found[link.pupil])
        by_name, said = [], []
        rows = {known.row.public_id: row for row, known in state.students.items()}
        self.known_children = {row: set(pupils) for row, pupils in state.children_of.items()}
        for row, known in state.guardians.items():
            before = known.said or {}
            # Also the child whose link the school has taken away since: the person is the same.
            known_before = {rows[child] for child in before.get("links", ()) if child in rows}
            self.known_children[row] = self.known_children.get(row, set()) | known_before
            names = {person_key(known.row.last_name, known.row.first_name)}
            if before:
                names.add(person_key(before["last_name"], before["first_name"]))
                said.append((before["key"], row))
            by_name += [(name, row) for name in names]
        self.by_name, self.said = index(by_name), index(said)

    def said_before(self, guardian: RosterGuardian) -> set[int]:
        """The last file said exactly this of someone with a child in common."""
        return {row for row in self.said.get(guardian.key, set()) if self._shared(guardian, row)}

    def same_child(self, guardian: RosterGuardian) -> set[int]:
        """The name and a child in common."""
        return {row for row in self._named(guardian) if self._shared(guardian, row)}

    def same_home(self, guardian: RosterGuardian) -> set[int]:
        """The name, a child and the address in common: tells two namesakes of one family apart."""
        home = address_key(guardian.address, guardian.postal_code, guardian.city)
        return {row for row in self.same_child(guardian) if home and self._home(row) == home}

    def same_means(self, guardian: RosterGuardian) -> set[int]:
        """The name, the address, and a telephone or an e-mail."""
        file = guardian_values(guardian)
        means, home = _means(file), address_key(guardian.address, guardian.postal_code, guardian.city)
        if not (means and home):
            return set()
        return {
            row for row in self._named(guardian) if self._home(row) == home and means & _means(self.state.contact(row))
        }

    def namesakes(self, guardian: RosterGuardian) -> set[int]:
        """Several of that name around the same child or home, of whom nothing says which one is meant."""
        return self.same_child(guardian) | self.same_means(guardian)

    def renamed(self, guardian: RosterGuardian) -> set[int]:
        """Who would lose a child of this guardian and shares half of the name."""
        lasts = {name_key(guardian.last_name), name_key(guardian.usage_name)} - {""}
        found = set()
        for student in self.children[guardian.key]:
            for row in self.state.guardians_of.get(student, set()):
                one, before = self.state.guardians[row].row, self.state.guardians[row].said
                same_first = name_key(one.first_name) == name_key(guardian.first_name)
                same_last = bool(lasts & {name_key(one.last_name), name_key(one.usage_name)})
                if _may_be(one, guardian) and (same_first or (same_last and before)):
                    found.add(row)
        return found

    def doubt(self, reason: str):
        """A maker of doubts."""
        return lambda guardian, rows: Doubt(
            "guardian", guardian.key, f"{guardian.last_name} {guardian.first_name}", "", guardian.line, reason, rows
        )

    def _named(self, guardian: RosterGuardian) -> set[int]:
        named = self.by_name.get(person_key(guardian.last_name, guardian.first_name), set())
        return {row for row in named if _may_be(self.state.guardians[row].row, guardian)}

    def _shared(self, guardian: RosterGuardian, row: int) -> bool:
        return bool(self.children[guardian.key] & self.known_children[row])

    def _home(self, row: int) -> str:
        contact = self.state.contact(row)
        return address_key(*(contact.get(name, "") for name in ("address", "postal_code", "city")))


def _may_be(row, guardian: RosterGuardian) -> bool:
    """Whether the civilities allow one person; a side that says nothing allows it."""
    mine, theirs = civility_key(row.civility), civility_key(guardian.civility)
    return not (mine and theirs) or mine == theirs


def _means(values) -> set[str]:
    phones = {phone_key(part) for name in _PHONES for part in str(values.get(name, "")).split("/")}
    return (phones | {str(values.get("email", "")).casefold()}) - {""}
