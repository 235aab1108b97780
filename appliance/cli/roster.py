"""import onde, import undo, import list: a national roster file into the database, looked at first, undone after."""

import argparse
import json
import sys
from pathlib import Path

from appliance.cli import finding, service

ONDE = """\
The difference is shown, then applied in one transaction; --dry-run shows it and stops.
Classes that the file does not hold are never touched. What is doubtful is listed and left aside: settle it with
--answer (the doubt's code, then the person's code or “new”), or in the browser.

  preau --config F import onde --pupils eleves.csv --guardians responsables.csv --dry-run
  preau --config F import onde --pupils eleves.csv --guardians responsables.csv --teachers enseignants.csv
  preau --config F import onde --pupils P --guardians G --school 0750001A --answer 3f2a9c0d1e4b5a67=new
  preau --config F import undo
"""
UNDO = """\
Puts back exactly what the import changed, in one transaction. What was built on since (an account linked, a letter
printed, a post addressed to a child) is kept and listed. Possible for 30 days.

  preau --config F import list
  preau --config F import undo                     the last one
  preau --config F import undo k3m9x2…             that one
"""


def add_commands(groups) -> None:
    """Declare the group."""
    raw = argparse.RawDescriptionHelpFormatter
    group = groups.add_parser(
        "import",
        help="rosters: ONDE files become classes, pupils and guardians; undo",
        epilog=ONDE,
        formatter_class=raw,
    )
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    onde = verbs.add_parser("onde", help="import the CSV files of ONDE (Base-Élèves)", epilog=ONDE, formatter_class=raw)
    onde.add_argument("--pupils", type=Path, required=True, metavar="F", help="CSVExtraction-eleves.csv")
    onde.add_argument("--guardians", type=Path, metavar="F", help="CSVExtraction-responsables.csv")
    onde.add_argument(
        "--teachers",
        type=Path,
        metavar="F",
        help="CSVExtraction-enseignants.csv; opens no account: their letters are printed at /import",
    )
    onde.add_argument("--school", metavar="S", help="name, UAI or id of the school; needed only if there are several")
    onde.add_argument("--dry-run", action="store_true", help="show the difference and write nothing")
    onde.add_argument("--answer", action="append", default=[], metavar="DOUBT=WHO", help="settle a doubt (repeatable)")
    onde.add_argument("--json", action="store_true", help="end with one line of JSON, for programs")
    onde.set_defaults(run=run_onde)
    undo = verbs.add_parser("undo", help="put back what an import changed", epilog=UNDO, formatter_class=raw)
    undo.add_argument("id", nargs="?", help="the import, as `import list` shows it (default: the last one)")
    undo.add_argument("--school", metavar="S", help="name, UAI or id of the school; needed only if there are several")
    undo.add_argument("--json", action="store_true", help="end with one line of JSON, for programs")
    undo.set_defaults(run=run_undo)
    listing = verbs.add_parser("list", help="the imports, latest first")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(run=run_list)


def run_onde(options) -> int:
    """Show the difference, then apply it unless asked not to."""
    return _answer_in_json(options, _import_onde)


def run_undo(options) -> int:
    """Undo one import."""
    return _answer_in_json(options, _undo)


def _answer_in_json(options, work) -> int:
    """With --json, a refusal ends in a line of JSON too."""
    from appliance.core.errors import DomainError

    try:
        work(options, print_json if options.json else (lambda **values: None))
    except DomainError as error:
        if not options.json:
            raise
        print(f"preau: {error.message}", file=sys.stderr)
        print_json(applied=False, refused=[error.message])
        return 1
    return 0


def _import_onde(options, answer) -> None:
    from appliance.core import clock
    from appliance.school.policy import SYSTEM
    from appliance.services.roster import keeping, printing
    from appliance.services.roster.apply import apply_import
    from appliance.services.roster.plan import find_year, plan_import

    limits = keeping.limits_of(service.open_database(options).config.limits.roster_mb)
    school = find_school(options.school)
    paths = {role: getattr(options, role) for role in keeping.ROLES if getattr(options, role)}
    files = {role: read_file(path, limits.file_bytes) for role, path in paths.items()}
    answers = dict(each.partition("=")[::2] for each in options.answer)
    roster = keeping.read_files(files, limits)
    plan = plan_import(school, find_year(school, clock.today()), roster, answers)
    require_followed(plan, answers)
    keeping.note_reading(SYSTEM, school)
    for line in printing.difference_lines(plan):
        print(line)
    done = None
    if not options.dry_run and not plan.changes_nothing:
        done = apply_import(SYSTEM, school, roster, plan.digest, answers)
    print(printing.outcome_line(plan, done, options.dry_run))
    answer(
        **plan.counts(), applied=done is not None, dry_run=options.dry_run, complete=roster.is_complete,
        **{"import": done.public_id if done else None},
    )  # fmt: skip


def require_followed(plan, answers: dict[str, str]) -> None:
    """Refuse answers to no doubt of this difference, or naming nobody whom it offers: they would be lost in silence."""
    from appliance.core.errors import Refused
    from appliance.core.i18n import _

    lost = answers.keys() - ({doubt.id for doubt in plan.asked} - {doubt.id for doubt in plan.doubts})
    if lost:
        codes = ", ".join(f"{doubt}={answers[doubt]}" for doubt in sorted(lost))
        raise Refused(_("Ces réponses ne règlent aucun doute : %(codes)s. Rien n’a été écrit.", codes=codes))


def _undo(options, answer) -> None:
    from appliance.core.errors import Refused
    from appliance.core.i18n import _
    from appliance.school.policy import SYSTEM
    from appliance.services.roster import printing
    from appliance.services.roster.models import RosterImport
    from appliance.services.roster.undo import find_last_import, undo_import

    service.open_database(options)
    if options.id:
        done = RosterImport.get_or_none(RosterImport.public_id == options.id)
    else:
        done = find_last_import(find_school(options.school))
    if done is None:
        raise Refused(_("Il n’y a pas d’import à annuler."))
    result = undo_import(SYSTEM, done)
    for line in printing.undone_lines(result):
        print(line)
    answer(undone=done.public_id, restored=result.restored, kept=[list(each) for each in result.kept])


def run_list(options) -> int:
    """The imports of every school."""
    from appliance.services.roster import keeping, printing
    from appliance.services.roster.models import RosterImport

    service.open_database(options)
    query = RosterImport.select().order_by(RosterImport.created_at.desc(), RosterImport.id.desc())
    rows = [row for row in query if row.applied_at is not None or keeping.is_waiting(row)]
    if options.json:
        for row in rows:
            print_json(id=row.public_id, school=row.school.name, status=row.status, counts=json.loads(row.counts))
        return 0
    for line in printing.history_lines(rows):
        print(line)
    return 0


def find_school(text: str | None):
    """The school named by name, UAI or id; the only one when nothing is said."""
    from appliance.core.errors import Refused
    from appliance.core.i18n import _

    schools = finding.list_schools(None)
    if not schools:
        raise Refused(_("Il n’y a pas encore d’école. Commencez par : preau init."))
    found = finding.list_schools(text)
    if len(found) == 1:
        return found[0]
    names = " · ".join(f"{one.name} ({one.uai or one.public_id})" for one in (found or schools))
    raise Refused(_("Dites de quelle école il s’agit, avec --school : %(names)s.", names=names))


def read_file(path: Path, limit: int):
    """A roster file, one byte beyond the limit at most: what is longer is refused without being read."""
    from appliance.core.errors import Refused
    from appliance.core.i18n import _
    from appliance.services.roster.records import RosterFile

    try:
        with path.open("rb") as source:
            return RosterFile(path.name, source.read(limit + 1))
    except OSError as error:
        raise Refused(_("« %(file)s » ne peut pas être lu : %(why)s.", file=str(path), why=error.strerror)) from None


def print_json(**values: object) -> None:
    """One line for programs."""
    print(json.dumps(values, ensure_ascii=False, separators=(",", ":")))
