"""What must be in clear in a file for a moment is in memory, for us alone, and goes away."""

import os
from pathlib import Path

import pytest

from appliance.core.errors import Unavailable
from appliance.storage import memory


def test_the_private_folder_is_in_memory_and_goes_away():
    with memory.private_folder() as made:
        memory.write(made / "clear", [b"a", b"b"])
        assert (made / "clear").read_bytes() == b"ab"
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        holders = [mount for mount in mounts if made.is_relative_to(mount[1])]
        assert max(holders, key=lambda mount: len(mount[1]))[2] in ("tmpfs", "ramfs")
        assert made.stat().st_mode & 0o777 == 0o700
    assert not made.exists()


def test_a_machine_without_memory_for_files_says_that_it_cannot_now(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "RAM_DISK", tmp_path / "absent")
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(Unavailable), memory.private_folder():
        pass


def test_a_folder_of_a_disk_is_no_memory_whatever_its_name(monkeypatch):
    # Beside the code, which lies on a disk: the tests' own folder may well be in memory.
    monkeypatch.setattr(memory, "RAM_DISK", Path(memory.__file__).parent)
    assert os.access(memory.RAM_DISK, os.W_OK) and memory.find_ram_disk() is None
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(Unavailable), memory.private_folder():
        pass


def test_room_is_asked_for_before(tmp_path):
    memory.require_room(tmp_path, 1)
    with pytest.raises(Unavailable):
        memory.require_room(tmp_path, 1 << 60)


def test_of_what_a_program_left_only_a_plain_file_is_read(tmp_path):
    secret = tmp_path / "kek"
    secret.write_bytes(b"secret")
    (tmp_path / "link").symlink_to(secret)
    os.link(secret, tmp_path / "second name")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "film.mp4").write_bytes(b"film")
    for name in ("link", "second name", "pipe", "folder", "absent"):
        with pytest.raises(FileNotFoundError):
            memory.open_made(tmp_path / name)
    with memory.open_made(tmp_path / "film.mp4") as file:
        assert file.read() == b"film"
