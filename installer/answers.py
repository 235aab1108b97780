"""What the set-up asks: each question with its sensible answer and its check, the same on a terminal, in a file, in the
environment and in the browser."""

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from appliance.core.errors import ConfigError
from appliance.core.i18n import lazy_

PREFIX = "PREAU_SETUP_"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_UAI = re.compile(r"\d{7}[A-Z]")


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
        lazy_("Nom ; numéro UAI ; ville. Le numéro et la ville sont facultatifs."),
    )
    dpo_email: str = question(
        "", lazy_("Adresse e-mail du délégué à la protection des données"), lazy_("Facultatif : son compte est créé.")
    )
    admin_email: str = question(
        "", lazy_("Votre adresse e-mail"), lazy_("Elle devient l’identifiant du premier compte administrateur.")
    )
    admin_password: str = question(
        "",
        lazy_("Votre mot de passe"),
        lazy_("Douze caractères au moins. Vide : un code à usage unique est donné à la fin."),
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
        lazy_("« self-signed » convient pour commencer ; « own » : le vôtre, dans /etc/preau/tls."),
        choices=("self-signed", "own"),
        group="network",
    )
    database_url: str = question(
        "",
        lazy_("Base PostgreSQL"),
        lazy_("Vide : SQLite, qui suffit à une commune. Sinon postgresql://UTILISATEUR:MOTDEPASSE@HÔTE/BASE"),
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
        lazy_("« auto » mesure pendant une seconde lequel est le plus rapide sur cette machine."),
        choices=("auto", "aes", "chacha20"),
        group="data",
    )
    mail_host: str = question(
        "", lazy_("Relais de courrier"), lazy_("Vide : aucun courrier ne part, les codes sont imprimés."), group="mail"
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
        return urlsplit(self.public_url).hostname or "localhost"

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


def check(answers: Answers) -> dict[str, str]:
    """What is wrong with the answers, by question; empty when all is well. Nothing outside is asked here."""
    from appliance.core.i18n import _

    problems = {}
    for each in fields(Answers):
        value, choices = getattr(answers, each.name), each.metadata["choices"]
        if choices and value not in choices:
            problems[each.name] = _("Choisissez parmi : %(choices)s.", choices=", ".join(choices))
        if any(ord(sign) < 32 and (sign != "\n" or each.name != "schools") for sign in value):
            problems[each.name] = _("Cette réponse contient un caractère interdit.")
    if not answers.responsible_body.strip():
        problems["responsible_body"] = _("Donnez un nom : il figure dans le registre des traitements.")
    if not answers.list_schools():
        problems["schools"] = _("Donnez au moins une école.")
    for _name, uai, _town in answers.list_schools():
        if uai and not _UAI.fullmatch(uai):
            problems["schools"] = _("Un numéro UAI a sept chiffres et une lettre, comme 0751234A.")
    for name in ("admin_email", "dpo_email"):
        value = getattr(answers, name)
        if value and not _ADDRESS.fullmatch(value):
            problems[name] = _("Cette adresse e-mail est incomplète.")
    if not answers.admin_email:
        problems["admin_email"] = _("Sans cette adresse, personne ne pourrait se connecter.")
    parts = urlsplit(answers.public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        problems["public_url"] = _(
            "L’adresse commence par https:// et n’a rien après le nom, comme https://carnet.ville.fr"
        )
    if answers.database_url and not answers.database_url.startswith("postgresql://"):
        problems["database_url"] = _("L’adresse d’une base commence par postgresql://")
    if not answers.backup_to.startswith(("/", "ssh://", "s3://")):
        problems["backup_to"] = _("Un dossier commence par /, un autre endroit par ssh:// ou s3://")
    if answers.mail_host and not (answers.mail_port.isdigit() and 0 < int(answers.mail_port) < 65536):
        problems["mail_port"] = _("Un port est un nombre de 1 à 65535.")
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
