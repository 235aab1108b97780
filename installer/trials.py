"""What is asked is tried at once, where it can be put right: the database, the relay, the place of the backups, the
ciphers."""

import contextlib
import os
import shutil
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from babel.numbers import format_decimal

from appliance.core import i18n
from appliance.core.errors import ConfigError
from appliance.core.i18n import _
from appliance.crypto.suites import AES_256_GCM, CHACHA20_POLY1305, SUITES
from appliance.storage import database
from installer import apply, machine
from installer.answers import Answers

ROOT = Path(__file__).resolve().parents[1]
# The unit of the service sees nothing of these (ProtectHome, PrivateTmp): a backup there would never be written.
HIDDEN = ("/home", "/root", "/run", "/tmp", "/var/tmp", "/dev", "/proc", "/sys")  # noqa: S108 - refused, not used
_SECONDS = 10
_PROBE = """
import sys
from pathlib import Path
from appliance.services.backup.targets import TargetError, open_target
try:
    open_target(sys.argv[1], Path("/"), runtime=Path(sys.argv[2])).prepare()
except (TargetError, OSError, ValueError) as error:
    sys.exit(str(error) or type(error).__name__)
"""


@dataclass(frozen=True)
class Finding:
    """What a trial met: the question it concerns, the words, and whether one may go on all the same."""

    name: str
    text: str
    grave: bool


def try_group(group: str, answers: Answers, data: Path = apply.DATA) -> list[Finding]:
    """Try what the answers of one group name; they have passed `rules.check` before."""
    if group == "data":
        return [*try_database(answers), *try_backup(answers, data)]
    return try_mail(answers) if group == "mail" else []


def try_database(answers: Answers) -> list[Finding]:
    """A PostgreSQL database is connected to and written in."""
    if not answers.database_url:
        return []
    try:
        database.try_postgresql(answers.database_url)
    except (ConfigError, UnicodeError, ValueError) as error:
        text = _("Cette base ne peut pas être utilisée\u202f: %(reason)s", reason=str(error)[:300])
        return [Finding("database_url", text, True)]
    return []


def try_mail(answers: Answers) -> list[Finding]:
    """The relay is greeted, over TLS if that was asked, and shown the password; nothing is sent."""
    if not answers.mail_host:
        return []
    kind = smtplib.SMTP_SSL if answers.mail_security == "tls" else smtplib.SMTP
    try:
        with kind(answers.mail_host, int(answers.mail_port), timeout=_SECONDS) as relay:
            relay.ehlo()
            if answers.mail_security == "starttls":
                relay.starttls()
            if answers.mail_username:
                relay.login(answers.mail_username, answers.mail_password)
    except smtplib.SMTPAuthenticationError:
        return [Finding("mail_username", _("Le relais refuse cet identifiant ou ce mot de passe."), False)]
    except smtplib.SMTPNotSupportedError:
        text = _("Le relais ne propose pas ce chiffrement ou cette identification.")
        return [Finding("mail_security", text, False)]
    except socket.gaierror:  # the service's firewall opens addresses: a name that gives none cannot be kept
        text = _("Ce nom n’est pas connu du réseau. Vérifiez-le, ou donnez une adresse.")
        return [Finding("mail_host", text, True)]
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        return [Finding("mail_host", _say_relay(error), False)]
    return []


def _say_relay(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return _("Le relais refuse la connexion sur ce port.")
    if isinstance(error, TimeoutError):
        return _("Le relais n’a pas répondu en dix secondes.")
    return _(
        "Le relais n’a pas répondu comme il faut\u202f: %(reason)s", reason=str(error)[:200] or type(error).__name__
    )


def try_backup(answers: Answers, data: Path = apply.DATA) -> list[Finding]:
    """A folder is written in by the service's user; another machine is reached by it, or perhaps later."""
    to = answers.backup_to
    if not to.startswith("/"):
        return _try_far_backup(to)
    folder = Path(to)
    if machine.find_user() and any(folder.is_relative_to(hidden) for hidden in HIDDEN):
        text = _("Le service ne voit pas ce dossier, par prudence. Choisissez-en un sous /mnt, /srv ou /var/lib.")
        return [Finding("backup_to", text, True)]
    if not folder.is_dir() and not folder.is_relative_to(data):  # made here, it could lie on a disk that is not there
        text = _(
            "Ce dossier n’existe pas. Branchez le disque, puis tapez\u202f: install -d -o preau %(folder)s", folder=to
        )
        return [Finding("backup_to", text, True)]
    with _made_for_a_while(folder, data) as reason:
        reason = reason or _probe(to)
    text = _("Le service ne peut pas écrire dans ce dossier\u202f: %(reason)s", reason=reason)
    return [Finding("backup_to", text, True)] if reason else []


def _try_far_backup(to: str) -> list[Finding]:
    if to.startswith("s3://"):
        text = _("Réglez ensuite s3_endpoint et s3_credentials dans la configuration\u202f; rien n’a été essayé.")
        return [Finding("backup_to", text, False)]
    try:
        socket.getaddrinfo(urlsplit(to).hostname, None)
    except (OSError, UnicodeError):
        text = _("Ce nom n’est pas connu du réseau. Vérifiez-le, ou donnez une adresse.")
        return [Finding("backup_to", text, True)]
    reason = _probe(to)
    text = _("Cet endroit n’est pas encore accessible au service\u202f: %(reason)s", reason=reason)
    return [Finding("backup_to", text, False)] if reason else []


@contextlib.contextmanager
def _made_for_a_while(folder: Path, data: Path):
    """The folder, which is gone again afterwards when it was not there: only trying leaves nothing."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        if missing:
            machine.give_within(data, folder)
    except (ConfigError, OSError) as error:
        yield str(error)
    else:
        yield ""
    finally:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()


def _probe(to: str) -> str:
    """What the service's user meets there; nothing when all is well."""
    who = machine.be_service()
    home = str(apply.DATA) if who else os.environ.get("HOME", "/")
    environment = {"PYTHONPATH": str(ROOT), "HOME": home, "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
    runtime = Path("/run/preau")
    if not runtime.is_dir():
        runtime = Path("/tmp")  # noqa: S108 - the name of the socket in it is random, its folder only holds it
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, to, str(runtime)], capture_output=True, text=True, timeout=30,
            stdin=subprocess.DEVNULL, env=environment, cwd="/", **who,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return _("pas de réponse en trente secondes")
    return done.stderr.strip().splitlines()[-1][:300] if done.returncode and done.stderr.strip() else ""


def measure_ciphers(timer: Callable[[], float] = time.perf_counter, seconds: float = 1.0) -> dict[int, float]:
    """Bytes a second that this machine seals with each suite, measured for about so many seconds in all."""
    rates, chunk = {}, bytes(65_536)
    for number, suite in SUITES.items():
        aead, nonce = suite.aead(bytes(suite.key_size)), bytes(12)  # a throw-away key: its nonce may be repeated
        start, done = timer(), 0
        while (elapsed := timer() - start) < seconds / len(SUITES):
            aead.encrypt(nonce, chunk, None)
            done += len(chunk)
        rates[number] = done / elapsed
    return rates


def choose_cipher(rates: dict[int, float]) -> str:
    """The answer to `cipher` that these rates speak for."""
    return "aes" if rates[AES_256_GCM] >= rates[CHACHA20_POLY1305] else "chacha20"


def describe_ciphers(rates: dict[int, float]) -> str:
    """“AES : 2,1 Go/s, ChaCha20 : 1,2 Go/s → AES”."""

    def rate(number: int) -> str:
        return format_decimal(rates[number] / 1e9, "0.0#", locale=i18n.current())

    return _(
        "AES\u202f: %(aes)s\u202fGo/s, ChaCha20\u202f: %(chacha)s\u202fGo/s → %(chosen)s",
        aes=rate(AES_256_GCM),
        chacha=rate(CHACHA20_POLY1305),
        chosen={"aes": "AES", "chacha20": "ChaCha20"}[choose_cipher(rates)],
    )


def has_nginx() -> bool:
    """Whether nginx is installed."""
    return apply.NGINX.is_dir() and bool(shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"))
