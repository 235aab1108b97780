"""Encrypted files: whole and durable under their name, or without a trace."""

import errno
import hashlib
import os

import pytest

from appliance.core.errors import StorageFull
from appliance.storage.blobs import BlobStore


@pytest.fixture
def store(tmp_path):
    return BlobStore(tmp_path / "blobs")


def test_a_finished_blob_is_read_back_with_its_size_and_digest(store):
    with store.writer("abcdefgh12345678") as writer:
        writer.write(b"one ")
        writer.write(b"two")
        written = writer.finish()
    assert written.size == 7 and written.sha256 == hashlib.sha256(b"one two").digest()
    with store.open("abcdefgh12345678") as file:
        assert file.read() == b"one two"
    assert oct(store.path_of("abcdefgh12345678").stat().st_mode & 0o777) == "0o600"


def test_an_abandoned_blob_leaves_no_trace(store):
    with pytest.raises(RuntimeError), store.writer("abcdefgh12345678") as writer:
        writer.write(b"half")
        raise RuntimeError
    assert store.list_files() == []


def test_a_name_is_never_written_twice(store):
    with store.writer("abcdefgh12345678") as writer:
        writer.finish()
    with pytest.raises(FileExistsError):
        store.writer("abcdefgh12345678")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b/c/d/e/f", "", "short", "a" * 65, "é" * 10, "abc\0efghijk"])
def test_only_our_own_names_make_a_path(store, name):
    with pytest.raises(ValueError, match="not a blob id"):
        store.path_of(name)


def test_a_full_disk_is_said_in_words_and_leaves_nothing(store, monkeypatch):
    writer = store.writer("abcdefgh12345678")

    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            pass

    with pytest.raises(StorageFull), writer:
        writer.file.close()
        writer.file = Full()
        writer.write(b"data")
    assert store.list_files() == []


def test_room_is_kept_for_the_database(store):
    store.reserve_bytes = 10**18
    with pytest.raises(StorageFull):
        store.check_room(1)


def test_a_failed_fsync_is_fatal_for_the_blob(store, monkeypatch):
    def broken(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"), store.writer("abcdefgh12345678") as writer:
        writer.write(b"data")
        writer.finish()
    monkeypatch.undo()
    assert store.list_files() == []


@pytest.mark.parametrize("step", ["open", "fsync", "rename"])
def test_a_disk_that_turns_out_to_be_full_at_any_step_is_said_in_words(store, monkeypatch, step):
    def full(*_arguments):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(StorageFull), store.writer("abcdefgh12345678") as writer:
        writer.write(b"data")
        writer.finish()
    monkeypatch.undo()
    assert store.list_files() == []


def test_a_file_whose_name_is_not_durable_is_not_left_under_it(store, monkeypatch):
    real, calls = os.fsync, []

    def broken(descriptor):
        if os.path.isdir(f"/proc/self/fd/{descriptor}") and calls:
            raise OSError(errno.EIO, "Input/output error")
        calls.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"), store.writer("abcdefgh12345678") as writer:
        writer.finish()
    monkeypatch.undo()
    assert store.list_files() == []


def test_bytes_are_durable_before_their_name_is_and_its_end_is_durable_too(store, monkeypatch):
    path, steps = store.path_of("abcdefgh12345678"), []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(descriptor):
        synced = os.path.realpath(f"/proc/self/fd/{descriptor}")
        what = {str(store.root): "root", str(path.parent): "folder"}.get(synced, "bytes")
        steps.append((what, os.fstat(descriptor).st_size if what == "bytes" else path.exists()))
        real_fsync(descriptor)

    def rename(*names):
        steps.append(("rename", path.exists()))
        real_rename(*names)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    with store.writer("abcdefgh12345678") as writer:
        writer.write(b"data")
        writer.finish()
    store.delete("abcdefgh12345678")
    assert steps == [("root", False), ("bytes", 4), ("rename", False), ("folder", True), ("folder", False)]


def test_folders_are_for_their_owner_only_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        store = BlobStore(tmp_path / "blobs")
        with store.writer("abcdefgh12345678") as writer:
            writer.finish()
    finally:
        os.umask(before)
    folder = store.path_of("abcdefgh12345678").parent
    assert [each.stat().st_mode & 0o777 for each in (store.root, folder)] == [0o700, 0o700]


def test_a_new_sub_folder_is_durable_before_the_file_in_it(store, monkeypatch):
    real, synced = os.fsync, []

    def watched(descriptor):
        synced.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    for _ in range(2):
        with store.writer("abcdefgh12345678") as writer:
            writer.finish()
        store.path_of("abcdefgh12345678").unlink()
    folder = str(store.path_of("abcdefgh12345678").parent)
    assert synced[0] == str(store.root) and synced.count(str(store.root)) == 1 and synced.count(folder) == 2


def test_what_lies_beside_our_folders_is_not_ours(store, tmp_path):
    with store.writer("abcdefgh12345678") as writer:
        writer.finish()
    elsewhere = tmp_path / "elsewhere"
    for folder in (store.root / "lost+found", elsewhere):
        folder.mkdir()
        (folder / "precious").write_bytes(b"x")
    (store.root / "backup").symlink_to(elsewhere)
    (store.root / "00").symlink_to(elsewhere)
    assert store.list_folders() == [store.path_of("abcdefgh12345678").parent]
    assert store.list_files() == [store.path_of("abcdefgh12345678")]


def test_deleting_twice_is_harmless(store):
    with store.writer("abcdefgh12345678") as writer:
        writer.finish()
    assert store.delete("abcdefgh12345678") is True
    assert store.delete("abcdefgh12345678") is False
