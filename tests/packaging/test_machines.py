"""The machines of these tests: several at once don't know of each other, and none outlives the run that booted it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import container

pytestmark = pytest.mark.package
KILLED = """
import os, signal
from tests.support import container
with container.booted("bookworm") as machine:
    print(machine.folder, machine.leader, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def is_up(machine, unit: str) -> bool:
    return machine.run("systemctl", "is-active", unit, check=False).stdout.strip() == "active"


def lives(pid: str) -> bool:
    """Whether it still runs: of one that ended, its new parent may not have taken note yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_happens_to_one_machine_does_not_reach_another():
    start = ("systemd-run", "--quiet", "--unit=school", "sleep", "infinity")
    with container.booted("bookworm") as one, container.booted("trixie") as other:
        for machine in (one, other):
            machine.run(*start)
        assert is_up(one, "school") and is_up(other, "school")
        other.run("systemctl", "stop", "school")
        assert is_up(one, "school") and not is_up(other, "school")
        other.run(*start)
        one.cut()
        assert is_up(other, "school")
        one.boot()
        assert not is_up(one, "school") and is_up(other, "school")


def test_what_a_killed_run_left_is_cleared_before_the_next_machine_boots():
    container.require()
    command = [sys.executable, "-c", KILLED]
    left = subprocess.run(command, cwd=container.ROOT, capture_output=True, text=True, timeout=120)
    folder, leader = left.stdout.split()
    assert left.returncode == -9 and lives(leader) and Path(folder).exists()
    with container.booted("bookworm"):
        assert not lives(leader) and not Path(folder).exists()
        assert folder not in Path("/proc/self/mounts").read_text(encoding="utf-8")
