"""A first certificate, so that nothing is ever served in clear: self-signed, to be replaced by the school's own."""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from installer import machine

DAYS = 825  # what browsers accept at most of an authority of one's own


def make_self_signed(host: str, now: datetime, *others: str) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM for a host name or address and perhaps others, on the P-256 curve, for 825 days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in (host, *others)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def provide(certificate: Path, key: Path, host: str, now: datetime) -> str:
    """A provisional pair where none names this host; what is to be done by hand, or nothing. What somebody gave this
    machine is never lost: an authority's certificate stays, any other pair gets a second name."""
    if is_for(certificate, host):
        return ""
    if is_from_elsewhere(certificate):
        return f"{certificate} does not name {host}: put one there that does, and its key in {key}"
    made = make_self_signed(host, now)
    machine.keep_aside(key)
    machine.keep_aside(certificate)
    machine.write(key, made[1], 0o600)
    machine.write(certificate, made[0], 0o644)
    return ""


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 of a PEM certificate as browsers show it."""
    return x509.load_pem_x509_certificate(certificate).fingerprint(hashes.SHA256()).hex(":").upper()


def is_from_elsewhere(path: Path) -> bool:
    """Whether a PEM certificate is there that was not made by this machine."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.issuer != certificate.subject


def is_for(path: Path, host: str) -> bool:
    """Whether a PEM certificate names this host; `*` stands for one whole label, the first (RFC 9525 §6.3)."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    known = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    known.update(map(str, names.get_values_for_type(x509.IPAddress)))
    return host in known or f"*.{host.partition('.')[2]}" in known
