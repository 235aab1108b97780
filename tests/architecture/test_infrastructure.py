"""The tests' own ground holds: throw-away databases are apart, nothing goes out, what is lacking is said."""

import fcntl
import os
import socket
import subprocess
import sys
import textwrap
import urllib.request

import pytest

from appliance.school.models import Student
from tests.support import needs as needs_module
from tests.support import network, run
from tests.support.postgres import Copies, stop
from tests.support.source import ROOT
from tests.support.waiting import wait_for


def test_a_connection_to_another_machine_fails_the_test_that_tries():
    with socket.socket() as outside, pytest.raises(pytest.fail.Exception, match="loopback"):
        outside.connect(("192.0.2.1", 80))


def test_a_name_of_another_machine_is_not_looked_up():
    with pytest.raises(pytest.fail.Exception, match="loopback"):
        urllib.request.urlopen("http://example.org/")


def test_a_server_on_loopback_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.mark.parametrize(
    ("host", "here"),
    [("::1", True), ("127.9.9.9", True), ("localhost", True), ("10.0.0.1", False), (b"a.example", False)],
)
def test_only_loopback_is_this_machine(host, here):
    assert network.is_here(host) is here


def test_what_is_lacking_skips_at_home_and_fails_in_ci(monkeypatch):
    monkeypatch.setitem(needs_module.TOOLS, "no-such-program", "apt install nothing")
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="apt install nothing"):
        needs_module.needs("no-such-program")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt install nothing"):
        needs_module.needs("no-such-program")


@pytest.mark.parametrize(
    ("ci", "reason", "code"), [("", "no printer", 0), ("true", "no printer", 1), ("true", "by design: other floor", 0)]
)
def test_a_plain_skip_is_a_failure_in_ci_unless_it_is_meant(tmp_path, ci, reason, code):
    (tmp_path / "test_it.py").write_text(f"import pytest\ndef test_it(): pytest.skip({reason!r})\n")
    assert run_pytest(tmp_path, CI=ci).returncode == code


def run_pytest(folder, *arguments, **environment) -> subprocess.CompletedProcess:
    """Run the tests of a folder under this project's conftest, in a process of their own."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT}\nmarkers =\n    dialect(kind): one database only\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
        "--rootdir",
        folder,
        *arguments,
        folder,
    ]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_test_of_one_dialect_runs_on_that_database_only(tmp_path, database_kind):
    (tmp_path / "test_it.py").write_text("import pytest\n@pytest.mark.dialect('postgresql')\ndef test_it(): pass\n")
    assert "1 deselected" in run_pytest(tmp_path).stdout


def test_what_a_killed_run_left_is_removed_by_the_next_and_what_is_in_use_is_not(tmp_path):
    left, used, other = (tmp_path / name for name in (f"{run.PREFIX}left", f"{run.PREFIX}used", "other"))
    for folder in (left, used, other):
        folder.mkdir()
        (folder / "alive").touch()
    with (used / "alive").open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        run.sweep(tmp_path)
    assert [folder.exists() for folder in (left, used, other)] == [False, True, True]


def test_the_files_of_a_test_go_with_it_where_they_take_memory_and_nowhere_else(tmp_path, monkeypatch):
    inside, outside = tmp_path / "run" / "files", tmp_path / "files"
    monkeypatch.setenv(run.FOLDER, str(tmp_path / "run"))
    for ram_disk, kept in ((tmp_path / "elsewhere", True), (tmp_path, False)):
        monkeypatch.setattr(run, "RAM_DISK", ram_disk)
        for folder in (inside, outside):
            folder.mkdir(parents=True, exist_ok=True)
            run.forget(folder)
        assert inside.exists() is kept and outside.exists()


@pytest.mark.dialect("postgresql")
def test_each_test_process_has_its_own_database_on_the_shared_server(postgres_server, postgres_url, worker):
    assert postgres_url.endswith(f"/test_{worker}")
    postgres_server.execute("CREATE TABLE mine (id int)", f"test_{worker}")
    assert postgres_server.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'mine'", f"test_{worker}") == [
        (1,)
    ]
    postgres_server.execute("DROP TABLE mine", f"test_{worker}")


@pytest.mark.dialect("postgresql")
def test_a_template_is_built_once_and_copied(postgres_server, worker):
    built = []

    def build(url):
        built.append(url)
        postgres_server.execute("CREATE TABLE school (id int)", "infrastructure_template")

    name = f"infrastructure_copy_{worker}"
    for _ in range(2):
        postgres_server.create(name, postgres_server.template("infrastructure_template", build))
        assert postgres_server.execute("SELECT count(*) FROM school", name) == [(0,)]
        postgres_server.drop(name)
    assert len(built) <= 1


@pytest.mark.dialect("postgresql")
def test_a_copy_of_a_template_is_fresh_and_goes_after_the_next(postgres_server, worker):
    prefix, template = f"infrastructure_fresh_{worker}", f"infrastructure_copied_{worker}"
    postgres_server.create(template)
    copies = Copies(postgres_server, prefix, template)
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'"
    for number in (1, 2, 3):
        assert copies.fresh().endswith(f"/{prefix}_{number}")
        assert postgres_server.execute(tables, f"{prefix}_{number}") == [(0,)]
        postgres_server.execute("CREATE TABLE mine (id int)", f"{prefix}_{number}")
    known = {name for (name,) in postgres_server.execute("SELECT datname FROM pg_database")}
    assert {name for name in known if name.startswith(prefix)} == {f"{prefix}_2", f"{prefix}_3"}
    copies.close()
    for name in (template, f"{prefix}_2", f"{prefix}_3"):
        postgres_server.drop(name)


@pytest.mark.parametrize("turn", range(3))
def test_no_test_meets_what_another_wrote(world, turn):
    assert Student.select().where(Student.first_name == "Léa").count() == 1
    assert not (world.folder / "mine").exists() and world.app.config["PREAU"].folder == world.folder
    Student.update(first_name="Mine").execute()
    (world.folder / "mine").touch()


@pytest.mark.dialect("postgresql")
def test_a_wrong_password_is_refused_by_the_throw_away_server(postgres_server):
    import psycopg2

    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(postgres_server.url("postgres").replace(postgres_server.password, "wrong"))


@pytest.mark.dialect("postgresql")
def test_the_durable_server_writes_through_to_the_disk(durable_postgres_server):
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert durable_postgres_server.execute(f"SHOW {setting}") == [("on",)]


@pytest.mark.slow
def test_the_throw_away_server_is_gone_even_when_the_run_is_killed(tmp_path, needs):
    needs("initdb")
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent("""
            import os, signal
            def test_it(postgres_server):
                print("FOLDER", postgres_server.folder, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        """)
    )
    said = run_pytest(tmp_path, "-s").stdout
    folder = said.split("FOLDER ")[1].split()[0]
    try:
        wait_for(lambda: not os.path.exists(folder), 20, why=lambda: "The watchman left the server running.")
    finally:
        stop(ROOT.__class__(folder))
