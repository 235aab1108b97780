"""A throw-away PostgreSQL server: its own folder, port and password, gone when the run ends, however it ends.

The first test process that asks starts it, under a file lock; the others read how to reach it from the run's folder.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support import run

SUPERUSER = "preau"

# Nothing here outlives the run, so nothing need reach the disk; the durable server is for the tests that say otherwise.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
FAST |= {"wal_level": "minimal", "max_wal_senders": "0"}
SMALL = {"max_connections": "60", "shared_buffers": "64MB", "autovacuum": "off", "max_wal_size": "256MB"}


def find_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server programs, or None."""
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class Server:
    """A running server; `url(name)` is the address of one of its databases."""

    folder: Path
    port: int
    password: str

    def url(self, database: str) -> str:
        """The address of a database, as the configuration takes it."""
        password = urllib.parse.quote(self.password)
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple]:
        """Run one statement outside any transaction, for what PostgreSQL refuses inside one."""
        import psycopg2

        connection = psycopg2.connect(self.url(database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database as a copy of the template, to which nobody may be connected, and give its address."""
        self.execute(self.copying(name, template))
        return self.url(name)

    def copying(self, name: str, template: str) -> str:
        """The statement that copies a database."""
        # Copied in memory, files cost half of what the journal costs; on a disk it is the other way round.
        strategy = "FILE_COPY" if self.folder.is_relative_to(run.RAM_DISK) else "WAL_LOG"
        return f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {strategy}'

    def drop(self, name: str) -> None:
        """Remove a database and cut off whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """The name of a database that `build(url)` filled; built once a run, whichever test process comes first."""
        with run.locked(self.folder):
            if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}' AND datistemplate"):
                self.drop(name)
                build(self.create(name))
                self.execute(f"""ALTER DATABASE "{name}" IS_TEMPLATE true""")
        return name

    def stop(self) -> None:
        """End the server at once and remove its folder."""
        stop(self.folder)


class Copies:
    """Databases for the tests of one process, each a fresh copy of the template.

    One connection makes and removes them all. Each is removed when the next but one is asked for: PostgreSQL waits a
    tenth of a second where a connection to the database was closed only now.
    """

    def __init__(self, server: Server, prefix: str, template: str):
        import psycopg2

        self.server, self.prefix, self.template, self.made = server, prefix, template, 0
        self.connection = psycopg2.connect(server.url("postgres"))
        self.connection.autocommit = True

    def fresh(self) -> str:
        """The address of a database in which no test has been."""
        self.made += 1
        name = f"{self.prefix}_{self.made}"
        with self.connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.prefix}_{self.made - 2}" WITH (FORCE)')
            cursor.execute(self.server.copying(name, self.template))
        return self.server.url(name)

    def close(self) -> None:
        """Let go of the server; the last copies end with it."""
        self.connection.close()


def start(folder: Path, *, durable: bool = False) -> Server:
    """Make a cluster in the folder and start it on a free port of loopback, with a password (scram)."""
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError("PostgreSQL's server programs are not installed: apt install postgresql")
    folder.mkdir(parents=True, exist_ok=True)
    _give_away(folder)
    password = secrets.token_urlsafe(16)
    secret = folder / "password"
    secret.write_text(password)
    _give_away(secret)
    data = folder / "data"
    _run(
        folder,
        [binaries / "initdb", "--pgdata", data, "--username", SUPERUSER, "--pwfile", secret, "--auth=scram-sha-256"]
        + ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
    )
    settings = dict(SMALL if durable else FAST | SMALL)
    settings |= {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
    for attempt in range(5):
        port = _free_port()
        options = " ".join(f"-c {key}={value or chr(39) * 2}" for key, value in (settings | {"port": port}).items())
        try:
            _run(
                folder,
                [binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-t", "30", "-o", options, "start"],
            )
        except RuntimeError:  # most likely somebody took the port in between
            if attempt == 4:
                raise
        else:
            _watch(folder, binaries)
            return Server(folder, port, password)
    raise AssertionError("unreachable")


def stop(folder: Path) -> None:
    """End the server of a folder, if one runs there, and remove the folder."""
    binaries, data = find_binaries(), folder / "data"
    if binaries and (data / "postmaster.pid").exists():
        command = [binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"]
        subprocess.run(command, check=False, cwd=folder, **_as_owner())
    shutil.rmtree(folder, ignore_errors=True)


def shared() -> Server:
    """The run's server, started by the first test process that asks."""
    place = run.folder()
    with run.locked(place):
        note = place / "postgresql"
        if not note.exists():
            # Beside the run's folder, not inside: the server's user must be able to walk to it.
            server = start(Path(tempfile.mkdtemp(prefix="preau-postgresql-", dir=place.parent)))
            note.write_text(f"{server.folder}\n{server.port}\n{server.password}\n")
        folder, port, password = note.read_text().split()
        return Server(Path(folder), int(port), password)


def end_shared() -> None:
    """Stop the run's server, if one was started."""
    note = run.folder() / "postgresql"
    if note.exists():
        stop(Path(note.read_text().split()[0]))


def _as_owner() -> dict:
    """Arguments to run a server program: PostgreSQL refuses root, so root lends it the user postgres (or nobody)."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if os.getuid() != 0:
        return quiet
    owner = _owner()
    return quiet | {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _give_away(path: Path) -> None:
    path.chmod(0o700 if path.is_dir() else 0o600)
    if os.getuid() == 0:
        owner = _owner()
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _run(folder: Path, command: list) -> None:
    # Into a file, not a pipe: the server inherits the handles, and a reader would wait for it for ever.
    with (folder / "output").open("wb") as output:
        arguments = _as_owner() | {"stdout": output, "stderr": subprocess.STDOUT}
        status = subprocess.run(list(map(str, command)), check=False, cwd=folder, **arguments).returncode
    if status:
        said = (folder / "output").read_text(errors="replace")
        log = folder / "log"
        raise RuntimeError(f"{command[0]} failed:\n{said}\n{log.read_text(errors='replace') if log.exists() else ''}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_WATCH = """
while kill -0 "$1" 2>/dev/null; do sleep 1; done
[ -d "$2" ] || exit 0
AS_OWNER "$3" -D "$2/data" -m immediate stop
rm -rf "$2" "$4"
"""


def _watch(folder: Path, binaries: Path) -> None:
    """Leave a watchman who stops the server when the run's process is gone, killed outright included."""
    # kill -0 is refused across users, so the watchman stays root where the tests are; pg_ctl refuses root.
    script = _WATCH.replace("AS_OWNER", f"runuser -u {_owner().pw_name} --" if os.getuid() == 0 else "")
    pid = os.environ[run.PID]
    process = subprocess.Popen(
        ["sh", "-c", script, "watchman", pid, str(folder), str(binaries / "pg_ctl"), os.environ[run.FOLDER]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    process.returncode = 0  # nobody waits for it: it outlives this process by a second
