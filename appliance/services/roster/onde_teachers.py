"""Teachers of an ONDE file: one person per name; several lines add their classes, unless they contradict each other."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from appliance.services.roster.fields import read_flag
from appliance.services.roster.lines import Line, read_lines
from appliance.services.roster.matching import civility_key, class_key, name_key, person_key
from appliance.services.roster.onde_titles import TEACHER, locate, report_unread, require
from appliance.services.roster.problems import Problems, lines_text
from appliance.services.roster.records import RosterTeacher
from appliance.services.roster.tables import Limits, Table

NEEDED = {"last_name": "Nom", "first_name": "Prénom"}


def read_teachers(table: Table, class_keys: Collection[str], problems: Problems, limits: Limits) -> list[RosterTeacher]:
    """The teachers with their classes; a class without pupils is reported and kept."""
    columns = locate(table, TEACHER, problems, repeats=("class",))
    require(table, columns, NEEDED)
    report_unread(table, problems)
    title = table.titles[columns["class"]] if "class" in columns else None
    places = [position for position, other in enumerate(table.titles) if other == title and title]
    groups = defaultdict(list)
    for line in read_lines(table, columns, problems, limits):
        if line.has_names():
            teacher = _read_teacher(line, places, class_keys)
            groups[teacher.key].append(teacher)
    teachers = [_merge(group, table.file, problems) for group in groups.values()]
    return sorted((teacher for teacher in teachers if teacher), key=lambda teacher: teacher.key)


def _read_teacher(line: Line, places: list[int], class_keys: Collection[str]) -> RosterTeacher:
    class_names = tuple(filter(class_key, (line.row.cells[place] for place in places)))
    if not class_names:
        line.report("teacher_without_class", name=line.name)
    for name in class_names:
        if class_key(name) not in class_keys:
            line.report("teacher_class_unknown", "class", value=name, name=line.name)
    head, understood = read_flag(line.text("head"))
    if not understood:
        line.report("bad_head", "head", value=line.text("head"), name=line.name)
    last_name, first_name = line.text("last_name"), line.text("first_name")
    key = f"{civility_key(line.text('civility'))}|{person_key(last_name, first_name)}"
    return RosterTeacher(
        key, line.text("civility"), last_name, line.text("usage_name"), first_name, line.email(), line.phones(),
        bool(head), class_names, line.number,
    )  # fmt: skip


def _merge(group: list[RosterTeacher], file: str, problems: Problems) -> RosterTeacher | None:
    first = group[0]
    if len(group) == 1:
        return first
    emails = {teacher.email.casefold() for teacher in group} - {""}
    usages = {name_key(teacher.usage_name) for teacher in group} - {""}
    lines = lines_text(teacher.line for teacher in group)
    name = f"{first.last_name} {first.first_name}"
    if len(emails) > 1 or len(usages) > 1:
        problems.add("teacher_ambiguous", file, first.line, name=name, lines=lines)
        return None
    problems.add("lines_merged", file, first.line, name=name, lines=lines)
    classes = {class_key(name): name for teacher in reversed(group) for name in reversed(teacher.class_names)}
    return replace(
        first,
        usage_name=next((teacher.usage_name for teacher in group if teacher.usage_name), ""),
        email=next((teacher.email for teacher in group if teacher.email), ""),
        phones=tuple(dict.fromkeys(phone for teacher in group for phone in teacher.phones)),
        is_head=any(teacher.is_head for teacher in group),
        class_names=tuple(reversed(classes.values())),
    )
