"""setup: the first evening of an appliance, and each time that something of it changes."""

import argparse
import dataclasses
from pathlib import Path

from appliance.core.errors import ConfigError

SETUP = """\
Asks, then writes the configuration, the key, the database and the web server's site; again, it changes what is answered
differently and nothing else. Without a terminal: a file of answers (TOML), or PREAU_SETUP_… variables.

  preau setup
  preau setup --web
  preau setup --only mail
  preau setup --print-answers > answers.toml
  preau setup --non-interactive --answers answers.toml
"""


def add_commands(groups) -> None:
    """Declare the command; each question is an option too."""
    from installer.answers import GROUPS, names, spec

    setup = groups.add_parser(
        "setup",
        help="set this machine up: questions, keys, database, web server, check list; again: changes what is asked",
        epilog=SETUP,
    )
    setup.add_argument(
        "--non-interactive", action="store_true", help="ask nothing: options, file, environment, defaults"
    )
    setup.add_argument("--answers", type=Path, metavar="F", help="TOML file with the answers")
    setup.add_argument("--print-answers", action="store_true", help="print a file of answers to fill in, and stop")
    setup.add_argument("--web", action="store_true", help="ask in the browser, behind a secret shown on the console")
    setup.add_argument("--only", choices=GROUPS, action="append", help="ask this group of questions and no other")
    setup.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    setup.add_argument("--port", type=int, help=argparse.SUPPRESS)
    for name in names():
        known = spec(name)
        if not known["secret"]:  # a secret on a command line is seen by every process
            text = str(known["text"]).replace("%", "%%")
            setup.add_argument(f"--{name.replace('_', '-')}", metavar="A", help=text)
    setup.set_defaults(run=run_setup)


def run_setup(options) -> int:
    """Ask, check, apply, and end with the check list."""
    from installer import answers as asking
    from installer import apply, rules

    data = options.data or apply.DATA
    if options.print_answers:
        print_answers()
        return 0
    if options.web:
        from installer import wizard

        return wizard.serve(options.config, data=data, port=options.port or wizard.PORT)
    given = asking.read_environment()
    if options.answers:
        given |= asking.read_file(options.answers)
    given |= {name: value for name in asking.names() if (value := getattr(options, name, None)) is not None}
    again = options.config.exists()
    if options.only and not again:
        raise ConfigError("--only changes a machine that is set up. The first time, answer all: preau setup")
    before = remember(options.config, data)
    answers = asking.replace(before, given)
    if not options.non_interactive:
        answers = ask(options, answers, given, data)
    problems = rules.check(answers, again=again, media=apply.find_media(options.config, data))
    if again:  # what stands in the configuration and was not asked is the operator's own
        problems = {name: text for name, text in problems.items() if getattr(answers, name) != getattr(before, name)}
    if problems:
        lines = [f"{name}: {problem}" for name, problem in problems.items()]
        raise ConfigError("these answers cannot be used:\n  " + "\n  ".join(lines))
    return carry_out(options, answers)


def ask(options, answers, given: dict[str, str], data: Path):
    """The questions, then the key on paper where there is no key yet."""
    from installer import apply, terminal
    from installer.answers import GROUPS
    from installer.ceremony import Ceremony

    groups = [group for group in GROUPS if group in (options.only or GROUPS)]
    answers = terminal.ask(answers, given, groups, config=options.config, data=data)
    key = apply.find_key(options.config)
    if not key.exists():
        terminal.perform(Ceremony(key, answers.public_url))
    return answers


def carry_out(options, answers) -> int:
    """Apply the answers, tell each step, print what must be kept and the check list."""
    from installer import apply, checklist

    data = options.data or apply.DATA
    done = apply.apply(options.config, answers, lambda step: print(f"… {step}", flush=True), data=data)
    for role in ("admin", "dpo"):
        if done.get(f"{role}_code"):
            print(f"One-time code of the {role} account: {done[f'{role}_code']} at {answers.public_url}/reinitialiser")
    if done.get("new_key"):
        print("The master key is new. Print its recovery sheet now: preau sheet print")
    for name in ("certificate", "web_server", "apache", "service"):
        if done.get(name):
            print(f"to do: {done[name]}")
    results = checklist.look(options.config)
    for each in results:
        print(f"{'ok  ' if each.fine else 'TODO'} {each.name}{'' if each.fine else f': {each.remedy}'}")
    return 0 if all(each.fine for each in results) else 1


def remember(config: Path, data: Path):
    """What was answered before, read back from the configuration and from what stands in front of the service."""
    from appliance.core import config as configuration
    from installer import apply, certificates, machine, sites
    from installer.answers import Answers

    answers = Answers(backup_to=str(data / "backups"))
    if not config.exists():
        return answers
    known = configuration.load(config)
    is_postgresql = known.database.url.startswith("postgresql://")
    return dataclasses.replace(
        answers,
        public_url=known.server.public_url,
        web_server=_find_web_server(known, apply),
        certificate="own" if certificates.is_from_elsewhere(sites.CERTIFICATE) else "self-signed",
        database_url=known.database.url if is_postgresql else "",
        processes=str(1 + len(machine.list_ports())),
        plan=known.plans.default,
        backup_to=known.backup.to if "://" in known.backup.to else str(known.path(known.backup.to)),
        mail_host=known.mail.host,
        mail_port=str(known.mail.port),
        mail_security=known.mail.security,
        mail_username=known.mail.username,
        mail_sender=known.mail.sender,
        responsible_body="",
        schools="",
    )


def _find_web_server(known, apply) -> str:
    """Apache where its site was written; none where the service answers to everybody itself."""
    if (apply.APACHE / "sites-available/preau.conf").exists():
        return "apache"
    return "nginx" if known.server.trusted_proxy else "none"


def print_answers() -> None:
    """A file of answers with each question's text and its sensible answer."""
    from installer.answers import Answers, names, spec
    from installer.settings import print_value

    for name in names():
        known = spec(name)
        print(f"# {known['text']}" + (f" ({' / '.join(known['choices'])})" if known["choices"] else ""))
        print(f"{name} = {print_value(getattr(Answers(), name))}\n")
