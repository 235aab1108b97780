"""The provisional certificate: for the names and addresses it was made for, for no longer than browsers accept."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.core import config
from appliance.services.health import checks
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
    known = config.parse(f'[server]\ncertificate = "{made[0]}"', name="test", folder=made[0].parent)
    assert checks.read_certificate_end(known) == NOW + timedelta(days=825)


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


@pytest.fixture
def given(tmp_path):
    """The pair that an authority gave the commune, for all its names, where the site looks for one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in ("ville", "autorité")]
    other = (
        x509.CertificateBuilder().subject_name(name[0]).issuer_name(name[1]).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.Ville.fr")]), critical=False)
        .sign(key, certificates.hashes.SHA256())
    )  # fmt: skip
    pair = tmp_path / "own.pem", tmp_path / "own-key.pem"
    pair[0].write_bytes(other.public_bytes(serialization.Encoding.PEM))
    pair[1].write_text("the commune’s only key")
    return pair


def test_our_own_certificate_is_told_from_an_authority_s(made, given):
    assert not certificates.is_from_elsewhere(made[0])
    assert certificates.is_from_elsewhere(given[0])


def test_a_star_stands_for_one_label(given):
    assert certificates.is_for(given[0], "carnet.ville.fr")
    for host in ("ville.fr", "a.carnet.ville.fr", "carnet.bourg.fr", "carnetville.fr", "localhost"):
        assert not certificates.is_for(given[0], host)


@pytest.mark.parametrize(("host", "said"), [("carnet.ville.fr", ""), ("carnet.bourg.fr", "carnet.bourg.fr")])
def test_what_an_authority_gave_stays_for_whatever_host(given, host, said):
    before = [path.read_bytes() for path in given]
    answer = certificates.provide(*given, host, NOW)
    assert said in answer and bool(said) is bool(answer)
    assert [path.read_bytes() for path in given] == before and len(list(given[0].parent.iterdir())) == 2


def test_another_pair_is_replaced_for_another_host_and_kept_aside(tmp_path):
    certificate, key = tmp_path / "tls/certificate.pem", tmp_path / "tls/key.pem"
    for host in ("localhost", "carnet.ville.fr"):
        assert certificates.provide(certificate, key, host, NOW) == "" and certificates.is_for(certificate, host)
    assert certificates.is_for(certificate.with_name("certificate.pem.1"), "localhost")
    assert key.with_name("key.pem.1").stat().st_mode & 0o777 == key.stat().st_mode & 0o777 == 0o600
    certificate.write_text("a format that we cannot read")
    mine = key.read_bytes()
    certificates.provide(certificate, key, "carnet.ville.fr", NOW)
    assert key.with_name("key.pem.2").read_bytes() == mine
