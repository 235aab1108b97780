"""Where backups lie is in other hands: a place that lies, leads elsewhere or is shared with others harms nothing."""

import errno
import io
import shutil

import pytest

from appliance.crypto.keyring import Kek, new_key
from appliance.services.backup import bucket, keeping, remote, restoring, targets
from appliance.services.media import store


def test_the_folder_of_the_data_is_no_place_for_backups(world, kernel, back_up, add_photo):
    """Laid out alike, every file would count as copied, and what was added meanwhile would be removed as too old."""
    _media, blob_id = add_photo()
    with pytest.raises(targets.TargetError, match="are the data"):
        back_up(targets.Folder(kernel.blobs.root.parent))
    assert kernel.blobs.path_of(blob_id).exists()


def test_a_place_that_leads_back_to_the_data_by_a_link_is_refused(world, kernel, target, back_up, add_photo):
    back_up()
    shutil.rmtree(target.root / "blobs", ignore_errors=True)
    (target.root / "blobs").symlink_to(kernel.blobs.root)
    _media, blob_id = add_photo()
    with pytest.raises(targets.TargetError, match="are the data|is a link"):
        back_up()
    assert kernel.blobs.path_of(blob_id).exists()


@pytest.mark.parametrize("name", ["blobs/aa/file", "snapshots/20300101T000000Z/dump.enc", "keys.enc"])
def test_nothing_is_written_read_or_removed_through_a_link(tmp_path, target, name):
    """Whoever holds the place could have the service write over its own files, or give them away."""
    target.prepare()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    first, _slash, rest = name.partition("/")
    if rest:
        (target.root / first).symlink_to(elsewhere)
    else:
        (elsewhere / "file").write_bytes(b"theirs")
        (target.root / first).symlink_to(elsewhere / "file")
    with pytest.raises(targets.TargetError, match="is a link"):
        target.put(name, [b"ours"])
    with pytest.raises(targets.TargetError, match="is a link"):
        list(target.list(first))
    with pytest.raises(targets.TargetError, match="is a link"):
        target.open(name)
    target_files = [path for path in elsewhere.rglob("*") if path.is_file()]
    assert all(path.read_bytes() == b"theirs" for path in target_files)


def test_older_keys_put_back_do_not_bring_back_what_was_erased(world, kernel, target, back_up, add_photo, clock, aside):
    """The file of keys is the one file that every backup replaces: who kept an older one could undo erasures."""
    media, _blob = add_photo()
    back_up()
    kept = {name: (target.root / name).read_bytes() for name in (keeping.KEYS, keeping.KEYS_AGAIN)}
    store.delete(world.actor("teacher"), media.public_id)
    clock.advance(hours=1)
    back_up()
    for name, content in kept.items():
        (target.root / name).write_bytes(content)
    with pytest.raises(targets.TargetError, match="older than"):
        aside(target, kernel.ring.keks[0])


def test_one_older_file_of_keys_gives_way_to_its_double(world, kernel, target, back_up, clock):
    back_up()
    kept = (target.root / keeping.KEYS).read_bytes()
    clock.advance(hours=1)
    done = back_up()
    (target.root / keeping.KEYS).write_bytes(kept)
    assert keeping.read_keys(target, kernel.ring.keks[0])["for"] == done.name


def test_a_place_that_hides_its_last_backup_is_found_out_by_who_knows_of_it(world, kernel, target, back_up, clock):
    first = back_up()
    clock.advance(hours=1)
    second = back_up()
    shutil.rmtree(target.root / "snapshots" / second.name)
    kek = kernel.ring.keks[0]
    assert restoring.choose(target, kek) == first.name
    with pytest.raises(targets.TargetError, match=second.name):
        restoring.choose(target, kek, expected=second.name)


@pytest.mark.parametrize("name", ["20260101T000000Z-copy", "older", "20260199T000000Z"])
def test_what_others_put_beside_the_backups_is_left_alone(world, kernel, target, back_up, name):
    done = back_up()
    shutil.copytree(target.root / "snapshots" / done.name, target.root / "snapshots" / name)
    (target.root / "snapshots" / "note.txt").write_text("theirs")
    again = back_up()
    assert keeping.list_snapshots(target) == [done.name, again.name]
    assert (target.root / "snapshots" / name / keeping.DUMP).exists()
    assert (target.root / "snapshots" / "note.txt").exists()


def test_a_word_of_whose_backups_these_are_that_is_not_one_harms_nothing(world, kernel, target, back_up):
    back_up()
    (target.root / keeping.INFO).write_bytes(b'["nobody"]')
    assert back_up().rows
    (target.root / keeping.INFO).write_bytes(b"\xff\xfe")
    assert back_up().rows


class Cells:
    """As much of an S3 client as a backup uses."""

    def __init__(self):
        self.kept: dict[str, bytes] = {}

    def list_objects_v2(self, Bucket, Prefix="", **_more):
        return {"Contents": [{"Key": k, "Size": len(v)} for k, v in self.kept.items() if k.startswith(Prefix)]}

    def put_object(self, Bucket, Key, Body):
        self.kept[Key] = Body.read()

    def delete_object(self, Bucket, Key):
        self.kept.pop(Key, None)

    def get_object(self, Bucket, Key):
        return {"Body": io.BytesIO(self.kept[Key])}


@pytest.mark.parametrize("prefix", ["", "preau"])
def test_what_others_keep_in_the_same_bucket_is_not_swept(prefix):
    place = object.__new__(bucket.S3)
    place.bucket, place.prefix, place.spool, place.client = "b", prefix, None, Cells()
    place._call = lambda operation, **values: getattr(place.client, operation)(Bucket="b", **values)
    place.put("blobs/aa/one", [b"1"])
    theirs = f"{prefix}/blobs-of-others/two".lstrip("/")
    place.client.kept[theirs] = b"2"
    assert [name for name, _size in place.list("blobs")] == ["blobs/aa/one"]


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=id@host/folder",
        "ssh:///folder",
        "ssh://host:99999/folder",
        "ssh://user@-oProxyCommand=id/folder",
        "ssh://us er@host/folder",
        "ssh://user:secret@host/folder",
        "ssh://user@host/folder?x",
        "ssh://user@host/folder#x",
        "ssh://user@host",
    ],
)
def test_an_address_that_ssh_could_take_for_an_option_is_refused(tmp_path, url):
    with pytest.raises(targets.TargetError, match="ssh://USER@HOST"):
        targets.open_target(url, tmp_path, runtime=tmp_path)


@pytest.mark.parametrize("to", ["sftp://keeper@nas/backups", "file:///srv/backups", "S3://bucket"])
def test_a_place_of_another_kind_is_refused_and_no_folder_of_its_name(tmp_path, to):
    with pytest.raises(targets.TargetError, match="a place is"):
        targets.open_target(to, tmp_path, runtime=tmp_path)


def test_nothing_behind_the_options_is_taken_for_one(tmp_path):
    command = targets.open_target("ssh://keeper@[::1]:2222/a b", tmp_path, runtime=tmp_path).command
    assert command[-2:] == ["--", "keeper@::1"] and "StrictHostKeyChecking=yes" in command


def test_names_that_a_machine_invents_are_no_reason_to_fall(tmp_path, monkeypatch):
    place = remote.Ssh("ssh://keeper@host/folder", tmp_path)
    monkeypatch.setattr(place, "_run", lambda script: b"nonsense\n\xff 12\n")
    with pytest.raises(targets.TargetError):
        list(place.list("blobs"))


class Scratched:
    """A file on a bad sector."""

    def read(self, size=-1):
        """What the disk says of it."""
        raise OSError(errno.EIO, "Input/output error")

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        pass


class Worn(targets.Folder):
    """A disk with bad sectors under some files."""

    bad: frozenset[str] = frozenset()

    def open(self, name):
        """A file, if it can be read."""
        return Scratched() if name in self.bad else super().open(name)


def test_a_bad_sector_under_one_photo_loses_that_photo_alone(world, kernel, target, back_up, add_photo, aside):
    """At the restore of a whole school, one unreadable file must not hold back the thousands behind it."""
    blobs = [add_photo()[1] for _ in range(3)]
    back_up()
    worn = Worn(target.root)
    worn.bad = frozenset({keeping.blob_file(blobs[1]), keeping.KEYS})  # the keys have their double
    kek = kernel.ring.keks[0]
    assert restoring.check_media(worn, kek, restoring.choose(worn, kek)) == [blobs[1]]
    placed, missing, _store = aside(worn, kek)
    assert placed == 2 and missing == [blobs[1]]


def test_a_bad_sector_here_is_told_and_the_other_media_are_copied(
    world, kernel, target, back_up, add_photo, monkeypatch
):
    blobs = [add_photo()[1] for _ in range(3)]
    opened = kernel.blobs.open
    monkeypatch.setattr(
        type(kernel.blobs), "open", lambda self, blob: Scratched() if blob == blobs[0] else opened(blob)
    )
    done = back_up()
    assert done.damaged == [blobs[0]] and done.copied == 2


def test_a_bad_sector_here_is_mended_from_the_backup(world, kernel, target, back_up, add_photo, monkeypatch):
    _media, blob_id = add_photo()
    back_up()
    monkeypatch.setattr(restoring, "_hash", lambda path: Scratched().read())
    mended, missing = restoring.mend_blobs(target, kernel.blobs)
    assert mended == 1 and not missing and kernel.blobs.path_of(blob_id).exists()


def test_an_error_of_the_network_does_not_lose_the_way_to_older_backups(world, kernel, target, back_up):
    """What opens older snapshots is written again each time: a cut line must not lose it."""
    kek = kernel.ring.keks[0]
    back_up(keks=(kek, Kek(new_key())))
    older = keeping.read_keys(target, kek)["older"]
    assert older

    class Cut(targets.Folder):
        def open(self, name):
            if name in (keeping.KEYS, keeping.KEYS_AGAIN):
                raise targets.TargetError("the line was cut")
            return super().open(name)

    with pytest.raises(targets.TargetError, match="cut"):
        back_up(Cut(target.root))
    assert keeping.read_keys(target, kek)["older"] == older


def test_a_backup_that_does_not_open_names_the_others(world, kernel, target, back_up, clock):
    first = back_up()
    clock.advance(hours=1)
    second = back_up()
    (target.root / "snapshots" / second.name / keeping.MANIFEST).write_bytes(b"something else")
    with pytest.raises(targets.TargetError, match=f"--snapshot: {first.name}"):
        restoring.choose(target, kernel.ring.keks[0])
    assert restoring.choose(target, kernel.ring.keks[0], first.name) == first.name


def test_a_bad_sector_under_the_word_of_whose_these_are_stops_no_backup(world, kernel, target, back_up):
    back_up()
    worn = Worn(target.root)
    worn.bad = frozenset({keeping.INFO})
    assert back_up(worn).rows
