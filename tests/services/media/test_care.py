"""Rows and files agree, or it is said: missing, cut, altered, left over; compared every week without any key."""

import errno
import os
import shutil
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.core import clock as time
from appliance.core.config import Care
from appliance.crypto.errors import Tampered
from appliance.services import audit, doctor, work
from appliance.services.health.checks import Place
from appliance.services.media import care, files, scrub, store
from appliance.services.media.models import FileCheck, Media, Rendition
from appliance.storage import database
from tests.support import compared


@pytest.fixture
def media(world, monkeypatch):
    """A photo and a document of a post; the comparison runs at full speed, and PostgreSQL's clock stands with ours."""
    return compared.publish(world, monkeypatch)


def _path(world, number=0):
    return world.blobs.path_of(Rendition.select().order_by(Rendition.id)[number].blob_id)


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _events():
    import json

    return [json.loads(bytes(row.entry))["event"] for row in audit.AuditEntry.select().order_by(audit.AuditEntry.seq)]


def _age(path, days):
    stamp = (time.now() - timedelta(days=days)).timestamp()
    os.utime(path, (stamp, stamp))


def test_a_week_later_every_file_is_compared_once(world, media, clock):
    assert scrub.run() == 0, "what was just written is not read again"
    clock.advance(days=8)
    assert scrub.run() == Rendition.select().count() == 4
    assert scrub.run() == 0
    assert all(row.checked_at == clock.now() and row.damaged_at is None for row in Rendition.select())
    clock.advance(days=6)
    assert scrub.run() == 0
    clock.advance(days=2)
    assert scrub.run() == 4 and scrub.report().compared_since == clock.now()


def test_no_key_is_needed(world, media, clock, monkeypatch):
    from appliance.school import keys

    clock.advance(days=8)
    monkeypatch.setattr(keys, "ring", lambda: pytest.fail("a key was asked for"))
    monkeypatch.setattr(keys, "forget_destroyed", lambda: None)
    assert scrub.run() == 4


def test_an_altered_byte_a_cut_and_a_missing_file_are_journaled_once_and_shown(world, media, clock, caplog):
    _flip(_path(world, 0))
    path = _path(world, 1)
    path.write_bytes(path.read_bytes()[:-1])
    kept = _path(world, 2)
    hidden = kept.with_name("hidden")
    shutil.move(kept, hidden)
    clock.advance(days=8)
    for _ in range(2):
        scrub.run()
        clock.advance(days=8)
    assert _events().count("media_file_damaged") == 3
    assert scrub.report().damaged == 3 and "damaged or missing" in caplog.text
    page = world.sign_in("admin").get("/administration")
    assert page.status_code == 200 and "3 fichiers sont abîmés ou manquants" in page.text and "CM1 A" in page.text
    _flip(_path(world, 0))
    hidden.rename(kept)
    scrub.run()
    assert _events().count("media_file_whole_again") == 2 and scrub.report().damaged == 1


def test_administrators_are_told_where_there_is_a_relay(world, media, clock, monkeypatch):
    from appliance.services import mail

    sent = []
    monkeypatch.setattr(mail, "is_possible", lambda: True)
    monkeypatch.setattr(mail, "send", lambda *letter: sent.append(letter))
    _path(world).unlink()
    for _ in range(3):
        clock.advance(days=1)
        scrub.run()
    assert [letter[0] for letter in sent] == ["admin@demo.test"] and "1" in sent[0][2]


def test_it_goes_on_where_it_was_cut_oldest_first(world, media, clock, monkeypatch):
    clock.advance(days=8)
    read, slowly = [], scrub._read_slowly

    def cut(path):
        if len(read) == 2:
            return None  # the service stops
        read.append(path)
        return slowly(path)

    monkeypatch.setattr(scrub, "_read_slowly", cut)
    assert scrub._compare_all(scrub.list_due(), time.monotonic() + 60) == 2
    monkeypatch.setattr(scrub, "_read_slowly", slowly)
    assert [each.id for each in scrub.list_due()] == [row.id for row in Rendition.select().order_by(Rendition.id)][2:]
    clock.advance(seconds=1)
    assert scrub.run() == 2
    clock.advance(days=8)
    first = [row.checked_at for row in Rendition.select().order_by(Rendition.id)]
    assert [each.id for each in scrub.list_due()] == [
        row.id
        for _at, row in sorted(
            zip(first, Rendition.select().order_by(Rendition.id), strict=True), key=lambda pair: pair[0]
        )
    ]


def test_a_stop_leaves_the_file_that_is_being_read(world, media, clock):
    clock.advance(days=8)
    scrub.stopping.set()
    assert scrub._compare(scrub.list_due()[0]) is None
    assert scrub.run() == 0
    scrub.stopping.clear()
    assert scrub.run() == 4


def test_the_pace_is_the_configured_one(world, media, monkeypatch):
    """A file of 5 MB at 10 MB a second takes half a second: told by the pauses asked for, on a clock of our own."""
    path, now, pauses = world.folder / "large", [0.0], []
    path.write_bytes(bytes(5 * 1_000_000))
    scrub.configure(world.blobs, Care(scrub_mb_per_second=10))

    class Stopping:
        def wait(self, seconds):
            pauses.append(seconds)
            now[0] += seconds
            return False

    monkeypatch.setattr(scrub, "stopping", Stopping())
    monkeypatch.setattr(scrub.clock, "monotonic", lambda: now[0])
    scrub._read_slowly(path)
    assert sum(pauses) == pytest.approx(0.5) and max(pauses) < 0.11


def test_nothing_is_held_while_the_disk_is_read(world, media, clock, monkeypatch):
    clock.advance(days=8)
    seen = []

    def look(path):
        seen.append((database.in_transaction(), database.is_sqlite() or database.db.is_closed()))
        return b""

    monkeypatch.setattr(scrub, "_read_slowly", look)
    scrub.run()
    assert seen == [(False, True)] * 4


def test_the_daily_count_knows_what_is_missing_and_what_is_left_over(world, media, clock):
    path = world.blobs.path_of("orphanorphan1234")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"12345")
    _age(path, 2)
    _path(world).unlink()
    scrub.run()
    scrub.run()
    look = FileCheck.get()
    assert (look.files, look.missing, look.leftovers, look.leftover_bytes) == (4, 1, 1, 5)
    clock.advance(days=40)
    scrub.run()
    assert FileCheck.select().count() == 1, "figures are kept a month"


def test_metrics_tell_the_figures_and_nothing_of_anyone(world, media, clock, monkeypatch):
    from appliance.web import health

    monkeypatch.setattr(health, "_files", (0.0, []))
    text = world.visitor().get("/metrics").text
    assert "preau_media_files 4\n" in text and "preau_media_damaged_files 0\n" in text
    assert media[0].public_id not in text


def test_a_kill_between_the_commit_and_the_unlink_leaves_noise_that_goes_a_day_later(world, media, clock, monkeypatch):
    picture = media[0]
    row = files.get_media(picture.public_id)
    blobs = [each.blob_id for each in picture.renditions]
    content = world.blobs.path_of(blobs[0]).read_bytes()

    class Killed(BaseException):
        pass

    def kill(_ids):
        raise Killed

    monkeypatch.setattr(files, "delete", kill)
    with pytest.raises(Killed):
        store.delete(world.actor("teacher"), picture.public_id)
    monkeypatch.undo()
    assert world.blobs.path_of(blobs[0]).read_bytes() == content, "the file is still there"
    gone = Media.get_by_id(picture.id)
    assert gone.wrapped_key is None and gone.name is None and gone.deleted_at is not None
    with pytest.raises(Tampered):
        files.key_of(row._replace(wrapped_key=bytes(40)))
    _no_copy_of_the_key(world, bytes(row.wrapped_key))
    for blob_id in blobs:
        _age(world.blobs.path_of(blob_id), 0)
    young = [each for each in care.walk(world.blobs) if each.kind == care.LEFTOVER]
    assert sorted(each.name for each in young) == sorted(blobs) and all(each.is_young for each in young)
    assert care.check(world.blobs) == [] and any(sign.code == "file_young" for sign in _signs(world))
    clock.advance(days=1, seconds=1)
    assert len(care.check(world.blobs)) == 3
    assert care.check(world.blobs, repair=True) == []
    assert not any(world.blobs.path_of(blob_id).exists() for blob_id in blobs)


def _no_copy_of_the_key(world, wrapped: bytes):
    if database.is_sqlite():
        database.db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert wrapped not in (world.folder / "test.db").read_bytes()


def _signs(world, **options):
    return list(doctor.examine(Place(world.config, world.blobs), **options))


def _codes(world, **options):
    return sorted(sign.code for sign in _signs(world, **options) if sign.level == doctor.PROBLEM)


def test_a_healthy_school_has_no_problem(world, media):
    assert _codes(world, digests=True) == []


def test_the_doctor_finds_missing_cut_and_altered_files(world, media):
    _path(world, 0).unlink()
    path = _path(world, 1)
    path.write_bytes(path.read_bytes()[:-1])
    _flip(_path(world, 2))
    assert _codes(world) == ["file_damaged", "file_missing"]
    assert _codes(world, digests=True) == ["file_damaged", "file_damaged", "file_missing"]


def test_one_file_that_the_disk_gives_no_more_keeps_nobody_from_looking_at_the_others(world, media, monkeypatch):
    lost, real = _path(world, 0), Path.stat

    def failing(path, **options):
        if path == lost:
            raise OSError(errno.EIO, "Input/output error")
        return real(path, **options)

    _path(world, 1).unlink()
    monkeypatch.setattr(Path, "stat", failing)
    assert {"file_damaged", "file_missing"} <= set(_codes(world))


def test_a_disk_of_its_own_for_the_files_is_looked_through_and_left_as_it_is(world, media):
    foreign = world.blobs.root / "lost+found"
    foreign.mkdir(mode=0o000)
    assert _codes(world, repair=True) == []
    foreign.chmod(0o700)
    (foreign / "precious").write_bytes(b"x")
    os.utime(foreign / "precious", (1, 1))
    assert _codes(world, repair=True) == [] and (foreign / "precious").exists()


def test_the_doctor_finds_what_nobody_would_prepare_and_has_it_prepared(world, media):
    Media.update(state="waiting").where(Media.id == media[1].id).execute()
    assert _codes(world) == ["waiting"]
    assert _codes(world, repair=True) == [] == _codes(world)
    assert work.Task.get().subject == media[1].public_id


def test_the_doctor_finds_uploads_that_were_given_up(world, media):
    Media.update(state="uploading").where(Media.id == media[1].id).execute()
    assert _codes(world) == ["uploading"]


def test_the_doctor_finds_keys_that_do_not_open(world, media):
    from appliance.school.models import Academy, Classroom

    Classroom.update(wrapped_key=bytes(40)).where(Classroom.id == world.cm1.id).execute()
    assert _codes(world) == ["class_key"]
    Academy.update(wrapped_key=bytes(40)).execute()
    assert "academy_key" in _codes(world)
    assert all(": " in sign.text for sign in _signs(world) if sign.level == doctor.PROBLEM), "each has its remedy"


def test_the_doctor_finds_a_full_disk_and_a_clock_that_went_back(world, media, clock):
    world.blobs.reserve_bytes = 10**18
    assert _codes(world) == ["disk"]
    world.blobs.reserve_bytes = 0
    clock.advance(hours=-2)
    assert "clock" in _codes(world)


def test_the_doctor_finds_that_two_machines_do_not_agree_on_the_time(world, media, monkeypatch):
    monkeypatch.setattr(database, "read_clock", lambda: time.now() + timedelta(minutes=6))
    assert _codes(world) == ["clock"]


def test_the_clock_of_the_database_is_read(world, clock):
    clock.set(None)
    theirs = database.read_clock()
    assert (theirs is None) == database.is_sqlite()
    assert theirs is None or abs(theirs - time.now()) < timedelta(minutes=5)


def test_the_doctor_finds_an_altered_journal(world, media):
    audit.AuditEntry.update(entry=b"{}").where(audit.AuditEntry.seq == 3).execute()
    assert "journal" in _codes(world)


def test_looking_at_more_rows_takes_no_more_memory_than_a_page(world, media, monkeypatch):
    """Missing files, all of them, so that nothing is read: what is kept in memory is one page of rows."""

    monkeypatch.setattr(care, "is_alive", lambda _blob_id: True)

    def peak() -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in care.walk(world.blobs)) == Rendition.select().count() - 4
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def add(first, last):
        values = {"media": media[1].id, "mime": "x", "size": 1, "stored_size": 1, "stored_sha256": bytes(32)}
        rows = [{**values, "name": f"p{n}", "blob_id": f"missing{n:08}"} for n in range(first, last)]
        with database.transaction():
            for start in range(0, len(rows), 500):
                Rendition.insert_many(rows[start : start + 500]).execute()

    add(0, 1_000)
    small = peak()
    add(1_000, 4_000)
    assert peak() < small * 1.3 + 200_000
