"""The set-up on a terminal: the questions of one group after the other, tried at once, then the key on paper. Nothing
is written before the last answer, so Ctrl-C leaves everything as it was."""

import getpass
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from appliance.core.errors import ConfigError
from appliance.core.i18n import _
from installer import answers as asking
from installer import apply, rules, trials, words
from installer.answers import Answers
from installer.ceremony import Ceremony, read_shares

_YES = ("o", "oui", "y", "yes")


def ask(answers: Answers, given: Iterable[str], groups: Iterable[str], *, config: Path, data: Path) -> Answers:
    """Ask what was not given; an empty line takes the answer in brackets."""
    if not sys.stdin.isatty():
        raise ConfigError("no terminal here. Answer with --non-interactive --answers F, or use: preau setup --web")
    known = {"again": config.exists(), "media": apply.find_media(config, data)}
    for group in groups:
        print(f"\n— {words.GROUPS[group]} —")
        todo = [name for name in asking.group_of(group) if name not in given]
        while todo:
            for name in todo:
                answers = _ask_until_right(answers, name, known)
            todo = _try(group, answers, data)
    return answers


def _ask_until_right(answers: Answers, name: str, known: dict[str, object]) -> Answers:
    if not _is_needed(answers, name):
        return answers
    while True:
        changed = asking.replace(answers, {name: _ask_one(name, getattr(answers, name))})
        problem = rules.check(changed, **known).get(name)
        if not problem:
            return changed
        print(f"  {problem}")


def _is_needed(answers: Answers, name: str) -> bool:
    """What another answer has settled is not asked."""
    if name.startswith("mail_") and name != "mail_host":
        return bool(answers.mail_host)
    if name == "processes" and not answers.database_url:
        print("\n" + _("Un seul processus\u202f: avec SQLite, un seul écrit à la fois."))
        return False
    return name != "certificate" or (answers.web_server != "none" and answers.public_url.startswith("https"))


def _ask_one(name: str, default: str) -> str:
    known = asking.spec(name)
    if known["help"]:
        print(f"\n{known['help']}")
    if name == "cipher":
        print(trials.describe_ciphers(trials.measure_ciphers()))
    choices = f" ({' / '.join(known['choices'])})" if known["choices"] else ""
    shown = default.replace("\n", " | ")
    prompt = f"{known['text']}{choices}" + (f" [{shown}]" if shown and not known["secret"] else "") + "\u202f: "
    if not known["secret"]:
        typed = input(prompt)
        return (typed.replace("|", "\n") if name == "schools" else typed).strip() or default
    typed = getpass.getpass(prompt)
    if typed and name == "admin_password" and getpass.getpass(_("Encore une fois\u202f: ")) != typed:
        print("  " + _("Les deux ne sont pas pareils."))
        return _ask_one(name, default)
    return typed or default


def _try(group: str, answers: Answers, data: Path) -> list[str]:
    """The questions to ask again: what cannot be used, and what the operator would rather put right."""
    again = []
    for each in trials.try_group(group, answers, data):
        print(f"  {each.text}")
        if each.grave or input(_("Continuer quand même\u202f? [o/N] ")).strip().lower() not in _YES:
            again.append(each.name)
    if "mail_username" in again:
        again.append("mail_password")
    return again


def perform(ceremony: Ceremony) -> None:
    """Write the sheet, have it typed back, delete it, keep the key; interrupted, nothing of it stays."""
    print("\n— " + _("La fiche de secours") + " —")
    print(_("Si la machine est perdue, cette fiche et une sauvegarde rendent tout\u202f; rien d’autre ne le peut."))
    while True:
        try:
            ceremony.split(*read_shares(input(_("En parts, comme 2/3\u202f? Vide\u202f: une seule fiche\u202f: "))))
            break
        except ConfigError as error:
            print(f"  {error}")
    memory = Path("/dev/shm")  # noqa: S108 - a file of our own, with a random name, that a power cut erases
    descriptor, path = tempfile.mkstemp(".pdf", "preau-recovery-", memory if memory.is_dir() else None)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(ceremony.draw())
        print(
            _("Imprimez ce fichier (depuis un poste\u202f: scp root@CETTE-MACHINE:%(path)s .)", path=path)
            + f"\n  {path}"
        )
        print(_("Puis recopiez depuis le papier\u202f; les groupes se comptent de 1 à 8."))
        for number, question in enumerate(ceremony.questions()):
            while problem := ceremony.check(number, input(f"{question}\u202f: ")):
                print(f"  {problem}")
    finally:
        Path(path).unlink(missing_ok=True)
    ceremony.keep()
    print(_("La fiche se relit. Le fichier est supprimé de cette machine\u202f; supprimez aussi votre copie."))
