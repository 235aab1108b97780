"""Pupils and classes of a roster against those of the school; see `identity` for what is certain."""

from collections import defaultdict

from appliance.services.roster.identity import Doubt, Matches, index, resolve, settle, suspect
from appliance.services.roster.matching import class_key, name_key, person_key
from appliance.services.roster.records import Roster, RosterPupil
from appliance.services.roster.state import State


def match_classes(state: State, roster: Roster, decisions) -> Matches:
    """A class is known by the name of the last file, or by its present one; two that answer to one name are a doubt.

    So is a new name under which most pupils of a class come that the file no longer names: was it renamed?
    """
    said = index((known.said and known.said["key"], row) for row, known in state.classrooms.items())
    named = index((class_key(known.row.name), row) for row, known in state.classrooms.items())

    def known_as(one):
        return said.get(one.key, set()) | named.get(one.key, set())

    def doubt(reason):
        return lambda one, rows: Doubt("classroom", one.key, one.name, "", None, reason, rows)

    members = _members(state)
    arrivals = defaultdict(set)
    for pupil in roster.pupils:
        arrivals[pupil.class_key].add((_names(pupil), _birth(pupil)))

    def renamed(one):
        return {row for row, known in members.items() if 2 * len(known & arrivals[one.key]) > len(known)}

    def search(matches):
        settle(matches, roster.classes, known_as)
        for one in roster.classes:  # a name that is taken is a doubt too: it cannot be given to a new class
            if not matches.answered(one.key) and known_as(one):
                rows = tuple(sorted(known_as(one)))
                matches.doubts[one.key] = matches.asked[one.key] = doubt("several_classes")(one, rows)
        suspect(matches, roster.classes, renamed, doubt("renamed_class"))

    return resolve(search, roster.classes, decisions, _by_public_id(state.classrooms))


def match_pupils(state: State, roster: Roster, classes: Matches, decisions) -> Matches:
    """Find each pupil of the file, in the order of certainty; pupils of a doubtful class are left aside with it."""
    signs = _Search(state, classes)
    pupils = [pupil for pupil in roster.pupils if pupil.class_key not in classes.doubts]

    def search(matches):
        for candidates in (signs.said_before, signs.same_birth, signs.same_name_in_class):
            settle(matches, pupils, candidates)
        suspect(matches, pupils, signs.namesakes, signs.doubt("namesakes"))
        signs.look_at_leavers(matches.taken)
        suspect(matches, pupils, signs.renamed, signs.doubt("renamed"))

    matches = resolve(search, pupils, decisions, _by_public_id(state.students))
    held = [pupil for pupil in roster.pupils if pupil.class_key in classes.doubts]
    matches.aside = set().union(*map(signs.namesakes, held)) - matches.taken
    return matches


def _members(state: State) -> dict[int, set[tuple[str, str]]]:
    """The names and births, as the last file said them, of the pupils of each class that a file made."""
    found = defaultdict(set)
    for row, rooms in state.classes_of.items():
        said = row in state.students and state.students[row].said
        for room in rooms if said else ():
            if room in state.classrooms and state.classrooms[room].said:
                found[room].add((person_key(said["last_name"], said["first_name"]), said.get("born_on", "")))
    return found


def _by_public_id(known) -> dict[str, int]:
    return {each.row.public_id: row for row, each in known.items()}


class _Search:
    """Candidates for a pupil, from the strongest sign to the weakest."""

    def __init__(self, state: State, classes: Matches):
        self.state, self.classes = state, classes
        self.births, self.names = {}, {}
        full, by_name, said = [], [], []
        for row, known in state.students.items():
            one, before = known.row, known.said or {}
            born = one.born_on.isoformat() if one.born_on else ""
            self.births[row] = {born, before.get("born_on", "")} - {""}
            names = {person_key(one.last_name, one.first_name)}
            if before:
                names.add(person_key(before["last_name"], before["first_name"]))
                place = before.get("class", "")
                said.append(
                    ((person_key(before["last_name"], before["first_name"]), before.get("born_on", ""), place), row)
                )
            self.names[row] = {name_key(one.first_name)}, {name_key(one.last_name), name_key(one.usage_name)} - {""}
            by_name += [(name, row) for name in names]
            full += [((name, born), row) for name in names for born in self.births[row]]
        self.full, self.by_name, self.said = index(full), index(by_name), index(said)

    def said_before(self, pupil: RosterPupil) -> set[int]:
        """The last file said exactly this: name, birth date and class of this year."""
        place = f"{self.state.year_name}|{pupil.class_key}"
        return self.said.get((_names(pupil), _birth(pupil), place), set())

    def same_birth(self, pupil: RosterPupil) -> set[int]:
        """Name and birth date."""
        return self.full.get((_names(pupil), _birth(pupil)), set()) if pupil.born_on else set()

    def same_name_in_class(self, pupil: RosterPupil) -> set[int]:
        """Name and class, where nothing is said of the birth on one side."""
        return {row for row in self._unborn(pupil) if self.classes.found.get(pupil.class_key) in self._classes(row)}

    def namesakes(self, pupil: RosterPupil) -> set[int]:
        """The name, elsewhere in the school or with several rows: perhaps the same, perhaps not."""
        return self._unborn(pupil) | self.same_birth(pupil)

    def look_at_leavers(self, taken: set[int]) -> None:
        """Keep at hand, by each half of their name, those who would leave a class of the file."""
        inside = set(self.classes.found.values())
        leavers = [row for row in self.state.classes_of if row not in taken and self._classes(row) & inside]
        halves = [(("first", name), row) for row in leavers if row in self.names for name in self.names[row][0]]
        halves += [(("last", name), row) for row in leavers if row in self.names for name in self.names[row][1]]
        self.halves = index(halves)

    def renamed(self, pupil: RosterPupil) -> set[int]:
        """Leavers born the same day who share half of the name; without dates, or with another, those of this class."""
        lasts = {name_key(pupil.last_name), name_key(pupil.usage_name)} - {""}
        same_first = self.halves.get(("first", name_key(pupil.first_name)), set())
        same_last = set().union(*(self.halves.get(("last", name), set()) for name in lasts))
        found = set()
        for row in same_first | same_last:
            here = self.classes.found.get(pupil.class_key) in self._classes(row)
            if not (self.births[row] and pupil.born_on):
                likely = here
            elif _birth(pupil) in self.births[row]:
                likely = True
            else:
                likely = here and row in same_first & same_last
            if likely:
                found.add(row)
        return found

    def doubt(self, reason: str):
        """A maker of doubts."""
        return lambda pupil, rows: Doubt(
            "pupil", pupil.key, f"{pupil.last_name} {pupil.first_name}", pupil.class_name, pupil.line, reason, rows
        )

    def _unborn(self, pupil: RosterPupil) -> set[int]:
        named = self.by_name.get(_names(pupil), set())
        return {row for row in named if not (pupil.born_on and self.births[row])}

    def _classes(self, row: int) -> set[int]:
        return self.state.classes_of.get(row, set())


def _names(pupil: RosterPupil) -> str:
    return person_key(pupil.last_name, pupil.first_name)


def _birth(pupil: RosterPupil) -> str:
    return pupil.born_on.isoformat() if pupil.born_on else ""
