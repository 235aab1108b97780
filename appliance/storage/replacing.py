"""Another database in the place of the one in use, in one step: a restore that is cut has changed nothing."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import peewee

from appliance.core import clock
from appliance.storage import database, dump
from appliance.storage.database import db, transaction

T = TypeVar("T")


class InUse(Exception):
    """Something else is at work on the database."""


@contextlib.contextmanager
def reached():
    """A connection to the database that gives way; without one when it is too damaged to be opened."""
    try:
        database.connect()
    except peewee.DatabaseError:
        if not database.is_sqlite():
            raise
    try:
        yield
    finally:
        database.disconnect()


def is_in_use() -> bool:
    """Whether the database in use holds an installation; one that is there but empty, or that cannot be read, counts
    as none and as one."""
    try:
        tables = set(db.get_tables())
        return "academy" in tables and db.execute_sql("SELECT 1 FROM academy LIMIT 1").fetchone() is not None
    except (peewee.DatabaseError, peewee.InterfaceError):  # the latter when it could not even be opened
        return True


def replace(fill: Callable[[], T], folder: Path, *, pool: int = 4) -> tuple[T, str]:
    """What `fill` gives after filling an empty database that then takes the place of the one in use, and where the
    former rows are kept.

    SQLite: a file beside, which takes the name of the other. PostgreSQL: one transaction; the caller has copied the
    former rows. InUse when the service still runs.
    """
    if database.is_sqlite():
        return _replace_file(fill, Path(db.database), folder, pool)
    others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = CURRENT_DATABASE() AND pid <> PG_BACKEND_PID()"
    if db.execute_sql(f"{others} AND backend_type = 'client backend'").fetchone()[0]:
        raise InUse("something else is connected to the database: systemctl stop preau")
    with transaction():
        if db.get_tables():
            dump.empty()
        return fill(), ""


def _replace_file(fill: Callable[[], T], path: Path, folder: Path, pool: int) -> tuple[T, str]:
    former = is_in_use()
    _close_file(path)
    fresh = path.with_name(f".{path.name}.restoring")
    _remove(fresh)
    url = f"sqlite:///{path}"
    try:
        database.configure(f"sqlite:///{fresh}", folder, pool)
        with database.connection():
            filled = fill()
            db.execute_sql("PRAGMA journal_mode = DELETE").fetchone()
        aside = _keep_aside(path) if former else ""
        _sync(fresh)
        os.replace(fresh, path)
        _sync(path.parent)
    finally:
        _remove(fresh)
        database.configure(url, folder, pool)
        database.connect()
    return filled, aside


def _close_file(path: Path) -> None:
    """Leave a database that nobody else has open in its one file, without a write-ahead log."""
    database.disconnect()
    if not path.exists():
        return
    with contextlib.suppress(peewee.DatabaseError), database.connection():
        db.execute_sql("PRAGMA busy_timeout = 2000")
        try:
            db.execute_sql("PRAGMA journal_mode = DELETE").fetchone()
        except peewee.OperationalError as error:
            if "locked" in str(error):
                raise InUse("the service is still running: systemctl stop preau") from error


def _keep_aside(path: Path) -> str:
    aside = path.with_name(f"{path.name}.before-restore-{int(clock.now().timestamp())}")
    os.link(path, aside)
    for end in ("-wal", "-shm"):  # there when the file was too damaged to be opened
        log = path.with_name(path.name + end)
        if log.exists():
            log.rename(aside.with_name(aside.name + end))
    return str(aside)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
