"""Each rule of health tells what is well, what is not and what to do, on screen in French and on a terminal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from appliance.core import clock as time
from appliance.core import i18n
from appliance.services import doctor, work
from appliance.services.backup import status
from appliance.services.health import checks, machine, words
from appliance.services.health.checks import OK, PROBLEM, WARNING, Place
from appliance.services.media import antivirus, programs
from appliance.storage import database, memory

WELL = ("ok", "same", "sqlite", "postgresql", "alone", "none")


@pytest.fixture
def place(world, monkeypatch):
    monkeypatch.setattr(database, "read_clock", lambda: None)  # the tests' clock stands still, PostgreSQL's goes on
    return Place(world.config, world.blobs, lambda: "ring-1")


def found(place, code, **options):
    """(level, wording) of one check, or None when it says nothing here."""
    return next(((each.level, each.wording) for each in checks.look(place, **options) if each.code == code), None)


def behind_tls(place, **server):
    config = place.config
    server = replace(config.server, public_url="https://ecole.example", **server)
    return place._replace(config=replace(config, server=server))


def test_every_sentence_has_a_title_and_what_is_not_well_has_a_remedy_in_both_languages():
    for name, each in words.WORDS.items():
        code, wording = name.split(".")
        assert code in words.TITLES
        if wording not in WELL:
            assert str(each.remedy), name
            assert ": " in each.english or "?" in each.english, name


def test_a_disk_that_fills_is_told_before_it_is_full(place):
    free = checks.count_free(place.blobs.root)
    for reserve, expected in ((0, (OK, "ok")), (free // 2, (WARNING, "low")), (free * 2, (PROBLEM, "full"))):
        place.blobs.reserve_bytes = reserve
        assert found(place, "disk") == expected


def test_without_a_place_in_memory_it_is_said_and_a_small_one_too(place, monkeypatch, tmp_path):
    large = replace(place.config, processing=replace(place.config.processing, output_mb=1 << 40))
    for size, config, expected in (
        (1, large, (OK, "ok")),
        (1 << 60, large, (WARNING, "small")),
        (1 << 60, replace(large, processing=replace(large.processing, output_mb=0)), (OK, "ok")),
    ):
        monkeypatch.setattr(checks, "FILM_BYTES", size)
        assert found(place._replace(config=config), "memory") == expected
    monkeypatch.setattr(memory, "RAM_DISK", tmp_path / "absent")
    assert found(place, "memory") == (PROBLEM, "absent")


def test_a_backup_on_the_same_disk_is_half_a_copy_and_elsewhere_is_not_looked_at(place):
    assert found(place, "disk_backup") == (OK, "same")
    away = replace(place.config, backup=replace(place.config.backup, to="ssh://nas/preau"))
    assert found(place._replace(config=away), "disk_backup") is None


def test_the_backup_that_never_was_the_late_one_and_the_failed_one(place, clock):
    assert found(place, "backup") == (WARNING, "never")
    clock.advance(days=8)
    assert found(place, "backup") == (PROBLEM, "never")
    status.note(place.data, "backup", True, says="3 media")
    assert found(place, "backup") == (OK, "ok")
    clock.advance(days=2, hours=1)
    assert found(place, "backup") == (WARNING, "old")
    clock.advance(days=5)
    assert found(place, "backup") == (PROBLEM, "old")
    status.note(place.data, "backup", False, says="the disk is full")
    assert found(place, "backup") == (PROBLEM, "failed")


def test_a_rehearsal_is_expected_every_forty_days(place, clock):
    assert found(place, "rehearsal") == (OK, "never")
    clock.advance(days=41)
    assert found(place, "rehearsal") == (WARNING, "never")
    status.note(place.data, "rehearsal", True)
    assert found(place, "rehearsal") == (OK, "ok")
    clock.advance(days=41)
    assert found(place, "rehearsal") == (WARNING, "old")
    status.note(place.data, "rehearsal", False)
    assert found(place, "rehearsal") == (PROBLEM, "failed")


def test_the_sheet_must_have_been_read_back_for_the_key_in_force(place):
    assert found(place, "sheet") == (WARNING, "never")
    status.note(place.data, "sheet", True, key="ring-0")
    assert found(place, "sheet") == (WARNING, "older")
    status.note(place.data, "sheet", True, key="ring-1")
    assert found(place, "sheet") == (OK, "ok")


def certificate(path, days):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "e")])
    end = time.now() + timedelta(days=days)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(end - timedelta(days=90)).not_valid_after(end)
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


@pytest.mark.parametrize(
    ("days", "expected"),
    [(60, (OK, "ok")), (15, (WARNING, "soon")), (3, (PROBLEM, "soon")), (-1, (PROBLEM, "over"))],
)
def test_the_end_of_the_certificate_is_seen_coming(place, tmp_path, days, expected):
    pem = tmp_path / "certificate.pem"
    here = behind_tls(place, certificate=str(pem))
    assert found(here, "certificate") is None, "no certificate on this machine"
    pem.write_bytes(b"not a certificate")
    assert found(here, "certificate") is None
    certificate(pem, days)
    assert found(here, "certificate") == expected
    assert found(place, "certificate") is None, "nobody comes over HTTPS"


def test_a_proxy_must_be_declared(place):
    assert found(place, "proxy") is None
    assert found(behind_tls(place), "proxy") == (WARNING, "untrusted")
    assert found(behind_tls(place, trusted_proxy="127.0.0.1"), "proxy") == (OK, "ok")


@pytest.mark.parametrize(
    ("said", "expected"), [(True, (OK, "ok")), (False, (WARNING, "unsynchronized")), (None, (OK, "alone"))]
)
def test_the_clock_follows_the_network(place, monkeypatch, said, expected):
    monkeypatch.setattr(machine, "is_clock_synchronized", lambda: said)
    assert found(place, "clock") == expected


def test_a_clock_that_went_back_is_a_problem(place, clock):
    clock.advance(hours=-2)
    assert found(place, "clock") == (PROBLEM, "behind")


def test_tasks_that_failed_or_wait_too_long(place, clock):
    work.submit("kind", "a", due_at=time.now())
    assert found(place, "queue") == (OK, "ok")
    clock.advance(hours=2)
    assert found(place, "queue") == (PROBLEM, "late")
    work.Task.update(failed_at=time.now(), error="killed").execute()
    assert found(place, "queue") == (PROBLEM, "failed")


def test_a_missing_program_is_named_by_its_package(place, monkeypatch):
    monkeypatch.setattr(programs, "is_there", lambda name: name != "pdftoppm")
    check = checks.check_programs(place)
    assert (check.level, words.describe(check)[1]) == (
        WARNING,
        "Installez-les\u202f: «\u202fapt install poppler-utils\u202f».",
    )


def test_an_antivirus_that_does_not_answer_is_a_problem(place, monkeypatch):
    assert found(place, "antivirus") == (OK, "none")
    monkeypatch.setattr(antivirus, "read_status", lambda: antivirus.Status(True))
    assert found(place, "antivirus") == (PROBLEM, "silent")
    old = antivirus.Status(True, True, "ClamAV", time.today() - timedelta(days=8))
    monkeypatch.setattr(antivirus, "read_status", lambda: old)
    assert found(place, "antivirus") == (WARNING, "old")


def test_the_database_is_read_through_only_when_asked(place, monkeypatch, database_kind):
    assert found(place, "integrity") is None
    assert found(place, "integrity", thorough=True) == ((OK, "ok") if database_kind == "sqlite" else None)
    monkeypatch.setattr(database, "is_whole", lambda: False)
    assert found(place, "integrity", thorough=True) == (PROBLEM, "broken")


def test_a_write_ahead_log_that_grows_is_told(place, monkeypatch, database_kind):
    assert found(place, "database") == (OK, database_kind)
    monkeypatch.setattr(database, "count_wal_bytes", lambda: checks.WAL_LARGE + 1)
    assert found(place, "database") == (WARNING, "wal")


@pytest.mark.dialect("sqlite")
def test_the_write_ahead_log_is_bounded_and_emptied(world):
    assert database.db.execute_sql("PRAGMA journal_size_limit").fetchone()[0] == database.WAL_BYTES
    work.submit("kind", "a")
    assert database.count_wal_bytes() > 0
    database.empty_wal()
    assert database.count_wal_bytes() == 0


def test_a_check_that_fails_itself_holds_up_no_other(place, monkeypatch):
    monkeypatch.setattr(checks.scrub, "report", lambda: 1 / 0)
    assert found(place, "files") == (WARNING, "unknown") and found(place, "versions") == (OK, "ok")
    check = next(each for each in checks.look(place) if each.code == "files")
    assert "pas pu être vérifié" in words.describe(check)[0] and "see the log" in words.english(check)


def test_versions_name_program_schema_and_database(place):
    versions = checks.check_versions(place).facts["versions"]
    assert {"Préau", "schema", "Python", "flask", "cryptography"} <= set(versions)


def test_one_rule_has_two_words(place):
    check = next(each for each in checks.look(place) if each.code == "sheet")
    assert words.describe(check)[0] == "Personne ne l’a encore relue."
    assert words.english(check).startswith("the recovery sheet was never read back: preau sheet print")
    signs = {sign.code: sign for sign in doctor.examine(place)}
    assert signs["sheet"].level == "warning" and signs["disk"].level == "ok"


def test_dates_and_sizes_are_written_as_their_reader_writes_them():
    at = datetime(2026, 3, 2, 23, 30, tzinfo=UTC).isoformat()
    check = checks.Check("backup", PROBLEM, "old", {"at": at})
    assert words.describe(check)[0] == "La dernière sauvegarde date du 3 mars 2026."
    full = checks.Check("disk", PROBLEM, "full", {"free_bytes": 150_000_000})
    assert "150\u202fMo" in words.describe(full)[0] and words.english(full).startswith("150 MB are free")
    with i18n.speaking("en"):
        assert words.describe(check)[0]
