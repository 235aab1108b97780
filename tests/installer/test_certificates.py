"""The provisional certificate: for the names and addresses it was made for, for no longer than browsers accept."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from installer import certificates

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.fixture
def made(tmp_path):
    certificate, key = certificates.make_self_signed("carnet.ville.fr", NOW, "192.0.2.7", "2001:db8::7")
    path = tmp_path / "certificate.pem"
    path.write_bytes(certificate)
    return path, key


@pytest.mark.parametrize("host", ["carnet.ville.fr", "192.0.2.7", "2001:db8::7"])
def test_it_names_each_host_it_was_made_for(made, host):
    assert certificates.is_for(made[0], host)
    assert not certificates.is_for(made[0], f"x{host}")


def test_it_ends_when_browsers_want_it_to(made):
    assert certificates.read_end(made[0]) == NOW + timedelta(days=825)


def test_its_key_is_its_own_on_a_common_curve(made):
    key = serialization.load_pem_private_key(made[1], None)
    certificate = x509.load_pem_x509_certificate(made[0].read_bytes())
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_key().public_numbers() == certificate.public_key().public_numbers()
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_its_fingerprint_reads_as_a_browser_shows_it(made):
    shown = certificates.fingerprint(made[0].read_bytes())
    assert len(shown.split(":")) == 32 and shown == shown.upper()


def test_what_is_no_certificate_is_for_nobody(tmp_path):
    (tmp_path / "x").write_text("no")
    assert not certificates.is_for(tmp_path / "x", "localhost") and not certificates.is_for(tmp_path / "y", "localhost")
    assert not certificates.is_from_elsewhere(tmp_path / "x")
    with pytest.raises(ValueError):
        certificates.read_end(tmp_path / "x")


def test_our_own_certificate_is_told_from_an_authority_s(made, tmp_path):
    assert not certificates.is_from_elsewhere(made[0])
    key = ec.generate_private_key(ec.SECP256R1())
    name = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in ("ville", "autorité")]
    other = (
        x509.CertificateBuilder().subject_name(name[0]).issuer_name(name[1]).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=90))
        .sign(key, certificates.hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "own.pem"
    path.write_bytes(other.public_bytes(serialization.Encoding.PEM))
    assert certificates.is_from_elsewhere(path)
