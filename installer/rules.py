"""Which answers are right: what is wrong with one is said beside its question, and nothing outside is asked here."""

import re
import unicodedata
from dataclasses import fields
from pathlib import Path

from appliance.core.i18n import _
from installer import apply
from installer.answers import HOST, ONCE, Answers, split_address

LONGEST = {"schools": 20_000}
_LONG = 500
_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]+\.[^@\s<>,;\"]+")
_SENDER = re.compile(r"([^<>,;\"]* ?<)?[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]+>?")
# Ports that follow each other; a machine with more cores spreads its load over machines first.
MOST_PROCESSES = 16
_UAI = re.compile(r"[0-9]{7}[A-Z]")


def check(answers: Answers, *, again: bool = False, media: Path = apply.DATA / "blobs") -> dict[str, str]:
    """What is wrong with the answers, by question; empty when all is well. Nothing outside is asked here.

    `again`: the machine was set up before, so that what is asked once only may stay empty. `media`: where the encrypted
    files lie, which are never their own backup.
    """
    problems = {}
    for each in fields(Answers):
        problem = _check_text(each, getattr(answers, each.name))
        if problem:
            problems[each.name] = problem
    for rule in (_check_place, _check_network, _check_database, _check_processes, _check_mail):
        problems = rule(answers) | problems
    problems = _check_backup(answers.backup_to, media) | problems
    if again:
        problems = {name: text for name, text in problems.items() if name not in ONCE or getattr(answers, name)}
    return problems


def _check_text(question, value: str) -> str:
    choices = question.metadata["choices"]
    if choices and value not in choices:
        return _("Choisissez parmi\u202f: %(choices)s.", choices=", ".join(choices))
    if any(
        unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") and (sign != "\n" or question.name != "schools")
        for sign in value
    ):
        return _("Cette réponse contient un signe invisible. Tapez-la au clavier plutôt que de la coller.")
    most = LONGEST.get(question.name, _LONG)
    if len(value) > most:
        return _("Cette réponse est trop longue\u202f: %(most)s caractères au plus.", most=most)
    return ""


def _check_place(answers: Answers) -> dict[str, str]:
    from appliance.crypto.passwords import check_password
    from appliance.services.people.passwords import WORDS

    problems = {}
    if not answers.responsible_body.strip():
        problems["responsible_body"] = _("Donnez un nom\u202f: il figure dans le registre des traitements.")
    if not answers.list_schools():
        problems["schools"] = _("Donnez au moins une école.")
    for name, uai, _town in answers.list_schools():
        if uai and not _UAI.fullmatch(uai):
            problems["schools"] = _("Un numéro UAI a sept chiffres et une lettre, comme 0751234A.")
        elif len(name) > 200:
            problems["schools"] = _("Le nom d’une école a 200 caractères au plus.")
    for name in ("admin_email", "dpo_email"):
        value = getattr(answers, name)
        if value and not (_ADDRESS.fullmatch(value) and len(value) <= 254):
            problems[name] = _("Cette adresse e-mail est incomplète ou contient un signe de trop.")
    if not answers.admin_email:
        problems["admin_email"] = _("Sans cette adresse, personne ne pourrait se connecter.")
    if answers.admin_password:
        about = [answers.responsible_body, *re.split(r"[@.-]", answers.admin_email)]
        problem = check_password(answers.admin_password, [word for word in about if word])
        if problem is not None:
            problems["admin_password"] = str(WORDS[problem])
    return problems


def _check_network(answers: Answers) -> dict[str, str]:
    parts = split_address(answers.public_url)
    fine = parts is not None and parts.scheme in ("http", "https")
    if fine:  # nothing but a host, or host:port
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        fine = parts.netloc.lower() == (host if parts.port is None else f"{host}:{parts.port}")
        fine = fine and not (parts.path.strip("/") or parts.query or parts.fragment) and " " not in parts.geturl()
    text = _("L’adresse commence par https:// et n’a rien après le nom\u202f: https://carnet.ville.fr")
    return {} if fine else {"public_url": text}


def _check_database(answers: Answers) -> dict[str, str]:
    url = answers.database_url
    near = re.fullmatch(r"postgresql:///[^\s/]+", url)  # the server of this machine, through its socket
    parts = split_address(url) if url else None
    there = parts and parts.scheme == "postgresql" and parts.path.strip("/") and not re.search(r"\s", url)
    if url and not near and not there:
        return {"database_url": _("L’adresse d’une base s’écrit postgresql://UTILISATEUR:MOTDEPASSE@HÔTE/BASE")}
    return {}


def _check_backup(to: str, media: Path) -> dict[str, str]:
    """A place is written right, and the service will take it."""
    from appliance.services.backup.remote import Ssh
    from appliance.services.backup.targets import Folder, TargetError

    if to.startswith("ssh://"):
        parts = split_address(to)
        fine = parts is not None and parts.path.startswith("/")
    elif to.startswith("s3://"):
        fine = re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]*(/[\w./-]*)?", to) is not None
    else:
        fine = to.startswith("/") and to.strip("/") != ""
    if not fine:
        return {"backup_to": _("Un dossier commence par /, un autre endroit par ssh:// ou s3://")}
    try:
        if to.startswith("ssh://"):
            Ssh(to, Path("/run"))
        elif to.startswith("/"):
            Folder(Path(to)).require_apart(media)
    except (TargetError, OSError, RuntimeError, ValueError):  # a loop of links, a sign that no path has
        if to.startswith("/"):
            return {"backup_to": _("Les fichiers des familles sont dans ce dossier\u202f: donnez-en un autre.")}
        return {"backup_to": _("Un autre endroit s’écrit ssh://UTILISATEUR@HÔTE/DOSSIER, sans rien de plus.")}
    return {}


def _check_processes(answers: Answers) -> dict[str, str]:
    number = answers.processes
    if not re.fullmatch(r"[0-9]{1,2}", number) or not 1 <= int(number) <= MOST_PROCESSES:
        return {"processes": _("Le nombre de processus va de 1 à %(most)s.", most=MOST_PROCESSES)}
    if int(number) > 1 and not answers.database_url:
        return {"processes": _("Gardez 1 avec SQLite, ou donnez une base PostgreSQL.")}
    if int(number) > 1 and answers.web_server == "apache":
        return {"processes": _("Gardez 1 avec Apache\u202f: seul le site de nginx répartit entre plusieurs processus.")}
    return {}


def _check_mail(answers: Answers) -> dict[str, str]:
    problems = {}
    if answers.mail_host and not HOST.fullmatch(answers.mail_host.lower()):
        problems["mail_host"] = _("Donnez le nom du relais ou son adresse, sans rien d’autre\u202f: smtp.ville.fr")
    if not re.fullmatch(r"[0-9]{1,5}", answers.mail_port) or not 0 < int(answers.mail_port) < 65536:
        problems["mail_port"] = _("Un port est un nombre de 1 à 65535.")
    sender = answers.mail_sender
    if sender and not (_SENDER.fullmatch(sender) and ("<" in sender) == sender.endswith(">")):
        problems["mail_sender"] = _("L’expéditeur s’écrit Préau <preau@ville.fr>, ou l’adresse seule.")
    return problems
