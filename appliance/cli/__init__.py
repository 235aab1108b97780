"""The `preau` command: one file per group of sub-commands; every error names its remedy."""

import argparse
import resource
import sys
from pathlib import Path

from appliance import __version__
from appliance.core.errors import ConfigError, DomainError, StorageFull, Unavailable

EPILOG = """\
A first evening with Préau:
  preau demo                                  a living demo school on http://127.0.0.1:8080
  preau --config F init --non-interactive     config, keys and database beside F
  preau --config F import onde --pupils P --guardians G --dry-run
  preau --config F account create --email you@school.fr --office admin
  preau --config F serve                      serve it
  preau --config F doctor                     is everything in order?

Each COMMAND --help gives lines to type. Exit code: 0 done; 1 refused, or a problem found, with the reason and the
remedy; 2 wrong command line; 130 interrupted.
"""


class _Commands(argparse._SubParsersAction):
    """Each command's own page begins with its line in the list, and ends with the examples of its group or its own."""

    epilog = None

    def add_parser(self, name, **values):
        values = {"description": values.get("help"), "epilog": self.epilog} | values
        return super().add_parser(name, **{"formatter_class": argparse.RawDescriptionHelpFormatter} | values)


class Parser(argparse.ArgumentParser):
    """The parser of every command and verb."""

    def __init__(self, **values):
        super().__init__(**values)
        self.register("action", "parsers", _Commands)

    def add_subparsers(self, **values):
        """Verbs, whose pages show the examples of the group."""
        verbs = super().add_subparsers(**values)
        verbs.epilog = self.epilog
        return verbs


def build_parser() -> argparse.ArgumentParser:
    """The command line with all its groups."""
    from appliance.cli import accounts, backup, classes, demo, doctor, keys, plans, roster, scrub, service, setup, sheet

    parser = Parser(
        prog="preau",
        description="Préau: a digital carnet de liaison that a school hosts itself.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"preau {__version__}")
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("/etc/preau/config.toml"),
        metavar="F",
        help="configuration file (default: %(default)s)",
    )
    groups = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (setup, service, demo, roster, accounts, classes, plans, keys, sheet, backup, scrub, doctor):
        module.add_commands(groups)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when done, 1 when refused with a reason, 2 when the command line is wrong."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the keys
    options = build_parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except Exception as error:
        print(f"preau: {explain(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def explain(error: Exception) -> str:
    """The reason and the remedy of a refusal; what is none of ours goes on as it is."""
    import peewee

    from appliance.crypto.errors import KeyFileError, Tampered
    from appliance.storage import database
    from appliance.storage.migrate import MigrationError

    if isinstance(error, Unavailable) and isinstance(error.__cause__, peewee.PeeweeException):
        reason = str(error.__cause__).strip().partition("\n")[0].rstrip(".")
        here = "Does its folder exist, may you write there, is the disk full (df -h)?"
        remedy = here if database.is_sqlite() else "Is it running (systemctl status postgresql)?"
        return f"the database cannot be opened: {reason}. {remedy}"
    if isinstance(error, DomainError):
        return str(error.message)
    if isinstance(error, ConfigError | MigrationError | KeyFileError):
        return str(error)
    if isinstance(error, Tampered):
        return f"{error}: nothing was changed. What no longer opens, and what to do: preau doctor"
    if database.is_damaged(error):
        return (
            "the file of the database is damaged, or is none. The rows of the last backup take its place with: "
            "preau restore --rows-only --replace"
        )
    refusal = database.explain(error)
    if isinstance(refusal, StorageFull):
        return "there is no room left on the disk: nothing was kept. Make room (df -h), then type it again"
    if refusal is not None:
        return "another program was writing to the database for too long: nothing was kept. Type it again"
    raise error
