"""Guardians of an ONDE file and whom they answer for: a link is family name, first name and class, nothing looser.

The file has no identifier. Two lines of one name are one person when they share the address and, besides it, a child,
a telephone or an e-mail; the address alone proves nothing, and another address is another person. Either is listed.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from appliance.services.roster.fields import read_flag, read_postal_code
from appliance.services.roster.lines import Line, read_lines
from appliance.services.roster.matching import address_key, civility_key, name_key, person_key, phone_key
from appliance.services.roster.onde_pupils import PupilIndex
from appliance.services.roster.onde_titles import GUARDIAN, locate, locate_children, report_unread, require
from appliance.services.roster.problems import Problems, lines_text
from appliance.services.roster.records import CONTACT, LEGAL, RosterGuardian, RosterLink, RosterPhone
from appliance.services.roster.tables import Limits, Table

NEEDED = {"last_name": "Nom responsable", "first_name": "Prénom responsable"}
NEEDED_CHILD = {"last_name": "Nom de famille enfant", "first_name": "Prénom enfant", "class": "Classes enfants"}


@dataclass(frozen=True)
class Draft:
    """A guardian's line: the person, the pupils it names, and in what capacity."""

    guardian: RosterGuardian
    pupils: tuple[str, ...]
    authority: str
    cells: tuple[str, ...]

    @property
    def name(self) -> str:
        """The person as a message names them."""
        return f"{self.guardian.last_name} {self.guardian.first_name}"

    @property
    def address(self) -> str:
        """The comparable address."""
        return address_key(self.guardian.address, self.guardian.postal_code, self.guardian.city)

    def evidence(self) -> set[tuple[str, str, str]]:
        """What another line of the same name must share to be the same person: the address and one of these."""
        marks = {("child", key) for key in self.pupils}
        marks |= {("phone", phone_key(phone.number)) for phone in self.guardian.phones if phone.kind != "extension"}
        marks |= {("email", self.guardian.email.casefold())} if self.guardian.email else set()
        return {(self.address, *mark) for mark in marks if mark[1]}


def read_guardians(
    table: Table, index: PupilIndex, problems: Problems, limits: Limits
) -> tuple[list[RosterGuardian], list[RosterLink], int]:
    """(guardians who answer for at least one pupil, links, children that could not be tied to one pupil)."""
    columns = locate(table, GUARDIAN, problems)
    blocks = locate_children(table)
    require(table, columns, NEEDED)
    require(table, blocks[0] if blocks else {}, NEEDED_CHILD)
    report_unread(table, problems)
    drafts, unresolved = [], 0
    for line in read_lines(table, columns, problems, limits, tuple(blocks)):
        named, keys = _read_children(line, blocks, index)
        draft = _read_guardian(line, keys) if line.has_names() else None
        if draft and not named:
            line.report("guardian_without_child", name=draft.name)
        unresolved += named - (len(keys) if draft else 0)
        if draft and keys:
            drafts.append(draft)
    people, lost = _tell_apart(drafts, table.file, problems)
    _report_shared_emails(people, table.file, problems)
    links = [RosterLink(draft.guardian.key, pupil, draft.authority) for draft in people for pupil in draft.pupils]
    guardians = sorted((draft.guardian for draft in people), key=lambda guardian: guardian.key)
    return guardians, sorted(links, key=lambda link: (link.guardian, link.pupil)), unresolved + lost


def _read_guardian(line: Line, pupils: list[str]) -> Draft | None:
    authority = LEGAL
    if "authority" in line.columns:
        flag, _understood = read_flag(line.text("authority"))
        if flag is None:
            line.report("bad_authority", "authority", value=line.text("authority"), name=line.name)
            return None
        authority = LEGAL if flag else CONTACT
    plain = ("last_name", "usage_name", "first_name", "address", "postal_code", "city", "country")
    texts = {field: line.text(field) for field in plain}
    texts["postal_code"], whole = read_postal_code(texts["postal_code"], texts["country"])
    if not whole:
        line.report("lost_zero", "postal_code", value=line.text("postal_code"), read=texts["postal_code"])
    key = "|".join(
        (
            civility_key(line.text("civility")),
            person_key(texts["last_name"], texts["first_name"]),
            address_key(texts["address"], texts["postal_code"], texts["city"]),
        )
    )
    guardian = RosterGuardian(
        key=key, civility=line.text("civility"), email=line.email(), phones=line.phones(), line=line.number, **texts
    )
    return Draft(guardian, tuple(dict.fromkeys(pupils)), authority, line.row.cells)


def _read_children(line: Line, blocks: list[dict[str, int]], index: PupilIndex) -> tuple[int, list[str]]:
    """(children named, keys of those tied to one pupil); each that is not is reported."""
    named, keys = 0, []
    for block in blocks:
        last, usage, first, class_name = (
            line.row.cells[block[field]] if field in block else ""
            for field in ("last_name", "usage_name", "first_name", "class")
        )
        if not any((last, usage, first, class_name)):
            continue
        named += 1
        child = " ".join(filter(None, (last or usage, first, class_name)))
        if not (name_key(last or usage) and name_key(first) and name_key(class_name)):
            line.report("child_incomplete", child=child, name=line.name)
            continue
        found, by_usage = index.find(last, usage, first, class_name)
        if len(found) == 1:
            keys.extend(found)
            if by_usage:
                line.report("child_by_usage_name", child=child, name=line.name)
        elif found:
            line.report("child_ambiguous", child=child, name=line.name)
        else:
            classes = index.elsewhere(last, usage, first)
            kind = "child_elsewhere" if classes else "child_unknown"
            line.report(kind, child=child, name=line.name, class_name=", ".join(sorted(classes)))
    return named, keys


def _tell_apart(drafts: list[Draft], file: str, problems: Problems) -> tuple[list[Draft], int]:
    """(one draft per person, links lost to lines that contradict each other)."""
    namesakes = defaultdict(list)
    for draft in drafts:
        guardian = draft.guardian
        name = person_key(guardian.last_name, guardian.first_name, civility_key(guardian.civility))
        namesakes[name].append(draft)
    people, lost = [], 0
    for group in namesakes.values():
        same_name = []
        for lines in _join_by_evidence(group):
            if _contradict(lines):
                _report("guardian_conflict", lines, file, problems)
                lost += sum(len(draft.pupils) for draft in lines)
            else:
                same_name.append(_merge(lines, file, problems))
        people += _with_own_keys(same_name, file, problems)
    return people, lost


def _join_by_evidence(group: list[Draft]) -> list[list[Draft]]:
    """Lines tied directly or through another by a shared mark; each set in the order of the file."""
    parent = list(range(len(group)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    seen: dict[tuple, int] = {}
    for at, draft in enumerate(group):
        for mark in draft.evidence():
            parent[root(at)] = root(seen.setdefault(mark, at))
    joined = defaultdict(list)
    for at, draft in enumerate(group):
        joined[root(at)].append(draft)
    return list(joined.values())


def _contradict(lines: list[Draft]) -> bool:
    """One person has one usage name, one e-mail address and one capacity; several mean that a line is wrong."""
    emails = {draft.guardian.email.casefold() for draft in lines} - {""}
    usages = {name_key(draft.guardian.usage_name) for draft in lines} - {""}
    return max(len(emails), len(usages), len({draft.authority for draft in lines})) > 1


def _merge(lines: list[Draft], file: str, problems: Problems) -> Draft:
    if len(lines) == 1:
        return lines[0]
    same = len({draft.cells for draft in lines}) == 1
    _report("repeated_line" if same else "lines_merged", lines, file, problems)
    first = lines[0].guardian
    phones: dict[tuple[str, str], RosterPhone] = {}
    for phone in (phone for draft in lines for phone in draft.guardian.phones):
        phones.setdefault((phone.kind, phone_key(phone.number) or phone.number), phone)
    guardian = replace(
        first,
        usage_name=next((d.guardian.usage_name for d in lines if d.guardian.usage_name), ""),
        email=next((d.guardian.email for d in lines if d.guardian.email), ""),
        phones=tuple(phones.values()),
    )
    pupils = tuple(dict.fromkeys(pupil for draft in lines for pupil in draft.pupils))
    return replace(lines[0], guardian=guardian, pupils=pupils)


def _with_own_keys(people: list[Draft], file: str, problems: Problems) -> list[Draft]:
    """Namesakes are listed; those of one address are told apart by their first child, which they cannot share."""
    by_address = defaultdict(list)
    for draft in people:
        by_address[draft.address].append(draft)
    if len(by_address) > 1:
        _report("guardian_namesakes", people, file, problems)
    kept = []
    for group in by_address.values():
        if len(group) > 1:
            _report("guardian_maybe_same", group, file, problems)
            group = [
                replace(draft, guardian=replace(draft.guardian, key=f"{draft.guardian.key}|{min(draft.pupils)}"))
                for draft in group
            ]
        kept += group
    return kept


def _report(kind: str, drafts: list[Draft], file: str, problems: Problems) -> None:
    lines = [draft.guardian.line for draft in drafts]
    problems.add(kind, file, min(lines), name=drafts[0].name, lines=lines_text(lines))


def _report_shared_emails(people: list[Draft], file: str, problems: Problems) -> None:
    by_email = defaultdict(list)
    for draft in people:
        if draft.guardian.email:
            by_email[draft.guardian.email.casefold()].append(draft.guardian)
    for shared in by_email.values():
        if len(shared) > 1:
            lines = [guardian.line for guardian in shared]
            problems.add("shared_email", file, min(lines), value=shared[0].email, lines=lines_text(lines))
