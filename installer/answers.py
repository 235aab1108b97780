"""What the set-up asks: each question with its sensible answer, the same on a terminal, in a file, in the environment
and in the browser; `rules` says which answers are right."""

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from appliance.core.errors import ConfigError
from appliance.core.i18n import lazy_

PREFIX = "PREAU_SETUP_"
GROUPS = ("place", "network", "data", "mail")
# What a first set-up cannot do without, and a later one leaves as it is.
ONCE = ("responsible_body", "schools", "admin_email")
# A host is copied into the site of nginx and into the certificate: letters, digits, dots and hyphens, or an address.
HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*|[0-9a-f:]*:[0-9a-f:.]*")


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
    processes: str = question(
        "1",
        lazy_("Nombre de processus"),
        lazy_("Un par cœur au plus. Avec SQLite, toujours 1\u202f: un seul processus y écrit à la fois."),
        group="data",
    )
    backup_to: str = question(
        "/var/lib/preau/backups",
        lazy_("Où vont les sauvegardes"),
        lazy_("Un dossier (un autre disque, si possible), ssh://UTILISATEUR@HÔTE/DOSSIER, ou s3://… sur vos serveurs."),
        group="data",
    )
    plan: str = question(
        "standard", lazy_("Formule des classes"), choices=("initiale", "standard", "plus", "libre"), group="data"
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

    def count_processes(self) -> int:
        """How many processes serve: one on SQLite or behind Apache, whatever was answered for another."""
        return int(self.processes) if self.database_url and self.web_server != "apache" else 1

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


def split_address(text: str) -> SplitResult | None:
    """The parts of an address, or None when it has a host or a port that cannot be."""
    try:
        parts = urlsplit(text)
        if parts.port == 0 or not parts.hostname or not HOST.fullmatch(parts.hostname):
            return None
    except ValueError:
        return None
    return parts


def read_file(path: Path) -> dict[str, str]:
    """The answers in a TOML file; ConfigError names a question that doesn't exist, or a password that others read."""
    try:
        with path.open("rb") as file:
            raw, mode = tomllib.load(file), os.fstat(file.fileno()).st_mode
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    given = {name: _as_text(path, name, value) for name, value in raw.items()}
    if mode & 0o077 and any(value and spec(name)["secret"] for name, value in given.items()):
        raise ConfigError(f"{path} holds a password, and others than its owner may read it: chmod 600 {path}")
    return given


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
