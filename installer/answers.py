"""What the set-up asks: each question with its sensible answer and its check, the same on a terminal, in a file, in the
environment and in the browser."""

import dataclasses
import os
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from appliance.core.errors import ConfigError
from appliance.core.i18n import _, lazy_

PREFIX = "PREAU_SETUP_"
GROUPS = ("place", "network", "data", "mail")
# What a first set-up cannot do without, and a later one leaves as it is.
ONCE = ("responsible_body", "schools", "admin_email")
LONGEST = {"schools": 20_000}
_LONG = 500
_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]+\.[^@\s<>,;\"]+")
_SENDER = re.compile(r"([^<>,;\"]* ?<)?[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]+>?")
_UAI = re.compile(r"[0-9]{7}[A-Z]")
# A host is copied into the site of nginx and into the certificate: letters, digits, dots and hyphens, or an address.
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*|[0-9a-f:]*:[0-9a-f:.]*")


def question(default, text, help_text="", *, choices=(), secret=False, group="place"):
    """One thing that is asked."""
    return field(
        default=default,
        metadata={"text": text, "help": help_text, "choices": choices, "secret": secret, "group": group},
    )


@dataclass(frozen=True)
class Answers:
    """All answers. `schools` is one school a line: name; UAI; town (the last two may be left out)."""

    responsible_body: str = question(
        "Mon école",
        lazy_("Organisme responsable du traitement"),
        lazy_("La commune, l’académie, ou l’école elle-même si elle est privée. C’est le nom que lit le DPO."),
    )
    schools: str = question(
        "Mon école",
        lazy_("Écoles, une par ligne"),
        lazy_("Nom\u202f; numéro UAI\u202f; ville. Le numéro et la ville sont facultatifs."),
    )
    dpo_email: str = question(
        "",
        lazy_("Adresse e-mail du délégué à la protection des données"),
        lazy_("Facultatif\u202f: son compte est créé."),
    )
    admin_email: str = question(
        "", lazy_("Votre adresse e-mail"), lazy_("Elle devient l’identifiant du premier compte administrateur.")
    )
    admin_password: str = question(
        "",
        lazy_("Votre mot de passe"),
        lazy_("Douze caractères au moins. Vide\u202f: un code à usage unique est donné à la fin."),
        secret=True,
    )
    public_url: str = question(
        "https://localhost",
        lazy_("Adresse que taperont les familles"),
        lazy_("Par exemple https://carnet.ville.fr"),
        group="network",
    )
    web_server: str = question(
        "nginx", lazy_("Serveur web placé devant Préau"), choices=("nginx", "apache", "none"), group="network"
    )
    certificate: str = question(
        "self-signed",
        lazy_("Certificat TLS"),
        lazy_("Un certificat provisoire convient pour commencer. Le vôtre se dépose dans /etc/preau/tls."),
        choices=("self-signed", "own"),
        group="network",
    )
    database_url: str = question(
        "",
        lazy_("Base PostgreSQL"),
        lazy_("Vide\u202f: SQLite, qui suffit à une commune. Sinon postgresql://UTILISATEUR:MOTDEPASSE@HÔTE/BASE"),
        secret=True,
        group="data",
    )
    backup_to: str = question(
        "/var/lib/preau/backups",
        lazy_("Où vont les sauvegardes"),
        lazy_("Un dossier (un autre disque, si possible), ssh://UTILISATEUR@HÔTE/DOSSIER, ou s3://… sur vos serveurs."),
        group="data",
    )
    plan: str = question(
        "standard", lazy_("Offre des classes"), choices=("initiale", "standard", "plus", "libre"), group="data"
    )
    cipher: str = question(
        "auto",
        lazy_("Chiffrement des fichiers"),
        lazy_("Sans préférence (auto), le plus rapide sur cette machine est mesuré en une seconde."),
        choices=("auto", "aes", "chacha20"),
        group="data",
    )
    mail_host: str = question(
        "",
        lazy_("Relais de courrier"),
        lazy_("Vide\u202f: aucun courrier ne part, les codes sont imprimés."),
        group="mail",
    )
    mail_port: str = question("25", lazy_("Port du relais"), group="mail")
    mail_security: str = question(
        "starttls", lazy_("Chiffrement vers le relais"), choices=("none", "starttls", "tls"), group="mail"
    )
    mail_username: str = question(
        "", lazy_("Identifiant au relais"), lazy_("Vide s’il n’en demande pas."), group="mail"
    )
    mail_password: str = question("", lazy_("Mot de passe au relais"), secret=True, group="mail")
    mail_sender: str = question("", lazy_("Expéditeur des courriers"), group="mail")

    @property
    def host(self) -> str:
        """The name in the public address."""
        parts = split_address(self.public_url)
        return parts.hostname if parts else "localhost"

    def list_schools(self) -> list[tuple[str, str, str]]:
        """(name, UAI, town) of each school."""
        found = []
        for line in self.schools.splitlines():
            name, uai, town, *_rest = [part.strip() for part in line.split(";")] + ["", ""]
            if name:
                found.append((name, uai.upper(), town))
        return found


def names() -> list[str]:
    """The names of the questions, in order."""
    return [each.name for each in fields(Answers)]


def spec(name: str) -> Mapping[str, object]:
    """What is known of a question: text, help, choices, secret, group."""
    return next(each for each in fields(Answers) if each.name == name).metadata


def group_of(group: str) -> list[str]:
    """The names of the questions of one group, in order."""
    return [name for name in names() if spec(name)["group"] == group]


def check(answers: Answers, *, again: bool = False) -> dict[str, str]:
    """What is wrong with the answers, by question; empty when all is well. Nothing outside is asked here.

    `again`: the machine was set up before, so that what is asked once only may stay empty.
    """
    problems = {}
    for each in fields(Answers):
        problem = _check_text(each, getattr(answers, each.name))
        if problem:
            problems[each.name] = problem
    for rule in (_check_place, _check_network, _check_data, _check_mail):
        problems = rule(answers) | problems
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


def split_address(text: str) -> SplitResult | None:
    """The parts of an address, or None when it has a host or a port that cannot be."""
    try:
        parts = urlsplit(text)
        if parts.port == 0 or not parts.hostname or not _HOST.fullmatch(parts.hostname):
            return None
    except ValueError:
        return None
    return parts


def _check_network(answers: Answers) -> dict[str, str]:
    parts = split_address(answers.public_url)
    rest = parts and (parts.path.strip("/") or parts.query or parts.fragment or parts.username or "?" in parts.netloc)
    if parts is None or parts.scheme not in ("http", "https") or rest or "@" in parts.netloc or " " in parts.geturl():
        return {
            "public_url": _("L’adresse commence par https:// et n’a rien après le nom\u202f: https://carnet.ville.fr")
        }
    return {}


def _check_data(answers: Answers) -> dict[str, str]:
    problems = {}
    url = answers.database_url
    near = re.fullmatch(r"postgresql:///[^\s/]+", url)  # the server of this machine, through its socket
    parts = split_address(url) if url else None
    there = parts and parts.scheme == "postgresql" and parts.path.strip("/") and not re.search(r"\s", url)
    if url and not near and not there:
        problems["database_url"] = _("L’adresse d’une base s’écrit postgresql://UTILISATEUR:MOTDEPASSE@HÔTE/BASE")
    to = answers.backup_to
    if to.startswith("ssh://"):
        parts = split_address(to)
        fine = parts is not None and parts.path.startswith("/")
    elif to.startswith("s3://"):
        fine = re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]*(/[\w./-]*)?", to) is not None
    else:
        fine = to.startswith("/") and to.strip("/") != ""
    if not fine:
        problems["backup_to"] = _("Un dossier commence par /, un autre endroit par ssh:// ou s3://")
    return problems


def _check_mail(answers: Answers) -> dict[str, str]:
    problems = {}
    if answers.mail_host and not _HOST.fullmatch(answers.mail_host.lower()):
        problems["mail_host"] = _("Donnez le nom du relais ou son adresse, sans rien d’autre\u202f: smtp.ville.fr")
    if not re.fullmatch(r"[0-9]{1,5}", answers.mail_port) or not 0 < int(answers.mail_port) < 65536:
        problems["mail_port"] = _("Un port est un nombre de 1 à 65535.")
    sender = answers.mail_sender
    if sender and not (_SENDER.fullmatch(sender) and ("<" in sender) == sender.endswith(">")):
        problems["mail_sender"] = _("L’expéditeur s’écrit Préau <preau@ville.fr>, ou l’adresse seule.")
    return problems


def read_file(path: Path) -> dict[str, str]:
    """The answers in a TOML file; ConfigError names a question that doesn't exist."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    return {name: _as_text(path, name, value) for name, value in raw.items()}


def _as_text(path: Path, name: str, value) -> str:
    if name not in names():
        raise ConfigError(f"{path}: no question is called “{name}”. There are: {', '.join(names())}.")
    if isinstance(value, list):
        return "\n".join(map(str, value))
    if isinstance(value, str | int):
        return str(value)
    raise ConfigError(f"{path}: the answer to “{name}” is a text, a number or a list of texts.")


def read_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The answers in variables such as PREAU_SETUP_PUBLIC_URL; `\\n` or `|` ends a line of schools."""
    found = {}
    for name in names():
        value = environ.get(PREFIX + name.upper())
        if value is not None:
            found[name] = value.replace("|", "\n") if name == "schools" else value
    return found


def replace(answers: Answers, changes: Mapping[str, str]) -> Answers:
    """The answers with some changed, spaces around them gone."""
    return dataclasses.replace(answers, **{name: value.strip() for name, value in changes.items()})
