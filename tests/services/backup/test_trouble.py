"""Backups that meet trouble: writers, two at once, wrong clocks, changed keys, kills; the earlier ones stay whole."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from appliance.core.ids import new_id
from appliance.crypto.keyring import Kek, Keyring, new_key
from appliance.school import keys
from appliance.services import rotation
from appliance.services.backup import keeping, making, restoring, targets
from appliance.services.media import files, store
from appliance.services.media.models import Media, Rendition
from appliance.storage import database
from tests.support.process import PREAU, ROOT, initialise, preau


def back_up(kernel, target, **options):
    return making.back_up(target, options.pop("keks", kernel.ring.keks), kernel.blobs, {}, **options)


class Busy(targets.Folder):
    """A place that lets something happen whenever a file is put there."""

    def __init__(self, root, happen):
        super().__init__(root)
        self.happen = happen

    def put(self, name, pieces, size=None):
        """Put it, then let it happen."""
        super().put(name, pieces, size)
        if name != "probe":
            self.happen(name)


def test_every_row_of_a_dump_has_its_file_while_others_publish_and_delete(world, kernel, tmp_path, add_photo, aside):
    added = [add_photo()[0] for _ in range(3)]

    def happen(name):
        if len(added) < 30:
            added.append(add_photo()[0])
            store.delete(world.actor("teacher"), added[len(added) // 2].public_id)

    done = back_up(kernel, Busy(tmp_path / "busy", happen))
    assert not done.damaged and len(added) > 6
    _placed, missing, blobs = aside(targets.Folder(tmp_path / "busy"), kernel.ring.keks[0])
    alive = Rendition.select(Rendition.blob_id).join(Media).where(Media.deleted_at.is_null())
    assert not missing and alive.count() > 0
    assert all(blobs.path_of(blob_id).exists() for (blob_id,) in alive.tuples())


def test_rows_are_taken_again_when_a_file_they_name_was_replaced_meanwhile(world, kernel, tmp_path, add_photo, aside):
    """A film that is prepared between the rows and their files."""
    happened = []

    def happen(name):
        if name.startswith("snapshots/") and not happened:  # the rows are written: they name the file that now goes
            happened.append(name)
            gone = Rendition.select().join(Media).where(Media.id == late.id).get()
            with database.transaction():
                Rendition.update(blob_id=new_id()).where(Rendition.id == gone.id).execute()
            kernel.blobs.path_of(gone.blob_id).rename(
                kernel.blobs.path_of(Rendition.get_by_id(gone.id).blob_id).parent.parent / "moved"
            )
            blob = kernel.blobs.path_of(Rendition.get_by_id(gone.id).blob_id)
            blob.parent.mkdir(exist_ok=True)
            (kernel.blobs.root / "moved").rename(blob)

    place = Busy(tmp_path / "busy", happen)
    copy = making._Copying.copy
    with pytest.MonkeyPatch.context() as patch:
        # the first round copies nothing, as if the media had come in right after it
        patch.setattr(making._Copying, "copy", lambda self, wanted: (patch.undo(), list(wanted), [])[2])
        late, _blob = add_photo()
        done = back_up(kernel, place)
    assert making._Copying.copy is copy and happened and not done.damaged
    _placed, missing, blobs = aside(targets.Folder(tmp_path / "busy"), kernel.ring.keks[0])
    blob_id = Rendition.get(Rendition.media == Media.get(Media.public_id == late.public_id)).blob_id
    assert not missing and blobs.path_of(blob_id).exists()


def test_a_new_master_key_opens_the_backups_made_before_it(world, kernel, target, add_photo, aside, tmp_path, clock):
    from appliance.crypto.keyfile import create_kek, load_keks

    photo = add_photo()[0].public_id
    old = kernel.ring.keks[0]
    path = tmp_path / "kek"
    create_kek(path, old)
    first = back_up(kernel, target).name
    ring = Keyring(old, reload=lambda: load_keks(path))
    keys.configure(ring)
    rotation.rotate(str(path))
    ring.refresh()
    clock.advance(hours=1)
    back_up(kernel, target, keks=ring.keks)
    new = ring.keks[0]
    clock.advance(hours=1)
    back_up(kernel, target, keks=(new,))  # the retired key is forgotten: what opened the older ones is carried on
    with pytest.raises(targets.TargetError, match=f"take the recovery sheet of {new.id}"):
        restoring.choose(target, old)
    aside(target, new, first)
    keys.configure(Keyring(new))
    with files.open_rendition(files.get_rendition(photo, "original")) as reader:
        assert reader.read() == photo.encode()
    assert keys.purpose_key(keys.WEB)


def test_another_installation_does_not_write_over_these_backups(world, kernel, target):
    name = back_up(kernel, target).name
    info = json.loads((target.root / keeping.INFO).read_text()) | {"kek_id": "0" * 16, "installation": "1" * 16}
    (target.root / keeping.INFO).write_text(json.dumps(info))
    with pytest.raises(targets.TargetError, match="another installation"):
        back_up(kernel, target)
    assert keeping.list_snapshots(target) == [name]


def test_the_file_of_keys_has_a_double(world, kernel, target):
    name = back_up(kernel, target).name
    (target.root / keeping.KEYS).write_bytes(b"noise" * 100)
    assert restoring.choose(target, kernel.ring.keks[0]) == name
    with pytest.raises(targets.TargetError):
        (target.root / keeping.KEYS_AGAIN).unlink()
        restoring.choose(target, kernel.ring.keks[0])


def test_the_last_made_is_the_last_named_when_the_clock_goes_back(world, kernel, target, clock):
    first = back_up(kernel, target).name
    clock.advance(days=-400)
    second, third = back_up(kernel, target).name, back_up(kernel, target).name
    assert keeping.list_snapshots(target) == [first, second, third]


def test_a_clock_that_is_wrong_ends_no_backup_that_is_needed():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    names = [(start + timedelta(days=day)).strftime("%Y%m%dT%H%M%SZ") for day in range(100)]
    today = start + timedelta(days=99)
    assert keeping.choose_kept(names, today, 35) == set(names[64:])
    assert keeping.choose_kept(names, today + timedelta(days=5000), 35) == set(names[-2:])
    assert keeping.choose_kept(names, start - timedelta(days=9000), 35) == set(names[-35:])
    assert keeping.choose_kept([], today, 35) == set()


def test_a_media_that_changed_at_the_target_is_copied_again(world, kernel, target, add_photo):
    _media, blob_id = add_photo()
    name = back_up(kernel, target).name
    path = target.root / making.blob_file(blob_id)
    path.write_bytes(bytes(path.stat().st_size))
    wrong = restoring.check_media(target, kernel.ring.keks[0], name)
    assert wrong == [blob_id] and back_up(kernel, target, suspects=wrong).copied == 1
    assert restoring.check_media(target, kernel.ring.keks[0], name) == []


def test_files_that_are_lost_here_come_back_without_touching_a_row(world, kernel, target, add_photo):
    lost, damaged = (add_photo()[1] for _ in range(2))
    back_up(kernel, target)
    whole = {each: kernel.blobs.path_of(each).read_bytes() for each in (lost, damaged)}
    kernel.blobs.path_of(lost).unlink()
    kernel.blobs.path_of(damaged).write_bytes(b"noise")
    assert restoring.mend_blobs(target, kernel.blobs) == (2, [])
    assert {each: kernel.blobs.path_of(each).read_bytes() for each in whole} == whole


def test_the_copies_beside_the_data_age_too(world, kernel, target, clock):
    making.back_up(target, kernel.ring.keks, None, {})
    before = (target.root / keeping.KEYS).read_bytes()
    keeping.tend(target, kernel.ring.keks, 35)
    assert (target.root / keeping.KEYS).read_bytes() != before  # the keys are those of today
    clock.advance(days=36)
    keeping.tend(target, kernel.ring.keks, 35)
    assert not [path for path in target.root.rglob("*") if path.is_file()]


@pytest.fixture
def place(tmp_path):
    """The configuration of a small installation in its own folder."""
    return initialise(tmp_path)


KILLED = """
import os, signal, sys
from appliance.services.backup import targets
left = int(sys.argv.pop(1))
put, delete = targets.Folder.put, targets.Folder.delete
def count():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
def cut(pieces):
    for piece in pieces:
        yield piece
        count()
def killed_put(self, name, pieces, size=None):
    put(self, name, cut(pieces), size)
    count()
def killed_delete(self, name):
    delete(self, name)
    count()
targets.Folder.put, targets.Folder.delete = killed_put, killed_delete
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_the_earlier_backups_and_the_next_goes_on(place, tmp_path):
    assert preau("--config", place, "backup").returncode == 0
    moments = 0
    for moment in range(1, 60):
        command = [sys.executable, "-c", KILLED + PREAU, str(moment), "--config", str(place), "backup"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        moments += 1
        listed = json.loads(preau("--config", place, "backup", "list", "--json").stdout)["backups"]
        assert listed and all(each["opens"] for each in listed), moment
        if moment % 8 == 0:
            bare = tmp_path / f"bare{moment}" / "config.toml"
            bare.parent.mkdir()
            options = ("--from", tmp_path / "backups", "--sheet", tmp_path / "keys/kek")
            for each in listed[:: max(1, len(listed) - 1)]:
                restored = preau("--config", bare, "restore", *options, "--snapshot", each["name"], "--replace")
                assert restored.returncode == 0, restored.stderr
    assert moments > 10
    assert preau("--config", place, "backup", "rehearse").returncode == 0
    assert not list((tmp_path / "backups").rglob("*.partial"))


@pytest.mark.server
def test_two_backups_at_once_follow_each_other(place, tmp_path):
    with open(tmp_path / ".backup.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = [sys.executable, "-c", PREAU, "--config", str(place), "backup"]
        second = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "waiting for its end" in second.stderr.readline()
        assert not (tmp_path / "backups").exists()
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0 and "backup 2" in out, err


@pytest.mark.server
def test_a_restore_stops_when_the_service_runs_and_when_there_are_data(place, tmp_path):
    import sqlite3

    assert preau("--config", place, "backup").returncode == 0
    assert "--replace" in preau("--config", place, "restore").stderr
    with contextlib.closing(sqlite3.connect(tmp_path / "preau.db")) as other:
        other.execute("SELECT COUNT(*) FROM school").fetchone()
        refused = preau("--config", place, "restore", "--replace")
    assert refused.returncode == 1 and "systemctl stop preau" in refused.stderr
    done = preau("--config", place, "restore", "--replace")
    assert done.returncode == 0 and "the present rows are kept in" in done.stdout, done.stderr
    assert preau("--config", place, "doctor").returncode == 0


@pytest.mark.server
def test_a_damaged_database_makes_way_for_the_backup(place, tmp_path):
    assert preau("--config", place, "backup").returncode == 0
    (tmp_path / "preau.db").write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 64)
    done = preau("--config", place, "restore", "--replace")
    assert done.returncode == 0, done.stderr
    assert preau("--config", place, "doctor").returncode == 0
    assert len(list(tmp_path.glob("preau.db.before-restore-*"))) == 1


@pytest.mark.server
def test_a_bare_machine_has_no_configuration_until_all_is_there(place, tmp_path):
    assert preau("--config", place, "backup").returncode == 0
    keys_file = tmp_path / "backups" / keeping.KEYS
    dump = next((tmp_path / "backups/snapshots").glob("*/dump.enc"))
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-20])
    bare = tmp_path / "bare" / "config.toml"
    bare.parent.mkdir()
    restore = ("--config", bare, "restore", "--from", tmp_path / "backups", "--sheet", tmp_path / "keys/kek")
    cut = preau(*restore)
    assert cut.returncode == 1 and "Nothing was changed" in cut.stderr and keys_file.exists()
    assert not bare.exists() and not list(bare.parent.glob(".config*"))
    dump.write_bytes(whole)
    done = preau(*restore)
    assert done.returncode == 0 and bare.exists(), done.stderr
    assert preau("--config", bare, "doctor").returncode == 0


@pytest.mark.server
def test_rows_move_from_sqlite_to_postgresql_and_back(place, tmp_path, postgres_server):
    postgres_server.drop("moving")
    url = postgres_server.create("moving")
    assert preau("--config", place, "backup").returncode == 0
    environment = {**os.environ, "PREAU_SETUP_DATABASE_URL": url}
    done = preau("--config", place, "restore", env=environment)
    assert done.returncode == 0 and url in place.read_text(), done.stderr
    assert preau("--config", place, "doctor").returncode == 0
    again = preau("--config", place, "backup")
    assert again.returncode == 0, again.stderr
    assert "--replace" in preau("--config", place, "restore").stderr
    replaced = preau("--config", place, "restore", "--replace")
    assert replaced.returncode == 0 and "before-restore" in replaced.stdout, replaced.stderr
    back = preau(
        "--config", place, "restore", "--replace", "--database-url", f"sqlite:///{tmp_path / 'back.db'}"
    )  # fmt: skip
    assert back.returncode == 0, back.stderr
    assert preau("--config", place, "doctor").returncode == 0


def test_another_sheet_is_told_which_one_is_needed(world, kernel, target):
    back_up(kernel, target)
    with pytest.raises(targets.TargetError, match=kernel.ring.keks[0].id):
        restoring.choose(target, Kek(new_key()))


@pytest.fixture
def remote(tmp_path, monkeypatch):
    """A place over SSH, but for the network: the same commands in a shell of this machine; CUT ends what is sent."""
    from appliance.services.backup import remote

    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\nfor script; do :; done\n"
        'if [ -n "$CUT" ]; then head -c "$CUT" | sh -c "$script"; else exec sh -c "$script"; fi\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return remote.Ssh(f"ssh://keeper@nowhere{tmp_path}/far", tmp_path)


@pytest.mark.parametrize("size", [None, 5000])
def test_a_file_that_arrives_cut_does_not_take_the_place_of_the_whole_one(remote, monkeypatch, size):
    remote.put("keys.enc", [b"before"], 6)
    monkeypatch.setenv("CUT", "1000")
    with pytest.raises(targets.TargetError, match="not all bytes arrived"):
        remote.put("keys.enc", [b"x" * 2500] * 2, size)
    monkeypatch.delenv("CUT")
    with remote.open("keys.enc") as file:
        assert file.read(100) == b"before"
    remote.sweep()
    assert list(remote.list("")) == [("keys.enc", 6)]


def test_a_backup_over_a_shell_is_whole(world, kernel, remote, add_photo):
    add_photo()
    name = back_up(kernel, remote).name
    assert restoring.check_media(remote, kernel.ring.keks[0], name) == []
    assert restoring.choose(remote, kernel.ring.keks[0]) == name
