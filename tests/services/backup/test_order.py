"""What a backup keeps of the one before, and what a backup that failed leaves."""

import peewee
import pytest

from appliance.core.ids import new_id
from appliance.school import keys
from appliance.school.models import Classroom
from appliance.services.backup import keeping, making, restoring, targets
from appliance.services.media import files, store
from appliance.services.media.models import Media
from appliance.storage import database
from appliance.storage.blobs import BlobStore


def test_going_back_to_an_older_backup_loses_no_class_of_the_newer_ones(world, kernel, target, back_up, clock, aside):
    """Restored by mistake, and a night later a backup is made: the way forward stays open."""
    first = back_up()
    clock.advance(hours=1)
    with database.transaction():
        late = new_id()
        wrapped = kernel.ring.create_classroom_key(
            late, tenant_id=world.academy.public_id, tenant_wrapped=bytes(world.academy.wrapped_key)
        )
        values = {**world.cm1.__data__, "public_id": late, "wrapped_key": wrapped, "name": "CP", "join_code": None}
        values.pop("id")
        Classroom.insert(values).execute()
    second = back_up()
    aside(target, kernel.ring.keks[0], first.name)
    assert Classroom.get_or_none(Classroom.public_id == late) is None
    clock.advance(hours=1)
    back_up()
    aside(target, kernel.ring.keks[0], second.name)
    assert bytes(Classroom.get(Classroom.public_id == late).wrapped_key) == wrapped
    assert keys.classroom_key(Classroom.get(Classroom.public_id == late).id)


def test_what_was_erased_stays_so_through_an_older_backup(world, kernel, target, back_up, add_photo, clock, aside):
    """A photo that the older rows never knew, erased since: a snapshot that holds it must not bring it back."""
    first = back_up()
    clock.advance(hours=1)
    media, _blob = add_photo()
    second = back_up()
    store.delete(world.actor("teacher"), media.public_id)
    clock.advance(hours=1)
    back_up()
    aside(target, kernel.ring.keks[0], first.name)
    clock.advance(hours=1)
    back_up()
    aside(target, kernel.ring.keks[0], second.name)
    again = Media.get(Media.public_id == media.public_id)
    assert again.deleted_at is not None and again.wrapped_key is None


def test_a_class_that_was_closed_loses_its_key_in_the_next_backup(world, kernel, target, back_up, clock):
    back_up()
    with database.transaction():
        Classroom.update(wrapped_key=None).where(Classroom.id == world.cm1.id).execute()
    clock.advance(hours=1)
    back_up()
    assert world.cm1.public_id not in keeping.read_keys(target, kernel.ring.keks[0])["classroom"]


class Full(targets.Folder):
    """A disk on which the keys find no room any more."""

    def put(self, name, pieces, size=None):
        if name == keeping.KEYS:
            raise OSError(28, "No space left on device")
        super().put(name, pieces, size)


def test_backups_that_fail_do_not_fill_the_disk_with_their_rows(world, kernel, target, back_up, clock):
    done = back_up()
    for _night in range(3):
        clock.advance(hours=24)
        with pytest.raises(OSError):
            back_up(Full(target.root))
    found = {name.split("/")[1] for name, _size in target.list("snapshots")}
    assert done.name in found and len(found) == 2  # the last try's alone, which the next one removes
    clock.advance(hours=24)
    again = back_up()
    assert {name.split("/")[1] for name, _size in target.list("snapshots")} == {done.name, again.name}


def test_a_snapshot_ends_by_its_manifest(world, kernel, target, back_up, clock):
    """Cut in the midst of removing one, none is left that looks whole and is not."""
    names = []
    for _night in range(4):
        names.append(back_up(keep_days=99).name)
        clock.advance(hours=24)
    clock.advance(hours=24 * 50)
    removed = []

    class Cut(targets.Folder):
        def delete(self, name):
            if name.startswith("snapshots/"):
                if removed:
                    raise OSError("cut")
                removed.append(name)
            super().delete(name)

    with pytest.raises(OSError):
        keeping.prune(Cut(target.root), kernel.ring.keks, 35, sweep_blobs=True)
    assert removed[0].endswith(keeping.MANIFEST)
    assert all((target.root / "snapshots" / name / keeping.DUMP).exists() for name in keeping.list_snapshots(target))


def test_files_that_go_each_time_are_told(world, kernel, target, back_up, add_photo, monkeypatch):
    """Rows whose files are gone after the last try are no success."""
    _media, blob_id = add_photo()
    kernel.blobs.path_of(blob_id).unlink()
    monkeypatch.setattr(making, "_is_named", lambda blob: False)
    assert back_up().damaged == [blob_id]


def test_a_rehearsal_needs_room_for_one_media_at_a_time(world, kernel, target, back_up, add_photo, tmp_path):
    for _ in range(5):
        add_photo(bytes(100_000))
    back_up()
    blobs, most = BlobStore(tmp_path / "sample"), []

    class Watched(targets.Folder):
        def open(self, name):
            most.append(len(blobs.list_files()))
            return super().open(name)

    files.configure(blobs, 1)
    try:
        assert restoring.open_sample(Watched(target.root), blobs) == (5, [])
    finally:
        files.configure(kernel.blobs, kernel.config.storage.suite)
    assert max(most) <= 1 and not blobs.list_files()


def test_a_rehearsal_leaves_the_files_of_the_installation_alone(world, kernel, target, back_up, add_photo):
    _media, blob_id = add_photo()
    back_up()
    opened, closed = restoring.open_sample(target, kernel.blobs)
    assert opened == 1 and not closed and kernel.blobs.path_of(blob_id).exists()


def test_a_disk_of_the_data_that_is_full_does_not_undo_the_backup(world, kernel, target, back_up, monkeypatch):
    """The journal takes no entry any more: the copy elsewhere was never needed more."""

    def full(*_what, **_more):
        raise peewee.OperationalError("database or disk is full")

    monkeypatch.setattr(making.audit, "record", full)
    assert [back_up().name] == keeping.list_snapshots(target)


def test_a_place_that_lets_nothing_be_removed_is_told_apart_from_one_that_took_nothing(
    world, kernel, target, back_up, clock
):
    for _night in range(3):
        back_up()
        clock.advance(hours=24 * 40)

    class Kept(targets.Folder):
        def delete(self, name):
            if name != "probe":
                deny(self, name)
            super().delete(name)

    done = back_up(Kept(target.root))
    assert "older backups could not be removed: " in done.left and done.rows
    assert len(keeping.list_snapshots(target)) >= 3 and done.name in keeping.list_snapshots(target)


def deny(_target, _name):
    """A place that is for adding only."""
    raise PermissionError(13, "Permission denied")


def test_every_folder_on_the_way_to_a_media_is_durable_before_the_manifest_is_there(
    world, kernel, target, back_up, add_photo, monkeypatch
):
    """A new folder that its own parent forgets in a power cut takes the media along."""
    synced, seen = set(), {}
    real = targets._sync_folder
    monkeypatch.setattr(targets, "_sync_folder", lambda folder: (synced.add(folder), real(folder)))

    class Watched(targets.Folder):
        def put(self, name, pieces, size=None):
            if name.endswith(keeping.MANIFEST):
                seen[name] = set(synced)
            super().put(name, pieces, size)

    _media, blob_id = add_photo()
    back_up(Watched(target.root))
    way = (target.root / keeping.blob_file(blob_id)).parent
    assert {way, way.parent, target.root} <= next(iter(seen.values()))
