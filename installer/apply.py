"""Carry the answers out, step by step; each step looks first, so that running it again changes only what differs."""

import json
import os
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from appliance.core import clock, config
from appliance.core.errors import ConfigError
from appliance.crypto.keyfile import create_kek
from appliance.crypto.suites import AES_256_GCM, CHACHA20_POLY1305, fastest_suite
from appliance.storage import database
from installer import certificates, machine, settings, sites
from installer.answers import Answers

DATA = Path("/var/lib/preau")
KEK = Path("keys/kek")
NGINX = Path("/etc/nginx")
APACHE = Path("/etc/apache2")
DROP_IN = machine.UNITS
TIMERS = ("preau-backup.timer", "preau-rehearse.timer", "preau-scrub.timer")
LOOPBACK = "127.0.0.1"
STEPS = ("configuration", "keys", "database", "web server", "units", "service")
_CIPHERS = {"aes": AES_256_GCM, "chacha20": CHACHA20_POLY1305}


def apply(
    path: Path, answers: Answers, say: Callable[[str], None], *, data: Path = DATA, wizard: int = 0
) -> dict[str, str]:
    """Write the configuration, keys, database, site and units; gives what the person must know (a code, a warning).

    `say` is told each step, one of STEPS; `wizard` is the port of a set-up in the browser, which goes on meanwhile.
    Raises ConfigError with the remedy; what was done before stays and is found again.
    """
    first = not path.exists()
    if machine.find_user() and machine.has_systemd() and not wizard:
        machine.run("systemctl", "stop", "preau-setup.service")  # it is done here: nobody shall be asked twice
    say("configuration")
    machine.give(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    changed = _write_configuration(path, answers, data)
    say("keys")
    made_key = _make_key(find_key(path))
    say("database")
    done = _as_service(lambda: _populate(path, answers))
    if answers.web_server != "none":
        say("web server")
        done |= _write_site(path, answers, wizard)
    say("units")
    _make_backup_folder(answers.backup_to, data)
    changed |= _write_drop_in(path)
    say("service")
    if machine.find_user():
        problem = machine.start("preau.service", again=changed and not first)
        problem = problem or machine.keep_ports(_ports(config.load(path), answers)[1:])
        for unit in TIMERS:
            machine.start(unit, again=False)
        if problem:
            done["service"] = problem
    done["new_key"] = "yes" if made_key else ""
    return done


def _ports(known: config.Config, answers: Answers) -> list[int]:
    return machine.choose_ports(known.server.port, answers.count_processes())


def _write_configuration(path: Path, answers: Answers, data: Path) -> bool:
    if answers.database_url:
        database.try_postgresql(answers.database_url)
    values = values_of(answers, data)
    if answers.mail_password:
        secret = path.parent / "mail-password"
        machine.write(secret, answers.mail_password + "\n", 0o640, group=True)
        values["mail"]["password_file"] = str(secret)
    if answers.cipher == "auto" and not path.exists():  # what was measured once stays
        values["storage"]["suite"] = fastest_suite(time.perf_counter)
    if path.exists():
        _keep_places(values, config.load(path), answers)
        return settings.save(path, values)
    text = settings.change(config.example(), values)
    config.parse(text, name=str(path), folder=path.parent)
    return machine.write(path, text, 0o640, group=True)


def _keep_places(values: dict[str, dict[str, object]], known: config.Config, answers: Answers) -> None:
    """What is in use stays where it is: only a first set-up chooses where the data and the key lie.

    A proxy on another machine, named since, stays the one that is believed.
    """
    from appliance import app

    if known.server.trusted_proxy not in ("", LOOPBACK):
        values["server"] = {"public_url": values["server"]["public_url"]}
    del values["storage"]["blobs"]
    if app.kek_path(known) != str(known.path(str(KEK))):
        del values["storage"]["kek_file"]
    if not answers.database_url and known.database.url.startswith("sqlite:"):
        del values["database"]


def find_key(path: Path) -> Path:
    """Where the master key lies, or will: the configuration says it, when there is one."""
    from appliance import app

    return Path(app.kek_path(config.load(path))) if path.exists() else path.parent / KEK


def find_media(path: Path, data: Path = DATA) -> Path:
    """Where the encrypted media lie, or will."""
    if not path.exists():
        return data / "blobs"
    known = config.load(path)
    return known.path(known.storage.blobs)


def values_of(answers: Answers, data: Path) -> dict[str, dict[str, object]]:
    """The lines of the configuration that the answers decide."""
    host = urllib.parse.urlsplit(answers.public_url)
    values: dict[str, dict[str, object]] = {
        "server": {"public_url": f"{host.scheme}://{host.netloc}"},
        "database": {"url": answers.database_url or f"sqlite:///{data / 'preau.db'}"},
        "storage": {"blobs": str(data / "blobs"), "kek_file": "credential:kek" if machine.find_user() else str(KEK)},
        "plans": {"default": answers.plan},
        "mail": {
            "host": answers.mail_host,
            "port": int(answers.mail_port),
            "security": answers.mail_security,
            "username": answers.mail_username,
            "sender": answers.mail_sender or f"Préau <preau@{answers.host}>",
        },
        "backup": {"to": answers.backup_to},
    }
    if answers.cipher != "auto":
        values["storage"]["suite"] = _CIPHERS[answers.cipher]
    if answers.web_server != "none":
        values["server"] |= {"host": LOOPBACK, "trusted_proxy": LOOPBACK}
    return values


def _make_key(path: Path) -> bool:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        return False
    create_kek(path)
    return True


def _populate(path: Path, answers: Answers) -> dict[str, str]:
    from appliance import app
    from appliance.school import keys
    from appliance.school.models import Academy, School
    from appliance.school.policy import SYSTEM
    from appliance.services.people import places
    from appliance.storage import migrate

    app.open_kernel(config.load(path))
    done = {}
    with database.connection():
        migrate.migrate()
        keys.require_ours()
        academy = Academy.get_or_none(Academy.name == answers.responsible_body) or Academy.select().first()
        if academy is None and not answers.responsible_body:
            raise ConfigError("who is responsible is not known yet: answer responsible_body, schools and admin_email")
        academy = academy or places.create_academy(SYSTEM, answers.responsible_body)
        for name, uai, town in answers.list_schools():
            if not School.select().where((School.academy == academy) & (School.name == name)).exists():
                places.create_school(SYSTEM, academy, name, uai=uai, city=town)
        places.find_or_create_year(SYSTEM, academy, clock.today())
        for role, email, password in (
            ("admin", answers.admin_email, answers.admin_password),
            ("dpo", answers.dpo_email, ""),
        ):
            if email:
                done |= _open_account(academy, role, email, password)
    return done


def _open_account(academy, role: str, email: str, password: str) -> dict[str, str]:
    """The account of an office, once; without a password it gets a code that opens it."""
    from appliance.school.models import Account
    from appliance.school.policy import SYSTEM
    from appliance.services.people import accounts, places, resets
    from appliance.storage.database import transaction

    identifier = accounts.fold_identifier(email)
    account = Account.get_or_none(Account.identifier == identifier)
    if account is not None:
        places.appoint(SYSTEM, account, academy, role)
        return {}
    first, *others = email.partition("@")[0].replace(".", " ").replace("-", " ").split() or [role]
    person = accounts.Person(
        first_name=first.capitalize(),
        last_name=" ".join(others).capitalize() or "—",
        identifier=identifier,
        email=email,
    )
    hashed = accounts.hash_for(person, password) if password else ""
    with transaction():
        account = accounts.create_account(SYSTEM, person, password_hash=hashed)
        places.appoint(SYSTEM, account, academy, role)
        code = "" if hashed else resets.create_code(SYSTEM, account)
    return {f"{role}_code": code} if code else {}


def _as_service(work: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Do something in a child, because opening the kernel as root becomes the service's user for good."""
    if os.geteuid() != 0 or machine.find_user() is None:
        return work()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer: dict[str, str] = {}
        try:
            answer = {"ok": json.dumps(work())}
        except Exception as error:
            answer = {"error": str(getattr(error, "message", error)) or type(error).__name__}
        finally:
            os.write(writer, json.dumps(answer).encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = json.loads(pipe.read() or '{"error": "the set-up of the database was interrupted; run it again"}')
    os.waitpid(child, 0)
    if "error" in answer:
        raise ConfigError(answer["error"])
    return json.loads(answer["ok"])


def _write_site(path: Path, answers: Answers, wizard: int = 0) -> dict[str, str]:
    """A certificate where there is none for this host, the site, a reload; all is taken back when nginx refuses it."""
    settings_now = config.load(path)
    done = {}
    if answers.certificate == "self-signed":
        problem = certificates.provide(sites.CERTIFICATE, sites.KEY, answers.host, clock.now())
        done = {"certificate": problem} if problem else {}
    if answers.web_server == "apache":
        machine.write(APACHE / "sites-available/preau.conf", sites.write_apache(settings_now, answers.host), 0o644)
        return done | {"apache": "a2enmod ssl proxy proxy_http headers http2 reqtimeout && a2ensite preau"}
    if not NGINX.is_dir():
        return done | {"web_server": "nginx is not installed: apt install nginx, then: preau setup"}
    text = sites.write_nginx(settings_now, answers.host, _ports(settings_now, answers), wizard=wizard)
    refusal = machine.enable_site(NGINX, text)
    return done | ({"web_server": f"nginx refuses the site, nothing was changed: {refusal}"} if refusal else {})


def end_wizard(path: Path) -> None:
    """Take the way to the set-up out of the site again."""
    available = NGINX / "sites-available/preau"
    if path.exists() and available.exists():
        known = config.load(path)
        host = urllib.parse.urlsplit(known.server.public_url).hostname or "localhost"
        ports = [known.server.port, *machine.list_ports()]
        machine.write(available, sites.write_nginx(known, host, ports), 0o644)


def _make_backup_folder(to: str, data: Path) -> None:
    """A folder of backups inside the service's own place is made; one elsewhere is the operator's to give."""
    if to.startswith("/") and Path(to).is_relative_to(data):
        machine.give_within(data, Path(to))


def _write_drop_in(path: Path) -> bool:
    """Open, in systemd's firewall of the service, what the configuration names and nothing else."""
    if machine.find_user() is None:
        return False
    known = config.load(path)
    database = urllib.parse.urlsplit(known.database.url)
    hosts = [known.mail.host, database.hostname if database.scheme == "postgresql" else ""]
    folder = Path(known.backup.to) if known.backup.to.startswith("/") else None
    there = known.backup.s3_endpoint if known.backup.to.startswith("s3://") else known.backup.to
    hosts.append("" if folder else urllib.parse.urlsplit(there).hostname or "")
    lines = ["# Written by `preau setup`: what the configuration names, and nothing else, may be reached.", "[Service]"]
    lines += [f"IPAddressAllow={address}" for host in hosts if host for address in _resolve(host)]
    if folder and not folder.is_relative_to(DATA):
        quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
        lines.append(f'ReadWritePaths="-{quoted}"')
    changed = False
    for unit in ("preau", "preau@", "preau-backup", "preau-rehearse", "preau-scrub"):
        changed |= machine.write(DROP_IN / f"{unit}.service.d/network.conf", "\n".join(lines) + "\n", 0o644)
    if changed:
        machine.reload_units()
    return changed


def _resolve(host: str) -> list[str]:
    import socket

    try:
        return sorted({each[4][0] for each in socket.getaddrinfo(host, None)})
    except OSError:
        raise ConfigError(
            f"the name {host} is not known to this machine's DNS: correct it, or give its address"
        ) from None
