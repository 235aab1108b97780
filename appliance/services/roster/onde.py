"""ONDE and Base-Élèves: the pupils' file makes the classes and pupils, the guardians' file ties people to them."""

from collections.abc import Iterator
from contextlib import contextmanager

from appliance.services.roster.onde_guardians import read_guardians
from appliance.services.roster.onde_pupils import read_pupils
from appliance.services.roster.onde_teachers import read_teachers
from appliance.services.roster.onde_titles import KNOWN, recognise
from appliance.services.roster.problems import Problems, RosterRefused
from appliance.services.roster.records import Roster, RosterFile
from appliance.services.roster.tables import Limits, Table, read_table


def read_onde(
    pupils: RosterFile,
    guardians: RosterFile | None = None,
    teachers: RosterFile | None = None,
    *,
    limits: Limits | None = None,
) -> Roster:
    """Read the files of one school as one roster; RosterRefused where a file is not what it is given as."""
    limits = limits or Limits()
    problems = Problems(limits.problems)
    tables = {}
    for role, source in (("pupils", pupils), ("guardians", guardians), ("teachers", teachers)):
        with _blaming(role):
            tables[role] = _read(source, role, problems, limits) if source is not None else None
    with _blaming("pupils"):
        classes, index = read_pupils(tables["pupils"], problems, limits)
    people, links, unresolved = [], [], 0
    if guardians is not None:
        with _blaming("guardians"):
            people, links, unresolved = read_guardians(tables["guardians"], index, problems, limits)
        linked = {link.pupil for link in links}
        for key, pupil in index.by_key.items():
            if key not in linked:
                name = f"{pupil.last_name} {pupil.first_name}"
                problems.add("pupil_without_guardian", pupils.name, pupil.line, name=name)
    staff = []
    if teachers is not None:
        with _blaming("teachers"):
            staff = read_teachers(tables["teachers"], {one.key for one in classes}, problems, limits)
    found = (tuple(classes), tuple(index.by_key.values()), tuple(people), tuple(links), tuple(staff))
    return Roster(*found, problems=problems.all(), unresolved=unresolved)


@contextmanager
def _blaming(role: str) -> Iterator[None]:
    """A refusal is told beside the field of its file: two files may bear one name."""
    try:
        yield
    except RosterRefused as refused:
        refused.field = role
        raise


def _read(source: RosterFile, role: str, problems: Problems, limits: Limits) -> Table:
    table = read_table(source, KNOWN, problems, limits)
    found = recognise(table)
    if found not in (None, role):
        raise RosterRefused(f"is_{found}", source.name)
    return table
