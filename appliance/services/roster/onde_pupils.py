"""Pupils and classes of an ONDE file; pupils who cannot be told apart are all held back, with their lines."""

from collections import defaultdict
from dataclasses import dataclass, field

from appliance.services.roster.fields import read_date, read_flag, read_gender, read_ine
from appliance.services.roster.lines import UNREADABLE, Line, read_lines
from appliance.services.roster.matching import class_key, name_key, person_key
from appliance.services.roster.onde_titles import PUPIL, locate, report_unread, require
from appliance.services.roster.problems import Problems, lines_text
from appliance.services.roster.records import RosterClass, RosterPupil
from appliance.services.roster.tables import Limits, Table

NEEDED = {"last_name": "Nom élève", "first_name": "Prénom élève", "class": "Classe"}


@dataclass
class PupilIndex:
    """Pupils by what a guardian's line says of them: family or usage name, first name, class."""

    by_key: dict[str, RosterPupil] = field(default_factory=dict)
    by_usage: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    classes_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    held_back: set[str] = field(default_factory=set)

    def find(self, last_name: str, usage_name: str, first_name: str, class_name: str) -> tuple[set[str], bool]:
        """(keys of the pupils meant, by usage name): one key is an answer, more are not; nobody is guessed."""
        exact = person_key(last_name, first_name, class_name)
        if last_name and (exact in self.by_key or exact in self.held_back):
            return ({exact} if exact in self.by_key else {exact, ""}), False
        found = set()
        for name in filter(None, (last_name, usage_name)):
            key = person_key(name, first_name, class_name)
            found |= self.by_usage.get(key, set()) | ({key} & self.by_key.keys())
            found |= {key, ""} if key in self.held_back else set()
        return found, True

    def elsewhere(self, last_name: str, usage_name: str, first_name: str) -> set[str]:
        """The classes in which a pupil of this name is, for the message only."""
        names = [person_key(name, first_name) for name in (last_name, usage_name) if name]
        return set().union(*(self.classes_of.get(name, set()) for name in names))


def read_pupils(table: Table, problems: Problems, limits: Limits) -> tuple[list[RosterClass], PupilIndex]:
    """The classes and the pupils who can be told apart."""
    columns = locate(table, PUPIL, problems)
    require(table, columns, NEEDED)
    report_unread(table, problems)
    drafts = []
    for line in read_lines(table, columns, problems, limits):
        pupil = _read_pupil(line)
        if pupil:
            drafts.append((pupil, line.row.cells))
    index = PupilIndex()
    kept = _tell_apart(drafts, table.file, problems, index)
    for pupil in sorted(kept, key=lambda pupil: pupil.key):
        index.by_key[pupil.key] = pupil
        index.classes_of[person_key(pupil.last_name, pupil.first_name)].add(pupil.class_name)
        if name_key(pupil.usage_name):
            index.by_usage[_usage_key(pupil)].add(pupil.key)
            index.classes_of[person_key(pupil.usage_name, pupil.first_name)].add(pupil.class_name)
    return _list_classes(kept, table.file, problems), index


def _read_pupil(line: Line) -> RosterPupil | None:
    if not line.has_names():
        return None
    class_name = line.text("class")
    if not class_key(class_name):
        line.report("missing_class", "class", name=line.name)
        return None
    if UNREADABLE in class_name:
        line.report("unreadable_name", "class")
        return None
    if len(class_name) > line.limits.name_chars:
        line.report("name_too_long", "class", count=line.limits.name_chars)
        return None
    born_on, trouble = read_date(line.text("born_on"))
    if trouble:
        line.report(trouble, "born_on", value=line.text("born_on"), name=line.name)
    gender, understood = read_gender(line.text("gender"))
    if not understood:
        line.report("bad_gender", "gender", value=line.text("gender"))
    ine, understood = read_ine(line.text("ine"))
    if not understood:
        line.report("bad_ine", "ine", value=line.text("ine"))
    photo, understood = read_flag(line.text("photo"))
    if not understood:
        line.report("bad_flag", "photo", value=line.text("photo"), name=line.name)
    last_name, first_name = line.text("last_name"), line.text("first_name")
    return RosterPupil(
        person_key(last_name, first_name, class_name), last_name, line.text("usage_name"), first_name, born_on, gender,
        class_name, class_key(class_name), line.text("level"), line.text("cycle"), ine, photo, line.number,
    )  # fmt: skip


def _tell_apart(drafts: list, file: str, problems: Problems, index: PupilIndex) -> list[RosterPupil]:
    """Drop the lines written twice, then hold back every pupil who shares an identity with another."""
    unique = _without_repeats(drafts, file, problems)
    held = set()
    for kind, identity in (
        ("ambiguous_pupils", lambda pupil: pupil.key),
        ("same_ine", lambda pupil: pupil.ine),
        ("pupil_in_two_classes", _civil_identity),
    ):
        groups = defaultdict(list)
        for pupil in unique:
            if identity(pupil):
                groups[identity(pupil)].append(pupil)
        for group in groups.values():
            if len(group) > 1 and not (kind == "pupil_in_two_classes" and _are_certainly_several(group)):
                _report_group(kind, group, file, problems)
                held |= {pupil.line for pupil in group}
    for pupil in unique:
        if pupil.line in held:
            index.held_back |= {pupil.key, _usage_key(pupil)} if name_key(pupil.usage_name) else {pupil.key}
    return [pupil for pupil in unique if pupil.line not in held]


def _without_repeats(drafts: list, file: str, problems: Problems) -> list[RosterPupil]:
    """A line is a repeat only when every cell is the same and a birth date or an INE says who it is."""
    groups = defaultdict(list)
    for pupil, cells in drafts:
        groups[cells if pupil.born_on or pupil.ine else (pupil.line,)].append(pupil)
    for group in groups.values():
        if len(group) > 1:
            _report_group("repeated_line", group, file, problems)
    return [group[0] for group in groups.values()]


def _report_group(kind: str, group: list[RosterPupil], file: str, problems: Problems) -> None:
    first = group[0]
    name = f"{first.last_name} {first.first_name}"
    values = {"same_ine": {}, "ambiguous_pupils": {"name": name, "class_name": first.class_name}}
    values = values.get(kind, {"name": name})
    problems.add(kind, file, first.line, lines=lines_text(pupil.line for pupil in group), **values)


def _civil_identity(pupil: RosterPupil) -> tuple | None:
    return (person_key(pupil.last_name, pupil.first_name), pupil.born_on) if pupil.born_on else None


def _are_certainly_several(group: list[RosterPupil]) -> bool:
    """Same name and birth date, yet as many different INE as lines; or one class, which is another problem's."""
    several_ine = len({pupil.ine for pupil in group if pupil.ine}) == len(group)
    return several_ine or len({pupil.class_key for pupil in group}) == 1


def _usage_key(pupil: RosterPupil) -> str:
    return person_key(pupil.usage_name, pupil.first_name, pupil.class_name)


def _list_classes(pupils: list[RosterPupil], file: str, problems: Problems) -> list[RosterClass]:
    groups = defaultdict(list)
    for pupil in sorted(pupils, key=lambda pupil: pupil.line):
        groups[pupil.class_key].append(pupil)
    classes = []
    for key, members in sorted(groups.items()):
        name = members[0].class_name
        for other in sorted({pupil.class_name for pupil in members} - {name}):
            problems.add("class_spellings", file, name=name, other=other)
        levels, cycles = ({getattr(pupil, part) for pupil in members} - {""} for part in ("level", "cycle"))
        classes.append(RosterClass(key, name, tuple(sorted(levels)), tuple(sorted(cycles))))
    return classes
