"""Classes from the command line: created, listed, shown, given a teacher; what a class holds is never printed."""

import argparse
import json

from appliance.cli import closing, finding, plans, service
from appliance.core.errors import ConfigError

EPILOG = """\
A class belongs to a school and to a school year (1 August to 31 August). Its name is unique in both.

  preau --config F class create --school "École Jules-Ferry" --name "CM1 A" --level CM1
  preau --config F class teacher "CM1 A" sophie.martin@school.fr
  preau --config F class teacher "CM1 A" karim@school.fr --role assistant
  preau --config F class list --json
  preau --config F class show "CM1 A" --school 0750001A

A roster file makes all classes at once: preau --config F import onde --help
Families type the class key at /joindre on the site; it opens nothing until a teacher of the class approves.
"""


def add_commands(groups) -> None:
    """Declare the group."""
    raw = argparse.RawDescriptionHelpFormatter
    group = groups.add_parser(
        "class", help="create, list, show, close classes; give them teachers", epilog=EPILOG, formatter_class=raw
    )
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    create = verbs.add_parser("create", help="create a class for this school year")
    create.add_argument("--name", required=True, help="name, unique in the school and year: CM1 A")
    create.add_argument("--level", default="", help="level: CM1")
    create.add_argument("--school", help="name or UAI of the school (default: the only one)")
    create.add_argument("--next-year", action="store_true", help="for the school year after this one")
    create.set_defaults(run=run_create)
    listing = verbs.add_parser("list", help="the classes of this school year and later")
    listing.add_argument("--school", help="name or UAI of the school (default: all)")
    listing.add_argument("--all-years", action="store_true", help="past years too")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(run=run_list)
    show = verbs.add_parser("show", help="one class: team, numbers, class key")
    teacher = verbs.add_parser(
        "teacher",
        help="give a class a teacher or an assistant, or take one away",
        description="Give a class a teacher or an assistant, or take one away. The person has an account already\n"
        "(preau account create --help). It counts at once.",
    )
    for parser in (show, teacher):
        parser.add_argument("name", help="name of the class, this school year")
        parser.add_argument("--school", help="name or UAI of the school, where two have a class of that name")
    show.set_defaults(run=run_show)
    teacher.add_argument("identifier", help="what the person types to sign in")
    teacher.add_argument(
        "--role", choices=("teacher", "assistant"), default="teacher", help="an assistant publishes but manages nothing"
    )
    teacher.add_argument("--remove", action="store_true", help="take the person off the class instead")
    teacher.set_defaults(run=run_teacher)
    closing.add_verb(verbs)
    plans.add_verb(verbs)


def run_create(options) -> None:
    """Create one class."""
    from appliance.core import clock
    from appliance.school.policy import SYSTEM
    from appliance.services.people import places
    from appliance.storage.database import transaction

    service.open_database(options)
    school, today = finding.get_school(options.school), clock.today()
    day = today.replace(year=today.year + 1, day=1) if options.next_year else today
    with transaction():
        year = places.find_or_create_year(SYSTEM, school.academy, day)
        name, level = _line("--name", options.name, 100), options.level and _line("--level", options.level, 50)
        classroom = places.create_classroom(SYSTEM, school, year, name, level=level)
    print(f"class {classroom.name} created ({school.name}, {year.name})\nclass key {classroom.join_code}")
    print(f'Next: preau --config {options.config} class teacher "{classroom.name}" IDENTIFIER')


def run_list(options) -> None:
    """Print the classes."""
    from appliance.core import clock

    service.open_database(options)
    school = finding.get_school(options.school) if options.school else None
    rows = [
        _row(each)
        for each in finding.list_classrooms()
        if (options.all_years or each.year.ends_on >= clock.today()) and (school is None or each.school_id == school.id)
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['year']}  {row['school']:30} {row['name']:20} {row['pupils']:3} pupils  {row['team']} in the team")


def run_show(options) -> None:
    """Print one class."""
    service.open_database(options)
    classroom = finding.get_classroom(options.name, options.school)
    row = _row(classroom)
    print(f"{classroom.name} · {row['school']} · {row['year']}" + (f" · {classroom.level}" if classroom.level else ""))
    print(f"pupils     {row['pupils']}")
    for membership in classroom.memberships:
        print(f"{membership.role:10} {membership.account.name} ({membership.account.identifier})")
    print(f"class key  {classroom.join_code or 'none: the class can be joined by invitation only'}")


def run_teacher(options) -> None:
    """Give a class someone, or take them away."""
    from appliance.school.models import Membership
    from appliance.school.policy import SYSTEM
    from appliance.services.people import places

    service.open_database(options)
    classroom = finding.get_classroom(options.name, options.school)
    account = finding.get_account(options.identifier)
    if options.remove:
        membership = Membership.get_or_none(account=account, classroom=classroom)
        if membership is None:
            raise ConfigError(f"{account.identifier} is not in the team of {classroom.name}.")
        places.remove_teacher(SYSTEM, membership)
        print(f"{account.identifier} is no longer in the team of {classroom.name}")
        return
    membership = places.add_teacher(SYSTEM, account, classroom, options.role)
    print(f"{account.identifier} is {membership.role} of {classroom.name}")


def _line(option: str, typed: str, most: int) -> str:
    from appliance.services.people.accounts import one_line

    text = one_line(typed)
    if not 0 < len(text) <= most:
        raise ConfigError(f"{option} has 1 to {most} signs.")
    return text


def _row(classroom) -> dict:
    from appliance.core import clock
    from appliance.school.models import Enrolment

    present = Enrolment.left_on.is_null() | (Enrolment.left_on > clock.today())
    return {
        "school": classroom.school.name,
        "year": classroom.year.name,
        "id": classroom.public_id,
        "name": classroom.name,
        "level": classroom.level,
        "pupils": Enrolment.select().where((Enrolment.classroom == classroom.id) & present).count(),
        "team": classroom.memberships.count(),
    }
