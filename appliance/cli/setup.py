"""setup: the first evening of an appliance, and each time that something of it changes."""

import argparse
import dataclasses
import getpass
import sys
from pathlib import Path

from appliance.core.errors import ConfigError


def add_commands(groups) -> None:
    """Declare the command; each question is an option too."""
    from installer.answers import names, spec

    setup = groups.add_parser(
        "setup",
        help="set this machine up: questions, keys, database, web server, check list; again: changes what is asked",
        epilog="Without a terminal: preau setup --non-interactive --answers F (TOML), or PREAU_SETUP_… variables.",
    )
    setup.add_argument(
        "--non-interactive", action="store_true", help="ask nothing: options, file, environment, defaults"
    )
    setup.add_argument("--answers", type=Path, metavar="F", help="TOML file with the answers")
    setup.add_argument("--print-answers", action="store_true", help="print a file of answers to fill in, and stop")
    setup.add_argument("--web", action="store_true", help="ask in the browser, behind a secret shown on the console")
    setup.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    for name in names():
        known = spec(name)
        if not known["secret"]:  # a secret on a command line is seen by every process
            text = str(known["text"]).replace("%", "%%")
            setup.add_argument(f"--{name.replace('_', '-')}", metavar="A", help=text)
    setup.set_defaults(run=run_setup)


def run_setup(options) -> int:
    """Ask, check, apply, and end with the check list."""
    from installer import answers as asking

    if options.print_answers:
        print_answers()
        return 0
    if options.web:
        from installer import wizard

        return wizard.serve(options.config)
    given = asking.read_environment()
    if options.answers:
        given |= asking.read_file(options.answers)
    given |= {name: value for name in asking.names() if (value := getattr(options, name, None)) is not None}
    answers = asking.replace(remember(options.config), given)
    if not options.non_interactive:
        answers = ask(answers, given)
    problems = asking.check(answers)
    if problems:
        lines = [f"{name}: {problem}" for name, problem in problems.items()]
        raise ConfigError("these answers cannot be used:\n  " + "\n  ".join(lines))
    return carry_out(options, answers)


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
    for name in ("web_server", "apache", "service"):
        if done.get(name):
            print(f"to do: {done[name]}")
    results = checklist.look(options.config)
    for each in results:
        print(f"{'ok  ' if each.fine else 'TODO'} {each.name}{'' if each.fine else f': {each.remedy}'}")
    return 0 if all(each.fine for each in results) else 1


def remember(config: Path):
    """What was answered before, read back from the configuration and the database's side of it."""
    from appliance.core import config as configuration
    from installer.answers import Answers

    answers = Answers()
    if not config.exists():
        return answers
    known = configuration.load(config)
    is_postgresql = known.database.url.startswith("postgresql://")
    return dataclasses.replace(
        answers,
        public_url=known.server.public_url,
        database_url=known.database.url if is_postgresql else "",
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


def ask(answers, given: dict[str, str]):
    """Ask on the terminal what was not given; an empty line takes the answer in brackets."""
    from installer import answers as asking

    if not sys.stdin.isatty():
        raise ConfigError("no terminal here. Answer with --non-interactive --answers F, or use: preau setup --web")
    for name in asking.names():
        if name in given:
            continue
        known = asking.spec(name)
        while True:
            value = _ask_one(known, getattr(answers, name))
            changed = asking.replace(answers, {name: value})
            problem = asking.check(changed).get(name)
            if not problem:
                answers = changed
                break
            print(f"  {problem}")
    return answers


def _ask_one(known, default: str) -> str:
    if known["help"]:
        print(f"\n{known['help']}")
    choices = f" ({' / '.join(known['choices'])})" if known["choices"] else ""
    shown = default.replace("\n", " | ")
    prompt = f"{known['text']}{choices}" + (f" [{shown}]" if shown and not known["secret"] else "") + " : "
    typed = getpass.getpass(prompt) if known["secret"] else input(prompt)
    return typed.replace("|", "\n").strip() or default


def print_answers() -> None:
    """A file of answers with each question's text and its sensible answer."""
    from installer.answers import Answers, names, spec
    from installer.settings import print_value

    for name in names():
        known = spec(name)
        print(f"# {known['text']}" + (f" ({' / '.join(known['choices'])})" if known["choices"] else ""))
        print(f"{name} = {print_value(getattr(Answers(), name))}\n")
