"""Accounts from the command line: opened, listed, closed, reset, given an office; no password is ever an argument."""

import argparse
import getpass
import json
import sys

from appliance.cli import finding, service
from appliance.core.errors import ConfigError

CREATE = """\
Without --password-stdin or --password-prompt nothing secret is typed: a one-time code is printed, to be used within
7 days at the address /reinitialiser of the site, where its holder chooses a password.

  preau --config F account create --email you@school.fr --first-name Claire --last-name Fontaine --office admin
  preau --config F account create --identifier claire --password-prompt --office principal --school "École Jules-Ferry"
  printf %s "$SECRET" | preau --config F account create --email you@school.fr --password-stdin
"""
OFFICE = """\
principal  sees and publishes in every class of the school (of all schools without --school)
admin      creates schools, classes and accounts; imports rosters
dpo        reads the journal and the registers, never the contents

  preau --config F account office claire@school.fr principal --school "École Jules-Ferry"
  preau --config F account office claire@school.fr admin --withdraw
"""


def add_commands(groups) -> None:
    """Declare the group."""
    raw = argparse.RawDescriptionHelpFormatter
    account = groups.add_parser(
        "account",
        help="create, list, disable, enable, reset accounts; give offices",
        epilog=f"{CREATE}\n{OFFICE}",
        formatter_class=raw,
    )
    verbs = account.add_subparsers(dest="verb", required=True, metavar="VERB")
    create = verbs.add_parser("create", help="open an account", epilog=CREATE, formatter_class=raw)
    create.add_argument("--email", default="", help="address; it is also the identifier unless --identifier is given")
    create.add_argument("--identifier", default="", help="what they type to sign in")
    create.add_argument("--first-name", default="", help="first name (default: taken from the address)")
    create.add_argument("--last-name", default="", help="last name (default: taken from the address)")
    create.add_argument("--office", choices=("principal", "admin", "dpo"), help="give this office at once")
    create.add_argument("--school", help="name or UAI of the school that the office is over (default: all)")
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    create.add_argument(
        "--password-prompt", action="store_true", help="ask for the password, twice, without showing it"
    )
    create.set_defaults(run=run_create)
    listing = verbs.add_parser("list", help="accounts with their offices and state")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(run=run_list)
    texts = {
        "disable": "close an account and its sessions at once; nothing is erased",
        "enable": "open a closed account again",
        "reset": "print a one-time code, valid 7 days, to choose a new password at /reinitialiser",
    }
    for verb, text in texts.items():
        parser = verbs.add_parser(verb, help=text)
        parser.add_argument("identifier", help="what the person types to sign in")
        parser.set_defaults(run={"disable": run_disable, "enable": run_enable, "reset": run_reset}[verb])
    office = verbs.add_parser("office", help="give or withdraw an office", epilog=OFFICE, formatter_class=raw)
    office.add_argument("identifier", help="what the person types to sign in")
    office.add_argument("role", choices=("principal", "admin", "dpo"))
    office.add_argument("--school", help="name or UAI of the school (default: all schools)")
    office.add_argument("--withdraw", action="store_true", help="take it away instead")
    office.set_defaults(run=run_office)


def run_create(options) -> None:
    """Open one account."""
    from appliance.school.policy import SYSTEM
    from appliance.services.people import accounts, resets
    from appliance.storage.database import transaction

    service.open_database(options)
    if not (options.email or options.identifier):
        raise ConfigError("who signs in? Give --email, or --identifier for someone without an address.")
    given = options.email.partition("@")[0].replace(".", " ").replace("-", " ").split() or [options.identifier]
    person = accounts.Person(
        first_name=options.first_name or given[0].capitalize(),
        last_name=options.last_name or " ".join(given[1:]).capitalize() or "—",
        identifier=options.identifier or options.email,
        email=options.email,
    )
    school = finding.get_school(options.school) if options.school else None
    password = _read_password(options)
    password_hash = accounts.hash_for(person, password) if password is not None else ""
    with transaction():
        account = accounts.create_account(SYSTEM, person, password_hash=password_hash)
        if options.office:
            _appoint(account, options.office, school)
        code = resets.create_code(SYSTEM, account) if not password_hash else None
    print(f"account {account.identifier} created")
    if code:
        print(f"one-time code {code}: at /reinitialiser on the site, within 7 days")


def run_list(options) -> None:
    """Print the accounts."""
    from appliance.school.models import Account

    service.open_database(options)
    rows = [
        {
            "identifier": account.identifier,
            "name": account.name,
            "offices": sorted({office.role for office in account.offices}),
            "state": "disabled" if account.disabled_at else "open" if account.password_hash else "waiting",
        }
        for account in Account.select().order_by(Account.identifier)
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['identifier']:40} {row['state']:9} {row['name']:30} {' '.join(row['offices'])}".rstrip())


def run_disable(options) -> None:
    """Close one account."""
    from appliance.school.policy import SYSTEM
    from appliance.services.people import accounts

    service.open_database(options)
    accounts.disable(SYSTEM, finding.get_account(options.identifier))
    print("closed; `enable` opens it again")


def run_enable(options) -> None:
    """Open one account again."""
    from appliance.school.policy import SYSTEM
    from appliance.services.people import accounts

    service.open_database(options)
    accounts.enable(SYSTEM, finding.get_account(options.identifier))
    print("open")


def run_reset(options) -> None:
    """Print a code for a new password."""
    from appliance.school.policy import SYSTEM
    from appliance.services.people import resets

    service.open_database(options)
    print(resets.create_code(SYSTEM, finding.get_account(options.identifier)))


def run_office(options) -> None:
    """Give or withdraw an office."""
    from appliance.school.models import Office
    from appliance.school.policy import SYSTEM
    from appliance.services.people import places

    service.open_database(options)
    account = finding.get_account(options.identifier)
    school = finding.get_school(options.school) if options.school else None
    if not options.withdraw:
        _appoint(account, options.role, school)
        print(f"{account.identifier} is {options.role} of {school.name if school else 'all schools'}")
        return
    over = (Office.school == school) if school else Office.school.is_null()
    office = Office.get_or_none((Office.account == account) & (Office.role == options.role) & over)
    if office is None:
        raise ConfigError(f"{account.identifier} does not hold this office. See: preau account list")
    places.dismiss(SYSTEM, office)
    print("withdrawn")


def _appoint(account, role: str, school) -> None:
    from appliance.school.models import Academy
    from appliance.school.policy import SYSTEM
    from appliance.services.people import places

    academy = school.academy if school else Academy.select().order_by(Academy.id).first()
    if academy is None:
        raise ConfigError("there is no academy yet. Run: preau init")
    places.appoint(SYSTEM, account, academy, role, school)


def _read_password(options) -> str | None:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not options.password_prompt:
        return None
    try:
        first, again = getpass.getpass("Password (12 characters or more): "), getpass.getpass("Once more: ")
    except EOFError:
        raise ConfigError("nobody is there to type the password. From a program: --password-stdin") from None
    if first != again:
        raise ConfigError("the two passwords differ; nothing was created")
    return first
