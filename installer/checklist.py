"""The end of a set-up: is everything there? Each line that is not green comes with its remedy."""

import os
import shutil
import socket
import ssl
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from appliance.core import clock, config
from appliance.core.i18n import _, file_size, lazy_, ngettext
from appliance.services.health import checks
from appliance.services.health import machine as health
from installer import apply, machine, sites

PROGRAMS = {
    "ffmpeg": ("films and sound", lazy_("Films et sons"), "apt install ffmpeg"),
    "pdftoppm": ("previews of documents", lazy_("Aperçus des documents"), "apt install poppler-utils"),
    "heif-convert": ("photos of iPhones", lazy_("Photos des iPhone"), "apt install libheif-examples"),
}


@dataclass(frozen=True)
class Result:
    """One line of the list: `name` for the terminal, `title` for the screen; the remedy is what to type or to do."""

    name: str
    title: str
    fine: bool
    remedy: str = ""


def look(path: Path) -> list[Result]:
    """Every check, in the order in which an operator would repair."""
    known = config.load(path)
    found = [_key(path), _service(), _site(known), _certificate(known), _backup(known)]
    for program, (name, title, remedy) in PROGRAMS.items():
        found.append(Result(name, str(title), shutil.which(program) is not None, remedy))
    return found + [_disk(known), _clock()]


def _key(path: Path) -> Result:
    key = apply.find_key(path)
    fine = key.exists() and not key.stat().st_mode & 0o077
    title = _("Clé de l’installation, lisible par root seul")
    return Result("master key, readable by root alone", title, fine, f"chmod 0400 {key}")


def _service() -> Result:
    if not machine.has_systemd() or machine.find_user() is None:
        title = _("Service\u202f: sans systemd ici, démarrez-le avec preau serve")
        return Result("service (no systemd here: start it with `preau serve`)", title, True)
    units = ["preau.service", *(f"preau@{port}.service" for port in machine.list_ports())]
    _code, said = machine.run("systemctl", "is-active", *units)
    down = [unit for unit, state in zip(units, [*said.split(), *units], strict=False) if state != "active"]
    remedy = f"journalctl -u {' -u '.join(down)} ({said})"
    return Result("service is running", _("Le service fonctionne"), not down, remedy)


def _site(known: config.Config) -> Result:
    url = known.server.public_url
    parts = urllib.parse.urlsplit(url)
    if not machine.has_systemd() or parts.scheme != "https":
        return Result(f"address {url}", _("Adresse du site\u202f: %(url)s", url=url), True)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # is it answered at all? who it is comes next
    title = _("Le site répond en HTTPS")
    try:
        with (
            socket.create_connection(("127.0.0.1", parts.port or 443), 5) as link,
            context.wrap_socket(link, server_hostname=parts.hostname) as secured,
        ):
            secured.sendall(f"GET /healthz HTTP/1.1\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n".encode())
            answered = secured.recv(64).startswith(b"HTTP/1.1 200")
    except OSError as error:
        remedy = f"{error}: is nginx installed and running? systemctl status nginx"
        return Result("site over HTTPS", title, False, remedy)
    return Result("site over HTTPS", title, answered, "journalctl -u preau; nginx -t")


def _certificate(known: config.Config) -> Result:
    if not known.secure:
        title = _("Certificat\u202f: sans objet, l’adresse n’est pas en https")
        return Result("certificate (the address is not https)", title, True)
    end = checks.read_certificate_end(known)
    if end is None:
        remedy = f"put yours in {sites.CERTIFICATE} and {sites.KEY}, then: preau setup"
        return Result("certificate", _("Certificat"), False, remedy)
    days = (end - clock.now()).days
    title = ngettext("Certificat valable encore %(num)s jour", "Certificat valable encore %(num)s jours", max(days, 0))
    remedy = f"replace {sites.CERTIFICATE} and {sites.KEY}"
    return Result(f"certificate, {days} days left", title, days >= checks.CERTIFICATE_SOON.days, remedy)


def _backup(known: config.Config) -> Result:
    if "://" in known.backup.to:
        where = known.backup.to.split("@")[-1]
        return Result(f"backups go to {where}", _("Sauvegardes vers %(place)s", place=where), True)
    folder = known.path(known.backup.to)
    same = folder.exists() and os.stat(folder).st_dev == os.stat(known.path(".")).st_dev
    name, title = f"backups go to {folder}", _("Sauvegardes dans %(place)s", place=folder)
    if same:
        name += " (same disk as the data: a copy elsewhere is safer)"
        title = _(
            "Sauvegardes dans %(place)s, sur le même disque\u202f: une copie ailleurs est plus sûre", place=folder
        )
    fine = folder.exists() and os.access(folder, os.W_OK)
    return Result(name, title, fine, f"mkdir -p {folder}; chown preau: {folder}")


def _disk(known: config.Config) -> Result:
    free = checks.count_free(known.path(known.storage.blobs))
    title = _("Disque\u202f: %(size)s libres", size=file_size(free))
    remedy = "make room, or move the data: see docs/operate"
    return Result(f"disk, {free // 1_000_000_000} GB free", title, free >= 1_000_000_000, remedy)


def _clock() -> Result:
    fine = health.is_clock_synchronized() is not False  # None: nothing here says so
    return Result("clock is set by the network", _("Horloge réglée par le réseau"), fine,
                  "apt install systemd-timesyncd")  # fmt: skip
