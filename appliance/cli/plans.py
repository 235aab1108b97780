"""Plans from the command line: of a class, of a school; what is chosen counts at once, in the running service too."""

import argparse

from appliance.cli import finding, service
from appliance.core.errors import ConfigError

PLANS = """\
Plans are tables of the configuration: [plans.initiale], [plans.standard], [plans.plus], [plans.libre], and yours.
A class has its own plan, else its school's, else plans.default.

  preau --config F class plan "CM1 A"                 the plan in force, and the storage taken
  preau --config F class plan "CM1 A" plus
  preau --config F class plan "CM1 A" --inherit       the plan of its school again
  preau --config F class plan "CM1 A" --comfort yes   its guardians may save photos and films
  preau --config F school plan "École Jules-Ferry" initiale
"""


def add_verb(verbs) -> None:
    """Declare `class plan`."""
    plan = _verb(verbs, "show or choose the plan of a class and Confort famille")
    plan.add_argument("name", help="name of the class, this school year")
    plan.add_argument("plan", nargs="?", help="a plan of the configuration")
    plan.add_argument("--inherit", action="store_true", help="no plan of its own: its school's")
    plan.add_argument("--comfort", choices=("yes", "no"), help="whether its guardians may save photos and films")
    plan.add_argument("--school", help="name or UAI of the school, where two have a class of that name")
    plan.set_defaults(run=run_class)


def add_commands(groups) -> None:
    """Declare the group of schools."""
    raw = argparse.RawDescriptionHelpFormatter
    group = groups.add_parser(
        "school", help="show or choose the plan of a school's classes", epilog=PLANS, formatter_class=raw
    )
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    plan = _verb(verbs, "show or choose the plan of a school's classes")
    plan.add_argument("school", help="name or UAI of the school")
    plan.add_argument("plan", nargs="?", help="a plan of the configuration")
    plan.add_argument("--inherit", action="store_true", help="no plan of its own: the default")
    plan.set_defaults(run=run_school)


def _verb(verbs, text: str):
    return verbs.add_parser("plan", help=text, epilog=PLANS, formatter_class=argparse.RawDescriptionHelpFormatter)


def run_class(options) -> None:
    """Choose or print the plan of a class."""
    from appliance.school.policy import SYSTEM
    from appliance.services import plans

    service.open_database(options)
    room = finding.get_classroom(options.name, options.school)
    if options.plan or options.inherit or options.comfort:
        name = _known(options, room.plan)
        comfort = None if options.comfort is None else options.comfort == "yes"
        plans.choose_for_classroom(SYSTEM, room, name, comfort)
        room = finding.get_classroom(options.name, options.school)
    storage, plan = plans.storage_of(room.id), plans.plan_of(room.id)
    allowed = "no limit" if storage.allowed is None else f"of {storage.allowed / plans.GIGABYTE:g} GB"
    print(f"plan     {plan.name}{'' if room.plan else ' (inherited)'}")
    print(f"storage  {storage.used / plans.GIGABYTE:.2f} GB, {allowed}")
    print(f"comfort  {'yes' if room.family_comfort else 'no'}")


def run_school(options) -> None:
    """Choose or print the plan of a school's classes."""
    from appliance.school.policy import SYSTEM
    from appliance.services import plans

    service.open_database(options)
    school = finding.get_school(options.school)
    if options.plan or options.inherit:
        plans.choose_for_school(SYSTEM, school, _known(options, school.plan))
        school = finding.get_school(options.school)
    print(f"plan     {plans.plan_named(school.plan).name}{'' if school.plan else ' (the default)'}")


def _known(options, present: str) -> str:
    """The plan to write: the one that was typed, none, or the present one."""
    from appliance.services import plans

    if options.plan and options.inherit:
        raise ConfigError("say a plan or --inherit, not both.")
    known = [each.name for each in plans.list_plans()]
    if options.plan and options.plan not in known:
        raise ConfigError(
            f"there is no plan {options.plan!r}. Plans: {', '.join(known)}; or add [plans.{options.plan}]."
        )
    return "" if options.inherit else options.plan or present
