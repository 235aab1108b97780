"""All rows of a database as lines of JSON, the same for both dialects: what one wrote, the other can read.

The first line says what it is, one line names each table and its columns, the last one counts the rows; a dump without
that last line is not whole. It is taken in one read transaction, so it shows one instant while others write.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date

from appliance.storage import database, migrate
from appliance.storage.database import db

FORMAT = "preau-dump/1"
# Made anew where it is restored: the schema's own record, and devices that were signed in on another machine.
LEFT_OUT = frozenset({"schema_migration", "session"})
_PAGE = 500


class DumpError(Exception):
    """This is not a whole dump, or this program is too old for it."""


def write(at: str, *, blank: Mapping[str, Set[str]] | None = None) -> Iterator[bytes]:
    """The lines of a dump of the database in use; columns in `blank` ({"table": {"column"}}) are written empty."""
    blank = blank or {}
    with _one_instant():
        yield _line({"format": FORMAT, "schema": migrate.schema_version(), "dialect": database.kind(), "at": at})
        counts = {}
        for table in list_tables():
            columns = [column.name for column in db.get_columns(table)]
            hidden = {number for number, column in enumerate(columns) if column in blank.get(table, ())}
            yield _line({"table": table, "columns": columns})
            counts[table] = 0
            for row in _rows(table, columns):
                counts[table] += 1
                yield _line([b"" if number in hidden and value else value for number, value in enumerate(row)])
        yield _line({"rows": counts})


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview | bytearray):
        return {"b": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


class _one_instant:
    """A read transaction: in SQLite's WAL and in PostgreSQL's repeatable read, what others write meanwhile is not
    seen."""

    def __enter__(self):
        self.atomic = db.atomic("DEFERRED") if database.is_sqlite() else db.atomic()
        self.atomic.__enter__()
        if not database.is_sqlite():
            db.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def __exit__(self, *exception):
        return self.atomic.__exit__(*exception)


def list_tables() -> list[str]:
    """The tables of the database, those that others refer to first."""
    names = sorted(set(db.get_tables()) - LEFT_OUT)
    needs = {name: {key.dest_table for key in db.get_foreign_keys(name)} & set(names) - {name} for name in names}
    ordered: list[str] = []
    while len(ordered) < len(names):
        ready = [name for name in names if name not in ordered and needs[name] <= set(ordered)]
        if not ready:
            raise DumpError(f"tables refer to each other in a circle: {sorted(set(names) - set(ordered))}")
        ordered += ready
    return ordered


def _rows(table: str, columns: list[str]) -> Iterator[tuple]:
    """The rows in the order of their key, a page at a time, so that memory stays flat."""
    key = db.get_primary_keys(table)
    shown = ", ".join(f'"{column}"' for column in columns)
    if len(key) != 1:
        yield from db.execute_sql(f'SELECT {shown} FROM "{table}"')  # noqa: S608 - names of the schema itself
        return
    mark, last, at = db.obj.param, None, columns.index(key[0])
    while True:
        after = "" if last is None else f'WHERE "{key[0]}" > {mark}'
        query = f'SELECT {shown} FROM "{table}" {after} ORDER BY "{key[0]}" LIMIT {_PAGE}'  # noqa: S608 - as above
        found = db.execute_sql(query, () if last is None else (last,)).fetchall()
        yield from found
        if len(found) < _PAGE:
            return
        last = found[-1][at]


def read(lines: Iterable[bytes]) -> dict[str, int]:
    """Fill the empty database in use with a dump and bring it to this program's schema; the rows of each table.

    All or nothing. DumpError when the dump is cut, newer than this program, or the database isn't empty.
    """
    source = iter(lines)
    head = _parse(next(source, b""))
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise DumpError("this is not a dump of Préau")
    if head["schema"] > migrate.latest_version():
        raise DumpError(f"the dump has schema {head['schema']}: install a newer version of Préau first")
    if db.get_tables():
        raise DumpError("the database is not empty")
    migrate.migrate(until=head["schema"])
    if database.is_sqlite():
        db.execute_sql("PRAGMA foreign_keys = OFF")
    try:
        with database.transaction():
            counts = _insert_all(source)
            _check_references()
    finally:
        if database.is_sqlite():
            db.execute_sql("PRAGMA foreign_keys = ON")
    migrate.migrate()
    return counts


def _insert_all(source: Iterator[bytes]) -> dict[str, int]:
    counts: dict[str, int] = {}
    table, statement, convert, pending = "", "", [], []

    def flush() -> None:
        if pending:
            _insert(statement, pending)
            counts[table] = counts.get(table, 0) + len(pending)
            pending.clear()

    for line in source:
        value = _parse(line)
        if isinstance(value, list):
            pending.append([change(each) for change, each in zip(convert, value, strict=True)])
            if len(pending) >= _PAGE:
                flush()
            continue
        flush()
        if "rows" in value:
            if {name: number for name, number in value["rows"].items() if number} != counts:
                raise DumpError("the dump does not hold the rows that it counts")
            _set_sequences(value["rows"])
            return value["rows"]
        table = value["table"]
        statement, convert = _prepare(table, value["columns"])
    raise DumpError("the dump is cut")


def _prepare(table: str, columns: list[str]) -> tuple[str, list]:
    if table in LEFT_OUT or table not in db.get_tables():
        raise DumpError("the dump names a table that this program does not know")
    kinds = {column.name: column.data_type.lower() for column in db.get_columns(table)}
    unknown = set(columns) - set(kinds)
    if unknown:
        raise DumpError(f"table {table} has no column {', '.join(sorted(unknown))}")
    marks = ", ".join([db.obj.param] * len(columns))
    names = ", ".join(f'"{column}"' for column in columns)
    convert = [_to_bool if kinds[column] == "boolean" else _to_value for column in columns]
    return f'INSERT INTO "{table}" ({names}) VALUES ({marks})', convert  # noqa: S608 - names checked above


def _to_value(value: object) -> object:
    if isinstance(value, dict):
        return base64.b64decode(value["b"])
    return int(value) if isinstance(value, bool) else value


def _to_bool(value: object) -> object:
    return None if value is None else bool(value)


def _insert(statement: str, rows: list[list]) -> None:
    cursor = db.connection().cursor()
    try:
        cursor.executemany(statement, rows)
    except Exception as error:
        raise DumpError(f"a row of the dump is refused: {type(error).__name__}") from error
    finally:
        cursor.close()


def _set_sequences(counts: Mapping[str, int]) -> None:
    if database.is_sqlite():
        return
    for table in counts:
        for column in db.get_columns(table):
            if column.default and "nextval" in column.default:
                query = f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column.name}'), MAX(\"{column.name}\"))"
                db.execute_sql(f'{query} FROM "{table}" HAVING MAX("{column.name}") IS NOT NULL')


def _check_references() -> None:
    if database.is_sqlite():
        broken = db.execute_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise DumpError(f"rows of {broken[0][0]} refer to rows that are not there")


def _parse(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        raise DumpError("the dump is cut or damaged") from None


def empty() -> None:
    """Drop every table of the database in use: what a restore does after the operator said so."""
    tables = db.get_tables()
    if database.is_sqlite():
        db.execute_sql("PRAGMA foreign_keys = OFF")
    with database.transaction():
        for table in tables:
            db.execute_sql(f'DROP TABLE "{table}"' + ("" if database.is_sqlite() else " CASCADE"))
