import contextlib
import io
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage

from appliance.core.config import Antivirus
from appliance.core.errors import NotFound, Unavailable
from appliance.school import policy
from appliance.school.policy import SYSTEM
from appliance.services import work
from appliance.services.audit import AuditEntry
from appliance.services.media import antivirus, files, store
from appliance.services.media.models import Media, Rendition
from appliance.services.media.refusals import FileRefused
from appliance.services.people import places
from tests.services.media import samples
from tests.support.needs import needs

# The file that every scanner knows and that harms nobody (eicar.org); in two parts, lest one finds it here.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
INFECTED = b"Bonjour,\n" + EICAR + b"\n"


@pytest.fixture
def folder():
    """A short path: a Unix socket's name has room for 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="preau-clam-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def configured(folder):
    """A scanner is configured; whether one answers is another thing."""
    settings = Antivirus(socket=str(folder / "s"), max_mb=2, seconds=20)
    antivirus.configure(settings)
    yield settings
    antivirus.configure(Antivirus())


class Scanner(threading.Thread):
    """Something that speaks as clamd does: it reads what it is sent and gives one answer."""

    def __init__(self, path: str, answer: bytes, limit=1 << 30):
        super().__init__(daemon=True)
        self.line = socket.socket(socket.AF_UNIX)
        self.line.bind(path)
        self.line.listen(4)
        self.answer, self.limit, self.received = answer, limit, b""
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                self.serve(self.line.accept()[0])

    def serve(self, line):
        with line, line.makefile("rb") as file, contextlib.suppress(OSError, struct.error):
            command = b""
            while not command.endswith(b"\0"):
                command += file.read(1)
            self.received = b""
            while command == b"zINSTREAM\0" and (size := struct.unpack(">L", file.read(4))[0]):
                self.received += file.read(size)
                if len(self.received) > self.limit:
                    line.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            line.sendall(self.answer)


@pytest.fixture
def scanner(configured):
    """A scanner that gives the answer it is asked for."""
    made = []

    def start(answer, **options):
        made.append(Scanner(configured.socket, answer, **options))
        return made[-1]

    yield start
    for each in made:
        each.line.close()


def check(data, kept=True):
    antivirus.require_clean(io.BytesIO(data), kept=kept)


def test_the_scanner_reads_every_byte(scanner):
    data = bytes(range(256)) * 1000
    found = scanner(b"stream: OK\0")
    check(data)
    assert found.received == data


def test_what_it_finds_is_named(scanner):
    scanner(b"stream: Win.Test.EICAR_HDB-1 FOUND\0")
    with pytest.raises(antivirus.Infected) as found:
        check(b"x")
    assert found.value.signature == "Win.Test.EICAR_HDB-1"


@pytest.mark.parametrize(
    "answer", [b"", b"\0", b"stream: Can't allocate memory ERROR\0", b"stream: ", b"UNKNOWN COMMAND\0"]
)
def test_no_verdict_is_no_permission(scanner, answer):
    scanner(answer)
    with pytest.raises(Unavailable):
        check(b"x")


def test_a_scanner_that_is_absent_has_files_wait(configured):
    with pytest.raises(Unavailable):
        check(b"x")
    assert antivirus.read_status() == antivirus.Status(True)


def test_without_a_scanner_nothing_is_asked():
    check(b"x")
    assert antivirus.read_status() == antivirus.Status(False)


@pytest.mark.parametrize("size", [2_000_001, 1_900_000])
def test_what_is_too_large_for_it_is_refused_when_it_is_kept_as_it_came(scanner, size):
    scanner(b"stream: OK\0", limit=500_000)  # less than the settings say: it hangs up
    with pytest.raises(FileRefused) as refused:
        check(bytes(size))
    assert refused.value.reason == antivirus.UNSCANNED
    check(bytes(size), kept=False)


@pytest.mark.parametrize(
    ("answer", "engine", "day"),
    [
        (b"ClamAV 1.4.6/27800/Mon Nov 10 09:41:22 2025\0", "ClamAV 1.4.6", date(2025, 11, 10)),
        (b"ClamAV 1.0.9/27000/Sat Sep  6 08:00:00 2025\n", "ClamAV 1.0.9", date(2025, 9, 6)),
        (b"ClamAV 1.4.6\0", "ClamAV 1.4.6", None),
        (b"ClamAV 1.4.6/0/hier\0", "ClamAV 1.4.6", None),
        (b"", "", None),
    ],
)
def test_the_version_tells_the_day_of_the_signatures(answer, engine, day):
    assert antivirus.read_version(answer) == (engine, day)


@pytest.mark.parametrize(("day", "old"), [("Mon Sep  8", False), ("Sun Sep  7", True)])
def test_signatures_of_more_than_a_week_are_old(scanner, clock, day, old):
    scanner(f"ClamAV 1.4.6/27800/{day} 09:41:22 2025\0".encode())
    status = antivirus.read_status()
    assert (status.answers, status.is_old) == (True, old)


@given(st.binary(max_size=300))
def test_any_answer_is_read_or_gives_no_permission(answer):
    antivirus.read_version(answer)
    try:
        signature = antivirus.read_verdict(answer)
    except (OSError, antivirus._TooLarge):
        return
    assert signature or answer.strip(b"\0\r\n").strip() == b"stream: OK"
    assert len(signature) <= 60 and signature.isprintable()


# In a class


def sent(world, data: bytes, name: str) -> Media:
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    return store.accept(actor, access, [FileStorage(io.BytesIO(data), filename=name)])[0]


def state_of(media) -> tuple[str, str]:
    row = Media.get(Media.public_id == media.public_id)
    return row.state, row.reason


def test_a_document_waits_for_its_scan_when_there_is_a_scanner(world, scanner):
    media = sent(world, b"Bonjour\n", "mot.txt")
    assert state_of(media) == ("waiting", "")
    with pytest.raises(NotFound):
        files.get_rendition(media.public_id, "original")
    found = scanner(b"stream: OK\0")
    work.run_due()
    assert found.received == b"Bonjour\n"
    assert state_of(media) == ("ready", "")
    assert files.get_rendition(media.public_id, "original").mime == "text/plain"


def test_while_the_scanner_is_silent_files_wait_and_are_lost_never(world, configured, clock):
    media = sent(world, b"Bonjour\n", "mot.txt")
    for _turn in range(12):
        work.run_due()
        clock.advance(minutes=2)
    assert state_of(media) == ("waiting", "")
    line = Scanner(configured.socket, b"stream: OK\0")
    work.run_due()
    line.line.close()
    assert state_of(media) == ("ready", "")


def test_what_is_infected_is_served_to_nobody_and_journaled(world, scanner):
    media = sent(world, INFECTED, "mot.txt")
    scanner(b"stream: Eicar-Test-Signature FOUND\0")
    work.run_due()
    assert state_of(media) == ("quarantined", "Eicar-Test-Signature")
    for rendition in ("original", "part-00001", "thumb"):
        with pytest.raises(NotFound):
            files.get_rendition(media.public_id, rendition)
    entry = bytes(AuditEntry.select().order_by(AuditEntry.seq.desc()).first().entry)
    assert b"media_quarantined" in entry and media.public_id.encode() in entry and b"Eicar" in entry
    assert b"mot.txt" not in entry
    kept = [path.read_bytes() for path in world.blobs.list_files()]
    assert kept and not any(EICAR in each for each in kept)


def test_photos_of_a_plain_form_are_drawn_anew_at_once(world, configured):
    assert sent(world, samples.jpeg(), "photo.jpg").state == "ready"


def quarantined(world) -> Media:
    media = sent(world, INFECTED, "Lettre de Léa.txt")
    antivirus.quarantine(files.get_media(media.public_id), "Eicar-Test-Signature")
    return media


def test_the_administrator_sees_the_class_and_the_danger_and_deletes_it(world):
    media, admin = quarantined(world), world.sign_in("admin")
    page = admin.get("/administration").get_data(as_text=True)
    assert "Aucun antivirus n’est branché" in page
    assert "CM1 A" in page and "Eicar-Test-Signature" in page and "Lettre" not in page and "Léa" not in page
    url = f"/administration/quarantaine/{media.public_id}/supprimer"
    assert admin.submit(url).status_code == 303
    row = Media.get(Media.public_id == media.public_id)
    assert (row.wrapped_key, row.name) == (None, None)
    assert (
        not Rendition.select().join(Media).where(Media.public_id == media.public_id, Media.deleted_at.is_null()).count()
    )
    assert not list(world.blobs.list_files())
    assert admin.submit(url).status_code == 404


def test_only_what_is_in_quarantine_can_be_deleted_from_there(world):
    media = sent(world, b"Bonjour\n", "mot.txt")
    url = f"/administration/quarantaine/{media.public_id}/supprimer"
    assert world.sign_in("admin").submit(url).status_code == 404
    found = quarantined(world)
    for person in ("principal", "teacher", "guardian1", "dpo"):
        assert (
            world.sign_in(person).submit(f"/administration/quarantaine/{found.public_id}/supprimer").status_code == 403
        )
    assert (state_of(media)[0], state_of(found)[0]) == ("ready", "quarantined")


def test_the_administrator_of_another_academy_neither_sees_it_nor_deletes_it(world):
    media, stranger = quarantined(world), world.account("stranger")
    places.appoint(SYSTEM, stranger, places.create_academy(SYSTEM, "Ailleurs"), "admin")
    browser = world.sign_in("stranger")
    assert "Eicar" not in browser.get("/administration").text
    assert browser.submit(f"/administration/quarantaine/{media.public_id}/supprimer").status_code == 404
    assert state_of(media)[0] == "quarantined"


def test_the_card_says_when_the_scanner_is_silent_and_how_old_it_is(world, scanner, configured):
    admin = world.sign_in("admin")
    media = sent(world, b"Bonjour\n", "mot.txt")
    assert media.state == "waiting"
    silent = admin.get("/administration").get_data(as_text=True)
    assert "L’antivirus ne répond pas" in silent and "1 fichier attend" in silent
    scanner(b"ClamAV 1.4.6/27800/Mon Sep  1 09:41:22 2025\0")
    page = admin.get("/administration").get_data(as_text=True)
    assert "ClamAV 1.4.6" in page and "signatures sont anciennes" in page and "1 septembre 2025" in page


# The real one


@pytest.fixture
def clamd(configured, folder):
    """ClamAV's own daemon, with one signature made here."""
    program = needs("clamd")
    (folder / "db").mkdir()
    (folder / "db" / "own.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    (folder / "clamd.conf").write_text(
        f"LocalSocket {configured.socket}\nDatabaseDirectory {folder / 'db'}\nTemporaryDirectory {folder}\n"
        "Foreground yes\nStreamMaxLength 1M\n"
    )
    process = subprocess.Popen(
        [program, "-c", str(folder / "clamd.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 30
        while not antivirus.read_status().answers and time.monotonic() < end and process.poll() is None:
            threading.Event().wait(0.1)
        assert antivirus.read_status().answers
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.slow
def test_clamav_itself_finds_what_it_knows_and_lets_the_rest_in(world, clamd, configured):
    assert antivirus.read_status().engine.startswith("ClamAV ")
    infected, clean = sent(world, INFECTED, "a.txt"), sent(world, b"Bonjour\n", "b.txt")
    inside = sent(world, samples.odf("text", ("Pictures/a.bin", EICAR)), "c.odt")
    work.run_due()
    assert state_of(infected) == ("quarantined", "Eicar-Test-Signature.UNOFFICIAL")
    assert state_of(inside) == ("quarantined", "Eicar-Test-Signature.UNOFFICIAL")
    assert state_of(clean) == ("ready", "")
    antivirus.configure(replace(configured, max_mb=100))  # more than the daemon takes: it hangs up
    with pytest.raises(FileRefused):
        check(b"a" * 8_000_000)
    clamd.terminate()
    clamd.wait(20)
    late = sent(world, b"Bonsoir\n", "d.txt")
    work.run_due()
    assert state_of(late) == ("waiting", "")
