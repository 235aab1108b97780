"""What must be in clear in a file for a moment is in memory, for us alone, and goes away."""

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


def test_room_is_asked_for_before(tmp_path):
    memory.require_room(tmp_path, 1)
    with pytest.raises(Unavailable):
        memory.require_room(tmp_path, 1 << 60)
