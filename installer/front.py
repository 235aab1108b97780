"""How an operator comes to the set-up from their desk: through nginx with a provisional certificate, else through SSH;
and what the console says of it. All of it is gone when the set-up ends."""

import contextlib
import ipaddress
import os
import socket

from appliance.core import clock
from appliance.core.i18n import _
from installer import apply, certificates, machine, sites, trials

SITE = "sites-enabled/preau-setup"
CERTIFICATE, KEY = sites.CERTIFICATE.with_name("setup.pem"), sites.CERTIFICATE.with_name("setup-key.pem")


def list_addresses() -> list[str]:
    """The addresses of this machine that a desk may reach; loopback alone when there is no other."""
    code, said = machine.run("hostname", "-I")
    found = []
    for each in said.split() if code == 0 else []:
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(each)
            if not address.is_link_local and not address.is_loopback:
                found.append(str(address))
    return found or ["127.0.0.1"]


def open_nginx(port: int) -> str:
    """Put nginx in front of the set-up; the certificate's fingerprint, or nothing where there is no nginx for it."""
    if os.geteuid() != 0 or machine.find_user() is None or not trials.has_nginx():
        return ""
    addresses = [*list_addresses(), "127.0.0.1"]
    certificate, key = certificates.make_self_signed(
        socket.gethostname() or "localhost", clock.now(), *dict.fromkeys(addresses)
    )
    machine.write(KEY, key, 0o600)
    machine.write(CERTIFICATE, certificate, 0o644)
    machine.write(apply.NGINX / SITE, sites.write_setup(port, CERTIFICATE, KEY), 0o644)
    code, _said = machine.run("nginx", "-t")
    if code != 0 or machine.reload("nginx.service"):
        close_nginx()
        return ""
    return certificates.fingerprint(certificate)


def close_nginx() -> None:
    """Take the way in away again."""
    if not (apply.NGINX / SITE).exists() and not CERTIFICATE.exists():
        return
    (apply.NGINX / SITE).unlink(missing_ok=True)
    CERTIFICATE.unlink(missing_ok=True)
    KEY.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        KEY.parent.rmdir()
    reload_nginx()


def reload_nginx() -> None:
    """Have a running nginx read its files again, without systemd: it would let that wait until our own stop is over."""
    if machine.run("systemctl", "is-active", "nginx.service")[0] == 0:
        machine.run("nginx", "-s", "reload")


def write_message(secret: str, port: int, fingerprint: str) -> str:
    """What the console shows: where to go, what to type there."""
    addresses = list_addresses()
    lines = ["", _("Préau\u202f: première installation")]
    if fingerprint:
        lines.append(_("Ouvrez dans un navigateur\u202f:"))
        lines += [f"    https://{f'[{each}]' if ':' in each else each}/" for each in addresses]
        lines.append(_("Le certificat est provisoire\u202f: acceptez l’avertissement. Empreinte SHA-256\u202f:"))
        lines += [f"    {fingerprint[:48]}", f"    {fingerprint[48:]}"]
    else:
        lines.append(_("Il n’y a pas de serveur web ici. De votre poste, tapez\u202f:"))
        lines.append(f"    ssh -L {port}:127.0.0.1:{port} root@{addresses[0]}")
        lines.append(_("puis ouvrez http://127.0.0.1:%(port)s/", port=port))
    lines += [_("Code à usage unique\u202f:"), f"    {secret}", ""]
    return "\n".join(lines)
