"""`preau backup` and its rehearsal: what they say is what is so, and the console hears of whatever ended them."""

import contextlib
import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from tests.support.process import PREAU, ROOT, initialise, preau

pytestmark = pytest.mark.server


@pytest.fixture
def config(tmp_path):
    """The configuration of a small installation in its own folder."""
    return initialise(tmp_path)


def status(config) -> dict:
    """What the console knows of the last runs."""
    return json.loads((config.parent / "backup-status.json").read_text())


def with_fault(fault: str, *arguments: object) -> subprocess.CompletedProcess:
    """`preau`, after a fault was prepared in it."""
    command = [sys.executable, "-c", f"{fault}\n{PREAU}", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def name_academy(path, name: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as link:
        link.execute("UPDATE academy SET name = ?", (name,))
        link.commit()


def test_a_backup_that_waits_behind_a_restore_copies_the_restored_rows(config, tmp_path):
    present, fresh = tmp_path / "preau.db", tmp_path / "fresh.db"
    with open(tmp_path / ".backup.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = [sys.executable, "-c", PREAU, "--config", str(config), "backup"]
        waiting = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "waiting for its end" in waiting.stderr.readline()
        with contextlib.closing(sqlite3.connect(present)) as old, contextlib.closing(sqlite3.connect(fresh)) as new:
            old.backup(new)
        name_academy(fresh, "Restored")
        os.replace(fresh, present)  # as a restore does
    said = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, said
    name_academy(present, "Changed since")
    done = preau("--config", config, "restore", "--replace", "--rows-only")
    assert done.returncode == 0, done.stderr
    with contextlib.closing(sqlite3.connect(present)) as link:
        assert link.execute("SELECT name FROM academy").fetchone() == ("Restored",)


def test_a_place_put_back_to_an_older_state_fails_the_rehearsal(config, tmp_path):
    assert preau("--config", config, "backup").returncode == 0
    shutil.copytree(tmp_path / "backups", tmp_path / "last-week")
    assert preau("--config", config, "backup").returncode == 0
    latest = status(config)["backup"]["name"]
    assert preau("--config", config, "backup", "rehearse").returncode == 0
    shutil.rmtree(tmp_path / "backups")
    (tmp_path / "last-week").rename(tmp_path / "backups")
    told = preau("--config", config, "backup", "rehearse")
    assert told.returncode == 1 and f"{latest} was made and is not there any more" in told.stderr
    assert status(config)["rehearsal"]["ok"] is False


def test_another_place_is_not_asked_for_the_last_backup_of_the_first(config, tmp_path):
    assert preau("--config", config, "backup").returncode == 0
    shutil.copytree(tmp_path / "backups", tmp_path / "copy")
    assert preau("--config", config, "backup").returncode == 0
    done = preau("--config", config, "backup", "--to", tmp_path / "copy", "rehearse")
    assert done.returncode == 0, done.stderr


FAULTS = {
    "from appliance.core.errors import StorageFull; fault = StorageFull()": "plus de place",
    "import peewee; fault = peewee.OperationalError('row of Durand')": "row of Durand",
    "from appliance.storage.migrate import MigrationError; fault = MigrationError('step 9')": "step 9",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("work, place", [
    ("rehearsal", "from appliance.services.backup import restoring as at; at.open_sample = stop"),
    ("backup", "from appliance.services.backup import making as at; at.back_up = stop"),
])  # fmt: skip
def test_whatever_ends_it_is_known_to_the_console(config, fault, work, place):
    assert preau("--config", config, "backup").returncode == 0
    command = ("backup",) if work == "backup" else ("backup", "rehearse")
    assert preau("--config", config, *command).returncode == 0
    before = status(config)[work]
    stop = f"{fault}\ndef stop(*what, **more): raise fault\n{place}"
    told = with_fault(stop, "--config", config, *command)
    after = status(config)[work]
    assert told.returncode == 1 and FAULTS[fault] in told.stderr
    assert before["ok"] and after["ok"] is False and after["last_ok"] == before["last_ok"]
    assert after["says"] and "Durand" not in after["says"]


def test_a_backup_whose_older_ones_stay_is_made_and_says_so(config, tmp_path):
    fault = """
from appliance.services.backup import keeping, targets
def stop(*what, **more): raise targets.TargetError("AccessDenied")
keeping.prune = stop
"""
    told = with_fault(fault, "--config", config, "backup")
    known = status(config)["backup"]
    assert told.returncode == 1 and "no backup was made" not in told.stderr
    assert f"backup {known['name']} at" in told.stdout
    assert "problem: older backups could not be removed: AccessDenied" in told.stdout
    assert known["ok"] and "AccessDenied" in known["left"]
    listed = json.loads(preau("--config", config, "backup", "list", "--json").stdout)["backups"]
    assert [each["name"] for each in listed] == [known["name"]]
    doctor = preau("--config", config, "doctor")
    assert "older copies stay" in doctor.stdout + doctor.stderr


def test_copies_beside_the_data_that_stay_do_not_undo_the_backup(config, tmp_path):
    (tmp_path / "before-upgrade").mkdir()
    (tmp_path / "before-upgrade" / "snapshots").symlink_to(tmp_path)
    told = preau("--config", config, "backup")
    assert told.returncode == 1 and "problem: copies of rows in" in told.stdout, told.stderr
    assert status(config)["backup"]["ok"]


@pytest.mark.parametrize("command", [["backup"], ["migrate", "--with-backup"], ["restore", "--replace"]])
def test_a_database_that_cannot_be_opened_is_not_called_busy(config, tmp_path, command):
    assert preau("--config", config, "backup").returncode == 0
    for path in tmp_path.glob("preau.db*"):
        path.unlink()
    (tmp_path / "preau.db").mkdir()  # SQLite says the same of a disk that has no room for its journal
    told = preau("--config", config, *command)
    assert told.returncode == 1 and "Beaucoup" not in told.stderr and "Traceback" not in told.stderr
    assert "the database cannot be opened: unable to open database file. Does its folder exist" in told.stderr


def test_a_rehearsal_does_without_the_database_in_use(config, tmp_path):
    assert preau("--config", config, "backup").returncode == 0
    for path in tmp_path.glob("preau.db*"):
        path.unlink()
    (tmp_path / "preau.db").mkdir()
    done = preau("--config", config, "backup", "rehearse")
    assert done.returncode == 0, done.stderr
