"""Backups: whole or absent, the same rows and bytes after a restore, erased things stay erased, a change is noticed."""

import hashlib
from datetime import date

import pytest

from appliance import app
from appliance.core.ids import new_id
from appliance.crypto.keyring import Kek, new_key
from appliance.school.models import Classroom, Group
from appliance.services import audit
from appliance.services.backup import keeping, making, restoring, sealed, targets
from appliance.services.media import files, store
from appliance.services.media.models import Media, Rendition
from appliance.storage import database, dump
from appliance.storage.blobs import BlobStore
from appliance.storage.database import db


@pytest.fixture
def photo(add_photo):
    """A stored file of CM1."""
    return add_photo(b"what the class did today")[0].public_id


def back_up(kernel, target, **options):
    return making.back_up(target, kernel.ring.keks, kernel.blobs, {}, **options)


def every_row():
    found = {}
    for table in dump.list_tables():
        rows = db.execute_sql(f'SELECT * FROM "{table}"').fetchall()
        found[table] = sorted(repr([plain(value) for value in row]) for row in rows)
    return found


def plain(value):
    """A value as both dialects would give it."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, date) else value


def restore_elsewhere(kernel, target, tmp_path, name=""):
    """Into an empty SQLite database and an empty folder, as on a bare machine."""
    folder = tmp_path / f"bare-{new_id()}"
    folder.mkdir()
    db.close()
    database.configure(f"sqlite:///{folder / 'preau.db'}", folder, 4)
    database.connect()
    name = restoring.choose(target, kernel.ring.keks[0], name)
    rows, erased = restoring.restore_rows(target, kernel.ring.keks[0], name)
    blobs = BlobStore(folder / "blobs")
    files.configure(blobs, 1)
    placed, missing = restoring.restore_blobs(target, kernel.ring.keks[0], name, blobs)
    return rows, erased, placed, missing, blobs


@pytest.fixture
def afterwards(world, kernel):
    """The database and the files of the test are in use again at its end."""
    before = db.obj
    yield
    if db.obj is not before:
        db.close()
        db.initialize(before)
        database.connect()
    files.configure(kernel.blobs, kernel.config.storage.suite)


def test_what_was_restored_is_what_was_there(world, kernel, target, photo, tmp_path, afterwards):
    done = back_up(kernel, target)
    before = every_row()
    assert done.blobs == Rendition.select().count() > 0 and not done.damaged
    bytes_before = {path.name: path.read_bytes() for path in kernel.blobs.list_files()}
    rows, _erased, placed, missing, blobs = restore_elsewhere(kernel, target, tmp_path)
    after = every_row()
    journal = {"audit_entry", "audit_head", "revision"}  # the backup and the restore are entries of their own
    assert {name: after[name] for name in after if name not in journal} == {
        name: before[name] for name in before if name not in journal
    }
    assert rows == done.rows and not missing and placed == done.blobs
    assert {path.name: path.read_bytes() for path in blobs.list_files()} == bytes_before
    with files.open_rendition(files.get_rendition(photo, "original")) as reader:
        assert reader.read() == b"what the class did today"
    assert audit.verify() == []


def test_nothing_readable_lies_at_the_target(world, kernel, target, photo):
    back_up(kernel, target)
    found = b"".join(path.read_bytes() for path in target.root.rglob("*") if path.is_file())
    for secret in (b"what the class did today", b"guardian1", world.cm1.name.encode(), b"CREATE TABLE"):
        assert secret not in found


def test_media_are_copied_once(world, kernel, target, photo):
    first = back_up(kernel, target)
    assert first.copied == first.blobs
    second = back_up(kernel, target)
    assert second.copied == 0 and second.blobs == first.blobs


def test_what_was_deleted_after_the_snapshot_stays_deleted(world, kernel, target, photo, tmp_path, clock, afterwards):
    old = back_up(kernel, target).name
    store.delete(world.actor("teacher"), photo)
    clock.advance(hours=1)
    back_up(kernel, target)
    restore_elsewhere(kernel, target, tmp_path, old)
    media = Media.get(Media.public_id == photo)
    assert media.deleted_at is not None and media.wrapped_key is None


def test_a_destroyed_class_key_is_in_no_older_snapshot_either(
    world, kernel, target, photo, tmp_path, clock, afterwards
):
    old = back_up(kernel, target).name
    Classroom.update(wrapped_key=None).where(Classroom.id == world.cm1.id).execute()
    clock.advance(hours=1)
    back_up(kernel, target)
    restore_elsewhere(kernel, target, tmp_path, old)
    assert Classroom.get(Classroom.public_id == world.cm1.public_id).wrapped_key is None
    assert all(each.wrapped_key for each in Classroom.select() if each.public_id != world.cm1.public_id)


@pytest.mark.parametrize("file", [making.DUMP, making.MANIFEST])
def test_a_changed_file_is_noticed_before_anything_is_restored(world, kernel, target, file):
    name = back_up(kernel, target).name
    path = target.root / making.snapshot_file(name, file)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(targets.TargetError, match="changed"):
        restoring.choose(target, kernel.ring.keks[0])
        list(sealed.open_lines(sealed.backup_key(kernel.ring.keks[0]), target, making.snapshot_file(name, making.DUMP)))


def test_a_changed_media_is_found_by_the_rehearsal_and_not_restored(world, kernel, target, photo, tmp_path, afterwards):
    name = back_up(kernel, target).name
    blob_id = Rendition.select().join(Media).where(Media.public_id == photo).get().blob_id
    path = target.root / making.blob_file(blob_id)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert restoring.check_media(target, kernel.ring.keks[0], name) == [blob_id]
    _rows, _erased, _placed, missing, blobs = restore_elsewhere(kernel, target, tmp_path)
    assert missing == [blob_id] and not blobs.path_of(blob_id).exists()


def test_a_media_that_is_damaged_here_is_told_and_does_not_stop_the_others(world, kernel, target, photo):
    blob_id = Rendition.select().join(Media).where(Media.public_id == photo).get().blob_id
    kernel.blobs.path_of(blob_id).write_bytes(b"noise")
    done = back_up(kernel, target)
    assert done.damaged == [blob_id]
    assert not (target.root / making.blob_file(blob_id)).exists()


def test_another_master_key_opens_nothing(world, kernel, target):
    back_up(kernel, target)
    with pytest.raises(targets.TargetError, match="another master key"):
        restoring.choose(target, Kek(new_key()))


@pytest.mark.parametrize("step", range(1, 8))
def test_a_backup_that_is_cut_leaves_the_one_before(world, kernel, target, photo, step, monkeypatch, clock):
    before = back_up(kernel, target).name
    clock.advance(hours=1)
    calls = {"left": step}
    put = targets.Folder.put

    def cut(self, name, pieces, size=None):
        calls["left"] -= 1
        if not calls["left"]:
            raise OSError(28, "No space left on device")
        return put(self, name, pieces, size)

    monkeypatch.setattr(targets.Folder, "put", cut)
    try:
        back_up(kernel, target)
    except (OSError, targets.TargetError):
        assert keeping.list_snapshots(target) == [before]
    monkeypatch.undo()
    clock.advance(hours=1)
    done = back_up(kernel, target)
    assert before in keeping.list_snapshots(target) and done.name == keeping.list_snapshots(target)[-1]
    assert not list(target.root.rglob("*.partial"))
    assert restoring.check_media(target, kernel.ring.keks[0], done.name) == []


def test_old_snapshots_go_with_the_media_that_only_they_held(world, kernel, target, photo, clock):
    back_up(kernel, target)
    blob_id = Rendition.select().join(Media).where(Media.public_id == photo).get().blob_id
    store.delete(world.actor("teacher"), photo)
    clock.advance(days=20)
    back_up(kernel, target)
    assert (target.root / making.blob_file(blob_id)).exists()
    clock.advance(days=20)
    done = back_up(kernel, target)
    assert done.removed == 1 and len(keeping.list_snapshots(target)) == 2
    assert not (target.root / making.blob_file(blob_id)).exists()


def test_a_dump_fills_its_own_dialect_again_and_new_rows_find_free_numbers(world):
    before, lines = every_row(), list(dump.write("2026-11-22T00:00:00+00:00"))
    dump.empty()
    assert not db.get_tables()
    dump.read(lines)
    assert every_row() == before
    with database.transaction():
        Group.create(classroom=world.cm1, name="Les nouveaux")


def test_a_dump_without_its_last_line_is_refused_and_fills_nothing(world, tmp_path, afterwards):
    lines = list(dump.write("2026-11-22T00:00:00+00:00"))
    for cut in (lines[:-1], lines[: len(lines) // 2]):
        db.close()
        database.configure(f"sqlite:///{tmp_path / f'{len(cut)}.db'}", tmp_path, 1)
        database.connect()
        with pytest.raises(dump.DumpError, match="cut"):
            dump.read(cut)
        assert db.execute_sql("SELECT COUNT(*) FROM school").fetchone()[0] == 0


def test_a_dump_of_a_newer_program_says_what_to_do(world):
    with pytest.raises(dump.DumpError, match="newer version"):
        dump.read([b'{"format":"preau-dump/1","schema":999,"dialect":"sqlite","at":""}'])


def test_a_dump_holds_every_table_of_the_models(world):
    tables = {model._meta.table_name for model in app.all_models()}
    assert set(dump.list_tables()) == tables - dump.LEFT_OUT


def test_the_names_of_files_are_digests_of_random_names(world):
    assert making.blob_file("abcdefgh") == f"blobs/{hashlib.sha256(b'abcdefgh').hexdigest()[:2]}/abcdefgh"
