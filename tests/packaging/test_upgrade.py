"""A later package on a machine in use: nothing is asked, nothing is lost, whatever cuts it; and the way back."""

import contextlib
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import PASSWORD, set_up
from tests.packaging.test_appliance import open_class, visit
from tests.support import container
from tests.support.waiting import wait_for

pytestmark = pytest.mark.drill
MIGRATIONS = "usr/share/preau/appliance/storage/migrations"
LATER = "9.0.0"
BACK = ("preau", "restore", "--rows-only", "--replace", "--from", "/var/lib/preau/before-upgrade")
# As long as the file is there, the step doesn't end: time enough to cut it.
SLOW = '''"""A step that takes its time."""
import os
import sys
import time


def upgrade(db):
    db.execute_sql("CREATE TABLE later_note (id INTEGER PRIMARY KEY, text VARCHAR(40) NOT NULL)")
    db.execute_sql("INSERT INTO later_note (id, text) VALUES (1, 'half')")
    print("the slow step began", file=sys.stderr, flush=True)
    while os.path.exists("/etc/preau/slow"):
        time.sleep(0.05)
    db.execute_sql("UPDATE later_note SET text = 'whole'")
'''


@pytest.fixture(scope="module")
def later(package, tmp_path_factory) -> Path:
    """The package of a later version: a column with data, and a step that takes its time."""
    folder = tmp_path_factory.mktemp("later")
    subprocess.run(["dpkg-deb", "-R", package, folder / "tree"], check=True)
    steps = folder / "tree" / MIGRATIONS
    number = max(int(path.name[:4]) for path in steps.glob("[0-9]*")) + 1
    column = (
        "ALTER TABLE school ADD COLUMN later VARCHAR(20) NOT NULL DEFAULT '';\nUPDATE school SET later = 'filled';\n"
    )
    for dialect in ("sqlite", "postgresql"):
        (steps / f"{number:04}_later.{dialect}.sql").write_text(column)
    (steps / f"{number + 1:04}_slow.py").write_text(SLOW)
    control = folder / "tree/DEBIAN/control"
    text = control.read_text().splitlines()
    control.write_text("\n".join(f"Version: {LATER}" if line.startswith("Version:") else line for line in text) + "\n")
    made = folder / f"preau_{LATER}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder / "tree", made], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def school(suite, package):
    """A machine of the present version with a post and its photo, whose operator has edited the configuration."""
    with container.booted(suite) as machine:
        done = set_up(machine, package, PREAU_SETUP_ADMIN_PASSWORD=PASSWORD)
        assert "ok   service is running" in done.stdout, done.stdout + done.stderr
        open_class(machine)
        machine.shell("echo '# mine' >> /etc/preau/config.toml")
        machine.before = visit(machine, "publish")
        machine.old = package
        yield machine


def rows(machine, query: str) -> str:
    script = "import sqlite3, sys; print(sqlite3.connect('/var/lib/preau/preau.db').execute(sys.argv[1]).fetchone())"
    return machine.run("python3", "-c", script, query).stdout.strip()


def look_into(machine, folder: Path, query: str) -> list[tuple]:
    """The same of a machine without power: what is on its disk, opened elsewhere."""
    for path in machine.path("/var/lib/preau").glob("preau.db*"):
        shutil.copy(path, folder / path.name)
    with contextlib.closing(sqlite3.connect(folder / "preau.db")) as found:
        return found.execute(query).fetchall()


def begun(machine) -> int:
    return machine.journal("preau").count("the slow step began")


def is_active(machine) -> bool:
    return machine.run("systemctl", "is-active", "preau", check=False).stdout.strip() == "active"


def unattended(machine, *arguments: str) -> subprocess.Popen:
    """What unattended-upgrades does: nobody is there to answer."""
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.Popen(
        ["nsenter", "--target", str(machine.leader), "--all", "--wdns=/", "env", "-i", path,
         "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_an_upgrade_that_is_cut_twice_ends_and_loses_nothing(school, later, tmp_path):
    """Killed in a step, then the power is cut in the same step: each time it goes on by itself."""
    (school.root / "root" / later.name).write_bytes(later.read_bytes())
    school.shell("touch /etc/preau/slow")
    apt = unattended(school, "install", f"/root/{later.name}")
    wait_for(lambda: begun(school) == 1)
    kept = school.shell("ls /var/lib/preau/before-upgrade/snapshots/*/manifest.enc").stdout
    assert kept.count("manifest.enc") == 1  # copied before the first step
    school.shell("kill -KILL $(systemctl show --value --property=ControlPID preau)")
    wait_for(lambda: begun(school) == 2)
    school.cut()
    apt.communicate(timeout=30)
    # The first step is whole, the cut one left no trace.
    assert look_into(school, tmp_path, "SELECT DISTINCT later FROM school") == [("filled",)]
    assert look_into(school, tmp_path, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'later_note'") == [(0,)]
    school.path("/etc/preau/slow").unlink()
    school.boot()
    wait_for(lambda: is_active(school))
    assert rows(school, "SELECT text FROM later_note") == "('whole',)"
    said = unattended(school, "--fix-broken", "install")
    school.run("dpkg", "--configure", "-a")
    said.communicate(timeout=120)
    assert LATER in school.run("dpkg-query", "-W", "-f", "${Version} ${db:Status-Status}", "preau").stdout
    assert visit(school, "read") == school.before


def test_what_the_operator_wrote_stays_and_nothing_was_asked(school):
    assert school.run("tail", "-n", "1", "/etc/preau/config.toml").stdout == "# mine\n"
    assert school.shell("find /etc -name '*.dpkg-*' -path '*preau*'").stdout == ""
    assert school.run("dpkg-query", "-W", "-f", "${Conffiles}", "preau").stdout.strip() == ""


def test_an_older_package_refuses_and_names_the_way_back(school):
    school.run("dpkg", "-i", f"/root/{school.old.name}", check=False)
    wait_for(lambda: "newer than this program" in school.journal("preau"))
    assert not is_active(school)
    assert " ".join(BACK) in school.journal("preau")
    before = rows(school, "SELECT text FROM later_note")
    assert before == "('whole',)"  # the refusal touches nothing


def test_the_way_back_gives_the_rows_of_before(school):
    school.run("systemctl", "stop", "preau")
    said = school.run(*BACK).stdout
    assert "restored:" in said and "the present rows are kept in" in said
    school.run("systemctl", "reset-failed", "preau", check=False)
    school.run("systemctl", "start", "preau")
    assert visit(school, "read") == school.before
    assert rows(school, "SELECT COUNT(*) FROM pragma_table_info('school') WHERE name = 'later'") == "(0,)"


def test_the_later_package_can_come_again_afterwards(school, later):
    apt = unattended(school, "install", f"/root/{later.name}")
    assert apt.wait(timeout=120) == 0, apt.stdout.read()
    apt.stdout.close()
    wait_for(lambda: is_active(school))
    assert visit(school, "read") == school.before
