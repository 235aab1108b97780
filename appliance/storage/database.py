"""One database, SQLite or PostgreSQL, behind `transaction()`: a write is whole or absent, and events leave after the
commit.

SQLite writers queue in the process before BEGIN IMMEDIATE (`turns`): a deferred transaction would fail at once with
“database is locked”, and SQLite's own busy waiting sleeps.
"""

import contextlib
import logging
import threading
import urllib.parse
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import peewee
from playhouse.pool import PooledPostgresqlDatabase

from appliance.core import bus
from appliance.core.errors import ConfigError, DomainError, StorageFull, Unavailable
from appliance.storage import address
from appliance.storage.turns import Shared, Turns

db = peewee.DatabaseProxy()
WAIT_SECONDS = 10
WAL_BYTES = 8_000_000

_turns = Turns()
_local = threading.local()
_log = logging.getLogger("preau.database")


class Table(peewee.Model):
    """Every table of the appliance."""

    class Meta:
        database = db
        legacy_table_names = False
        only_save_dirty = True


def configure(url: str, folder: Path, pool: int = 8) -> peewee.Database:
    """Use this database from here on; ConfigError says what is wrong with its address."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        made = _sqlite(str((folder / rest.removeprefix("/")).resolve()) if not rest.startswith("//") else rest[1:])
    elif scheme in ("postgresql", "postgres"):
        made = _postgresql(url, pool)
    else:
        raise ConfigError(f"database.url must begin with sqlite:/// or postgresql://, not “{scheme}”.")
    db.initialize(made)
    return made


def _sqlite(path: str) -> peewee.SqliteDatabase:
    # FULL: with NORMAL or OFF acknowledged rows were lost when the power was cut. secure_delete: erased means erased.
    pragmas = {
        "journal_mode": "wal",
        "synchronous": "full",
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": WAIT_SECONDS * 1000,
        "cache_size": -8000,
        "temp_store": "memory",
        "journal_size_limit": WAL_BYTES,  # after a checkpoint the file is cut to that
    }
    # A connection serves one thread at a time, not always the same one: `turns.Shared` lends it.
    return peewee.SqliteDatabase(path, pragmas=pragmas, autoconnect=False, check_same_thread=False)


def _postgresql(url: str, pool: int) -> peewee.PostgresqlDatabase:
    _driver()
    parts = address.split(url)
    options = dict(urllib.parse.parse_qsl(parts.query))
    return PooledPostgresqlDatabase(
        parts.path.lstrip("/"),
        user=urllib.parse.unquote(parts.username or "") or None,
        password=urllib.parse.unquote(parts.password or "") or None,
        host=parts.hostname or options.pop("host", None),
        port=parts.port,
        max_connections=pool,
        stale_timeout=300,
        timeout=WAIT_SECONDS,
        autoconnect=False,
        **options,
    )


def _driver():
    try:
        import psycopg2
    except ImportError:
        raise ConfigError("PostgreSQL needs psycopg2: apt install python3-psycopg2") from None
    return psycopg2


def try_postgresql(url: str) -> None:
    """ConfigError with the remedy unless this database can be used, now."""
    psycopg2 = _driver()
    address.require_plain(url)
    try:
        with contextlib.closing(psycopg2.connect(url, connect_timeout=5)) as link, link.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE preau_probe (id INTEGER); DROP TABLE preau_probe")
    except psycopg2.Error as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        text = address.UNREADABLE if "invalid dsn" in reason else f"the database cannot be used: {reason}"
        raise ConfigError(text) from None


def is_sqlite() -> bool:
    """Whether the embedded database is in use."""
    return isinstance(db.obj, peewee.SqliteDatabase)


def kind() -> str:
    """The name of the dialect: sqlite or postgresql."""
    return "sqlite" if is_sqlite() else "postgresql"


def connect() -> None:
    """Give this thread a connection; one that it already holds is kept."""
    try:
        db.connect(reuse_if_open=True)
    except peewee.OperationalError as error:
        raise Unavailable() from error
    except Exception as error:
        if type(error).__name__ == "MaxConnectionsExceeded":
            raise Unavailable() from error
        raise


def hold_open() -> None:
    """Keep one connection to SQLite for as long as the service runs: when the last one closes, SQLite copies its log
    and removes two files, and the next one makes them again; on a memory card that is never idle."""
    if is_sqlite():
        connect()


def release() -> None:
    """Hand the connection back: to the pool for PostgreSQL; SQLite keeps one a thread, since opening costs more than
    a page."""
    if not is_sqlite() and not db.is_closed():
        db.close()


def disconnect() -> None:
    """Close this thread's connection, whatever the dialect."""
    if not db.is_closed():
        db.close()


@contextmanager
def connection():
    """A connection for a job or a command, closed at the end."""
    was_open = not db.is_closed()
    connect()
    try:
        yield
    finally:
        if not was_open:
            disconnect()


@contextmanager
def transaction(*, brief: bool = False):
    """All or nothing; a nested call joins the outer one. Events and callbacks run after the outermost commit.

    `brief` is for a few statements and nothing to wait for: those that queue share one commit and its fsync (SQLite).
    """
    if getattr(_local, "depth", 0):
        _local.depth += 1
        try:
            yield
        finally:
            _local.depth -= 1
        return
    _local.pending = []
    with _writing(brief):
        _local.depth = 1
        try:
            yield
        finally:
            _local.depth = 0
    pending, _local.pending = _local.pending, []
    for callback in pending:
        try:
            callback()
        except Exception:  # it is committed: whoever wrote must not be told that it failed, and undo half of it
            _log.exception("what follows a commit failed")


def _writing(brief: bool):
    if not is_sqlite():
        return db.obj.atomic()
    return _together() if brief and not db.obj.in_transaction() else _alone()


@contextmanager
def _alone():
    _turns.take(False, WAIT_SECONDS)
    try:
        with db.obj.atomic("IMMEDIATE"):
            yield
    finally:
        _turns.release()


@contextmanager
def _together():
    """One part of a shared transaction; it ends once that is committed, and raises when it could not be."""
    own = Shared(db.obj)  # before the turn is taken: it raises where no connection is open
    shared = _turns.take(True, WAIT_SECONDS) or own
    try:
        with shared.part():
            yield
    except BaseException:
        shared.settle(_turns)  # others may still write through this connection, and what they wrote may explain this
        raise
    shared.settle(_turns)
    if shared.failure is not None:
        raise peewee.OperationalError("the transaction shared by this write was not committed") from shared.failure


def explain(error: BaseException | None) -> DomainError | None:
    """What to say when the database refused because the disk is full or because another program was writing for too
    long: nothing was kept. None for any other error."""
    while error is not None:
        code = getattr(error, "sqlite_errorname", None) or getattr(error, "pgcode", None)
        if code in ("SQLITE_FULL", "53100"):  # PostgreSQL: disk_full
            return StorageFull()
        if code == "SQLITE_BUSY":
            return Unavailable()
        error = error.__cause__ or error.__context__
    return None


def is_damaged(error: BaseException | None) -> bool:
    """Whether SQLite found something else than a sound database in its file."""
    while error is not None:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return True
        error = error.__cause__ or error.__context__
    return False


def in_transaction() -> bool:
    """Whether this thread is inside `transaction()`."""
    return bool(getattr(_local, "depth", 0))


def after_commit(callback: Callable[[], None]) -> None:
    """Run the callback once the outermost transaction has committed; never if it rolls back. One that fails is logged
    and stops neither the others nor whoever wrote."""
    if not in_transaction():
        raise RuntimeError("after_commit is called inside a transaction")
    _local.pending.append(callback)


def emit(event: object) -> None:
    """Deliver an event to its subscribers after the commit."""
    after_commit(lambda: bus.deliver(event))


def count_bytes() -> int:
    """How much the rows take on the disk, their journal apart."""
    if is_sqlite():
        return _size(db.obj.database)
    return int(db.execute_sql("SELECT pg_database_size(current_database())").fetchone()[0])


def count_wal_bytes() -> int:
    """The length of SQLite's write-ahead log; 0 for PostgreSQL, which keeps its own in bounds."""
    return _size(f"{db.obj.database}-wal") if is_sqlite() else 0


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def read_version() -> str:
    """The version of SQLite, or of the PostgreSQL server."""
    if is_sqlite():
        return str(db.execute_sql("SELECT sqlite_version()").fetchone()[0])
    return str(db.execute_sql("SHOW server_version").fetchone()[0]).split()[0]


def is_whole() -> bool | None:
    """Whether SQLite finds its file sound (`PRAGMA quick_check`: every page is read); None for PostgreSQL."""
    if not is_sqlite():
        return None
    try:
        return db.execute_sql("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except peewee.DatabaseError:
        return False


def answer() -> None:
    """Read one value from the database, whatever it is; it raises, or hangs, as the database does."""
    db.execute_sql("SELECT 1").fetchone()


def empty_wal() -> None:
    """Bring what SQLite's log holds into the file and cut the log, so that what was erased leaves it too.

    A reader may be in the way: the next call does it.
    """
    if is_sqlite() and count_wal_bytes():
        db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def read_clock() -> datetime | None:
    """What time it is for PostgreSQL, on whatever machine it runs; None for SQLite, which has no clock of its own."""
    if is_sqlite():
        return None
    return datetime.fromtimestamp(
        float(db.execute_sql("SELECT EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())").fetchone()[0]), UTC
    )


def hold(*tables: type[peewee.Model]) -> None:
    """Let nobody else write in these tables until the commit; SQLite's single writer already does."""
    if not is_sqlite():
        names = ", ".join(f'"{table._meta.table_name}"' for table in tables)
        db.execute_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def locked(query: peewee.Query) -> peewee.Query:
    """Lock the selected rows until the commit; SQLite's single writer already does."""
    return query if is_sqlite() else query.for_update()
