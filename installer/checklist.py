"""The end of a set-up: is everything there? Each line that is not green comes with its remedy."""

import os
import shutil
import socket
import ssl
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from appliance.core import clock, config
from installer import apply, certificates, machine, sites

PROGRAMS = {
    "ffmpeg": ("films and sound", "apt install ffmpeg"),
    "pdftoppm": ("previews of documents", "apt install poppler-utils"),
    "heif-convert": ("photos of iPhones", "apt install libheif-examples"),
}


@dataclass(frozen=True)
class Result:
    """One line of the list."""

    name: str
    fine: bool
    remedy: str = ""


def look(path: Path) -> list[Result]:
    """Every check, in the order in which an operator would repair."""
    known = config.load(path)
    found = [_key(path), _service(), _site(known), _certificate(known), _backup(known)]
    found += [Result(what, shutil.which(program) is not None, remedy) for program, (what, remedy) in PROGRAMS.items()]
    return found + [_disk(known), _clock()]


def _key(path: Path) -> Result:
    key = path.parent / apply.KEK
    return Result(
        "master key, readable by root alone", key.exists() and not key.stat().st_mode & 0o077, f"chmod 0400 {key}"
    )


def _service() -> Result:
    if not machine.has_systemd() or machine.find_user() is None:
        return Result("service (no systemd here: start it with `preau serve`)", True)
    code, said = machine.run("systemctl", "is-active", "preau.service")
    return Result("service is running", code == 0, f"journalctl -u preau ({said})")


def _site(known: config.Config) -> Result:
    parts = urllib.parse.urlsplit(known.server.public_url)
    if not machine.has_systemd() or parts.scheme != "https":
        return Result(f"address {known.server.public_url}", True)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # is it answered at all? who it is comes next
    try:
        with (
            socket.create_connection(("127.0.0.1", parts.port or 443), 5) as link,
            context.wrap_socket(link, server_hostname=parts.hostname) as secured,
        ):
            secured.sendall(f"GET /healthz HTTP/1.1\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n".encode())
            answered = secured.recv(64).startswith(b"HTTP/1.1 200")
    except OSError as error:
        return Result("site over HTTPS", False, f"{error}: is nginx installed and running? systemctl status nginx")
    return Result("site over HTTPS", answered, "journalctl -u preau; nginx -t")


def _certificate(known: config.Config) -> Result:
    if not known.secure:
        return Result("certificate (the address is not https)", True)
    try:
        days = (certificates.read_end(sites.CERTIFICATE) - clock.now()).days
    except (OSError, ValueError):
        return Result("certificate", False, f"put yours in {sites.CERTIFICATE} and {sites.KEY}, then: preau setup")
    return Result(f"certificate, {days} days left", days > 20, f"replace {sites.CERTIFICATE} and {sites.KEY}")


def _backup(known: config.Config) -> Result:
    if "://" in known.backup.to:
        return Result(f"backups go to {known.backup.to.split('@')[-1]}", True)
    folder = known.path(known.backup.to)
    same = folder.exists() and os.stat(folder).st_dev == os.stat(known.path(".")).st_dev
    name = f"backups go to {folder}" + (" (same disk as the data: a copy elsewhere is safer)" if same else "")
    return Result(name, folder.exists() and os.access(folder, os.W_OK), f"mkdir -p {folder}; chown preau: {folder}")


def _disk(known: config.Config) -> Result:
    folder = known.path(known.storage.blobs)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 1_000_000_000
    return Result(f"disk, {free} GB free", free >= 1, "make room, or move the data: see docs/operate")


def _clock() -> Result:
    if not machine.has_systemd() or not shutil.which("timedatectl"):
        return Result("clock", clock.now().year >= 2026, "set the date")
    code, said = machine.run("timedatectl", "show", "--property=NTPSynchronized", "--value")
    return Result("clock is set by the network", code != 0 or said == "yes", "apt install systemd-timesyncd")
