"""Schema changes, one file a step, each whole or absent: `NNNN_title.{sqlite,postgresql}.sql`, or `NNNN_title.py`
with `upgrade(db)`.

On SQLite foreign keys are switched off *before* the transaction and checked before the commit: rebuilding a parent
table with them on deletes child rows silently. Every step is recorded in `schema_migration`; a newer schema is refused.
"""

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

import peewee

from appliance.core import clock
from appliance.storage import database
from appliance.storage.database import db

FOLDER = Path(__file__).parent / "migrations"


class MigrationError(Exception):
    """The schema could not be brought up to date; the database is as it was before the failing step."""


@dataclass(frozen=True)
class Migration:
    """One step: its number, its title and its file for the dialect in use."""

    number: int
    title: str
    path: Path

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, so that an edited past step is noticed."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def list_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The steps of the dialect in use, in order; a gap or a double is an error."""
    steps = {}
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*")):
        match = re.fullmatch(r"(\d{4})_(\w+)(?:\.(sqlite|postgresql))?\.(sql|py)", path.name)
        if not match or (match[4] == "sql" and match[3] != database.kind()):
            continue
        number = int(match[1])
        if number in steps:
            raise MigrationError(f"two migrations have the number {number:04}")
        steps[number] = Migration(number, match[2], path)
    if sorted(steps) != list(range(1, len(steps) + 1)):
        raise MigrationError(f"the migrations of {database.kind()} are not numbered 1 to {len(steps)}")
    return [steps[number] for number in sorted(steps)]


def schema_version() -> int:
    """The number of the last step applied; 0 for an empty database."""
    if "schema_migration" not in db.get_tables():
        return 0
    row = db.execute_sql("SELECT MAX(number) FROM schema_migration").fetchone()
    return row[0] or 0


def latest_version() -> int:
    """The number of the newest step that this program knows."""
    return list_migrations()[-1].number


def list_edited(folder: Path = FOLDER) -> list[Migration]:
    """The steps whose file is another one than when they were applied here."""
    rows = db.execute_sql("SELECT number, checksum FROM schema_migration").fetchall() if schema_version() else ()
    applied = dict(rows)
    return [step for step in list_migrations(folder) if applied.get(step.number, step.checksum) != step.checksum]


def migrate(folder: Path = FOLDER, *, until: int | None = None) -> list[Migration]:
    """Apply the missing steps in order, all or those until a number; can be interrupted at any point and run again."""
    steps = list_migrations(folder)[:until]
    known = schema_version()
    newest = len(steps)
    if known > newest:
        raise MigrationError(
            f"the database has schema {known}, newer than this program's {newest}. "
            "Install the newer package again; or go back to the rows as they were before the upgrade: "
            "preau restore --rows-only --replace --from /var/lib/preau/before-upgrade"
        )
    done = []
    for step in steps[known:]:
        if _apply(step):
            done.append(step)
    return done


def _apply(step: Migration) -> bool:
    sqlite = database.is_sqlite()
    if sqlite:
        db.execute_sql("PRAGMA foreign_keys = OFF")
    try:
        with database.transaction():
            if not sqlite:
                db.execute_sql("SELECT pg_advisory_xact_lock(7283645)")
            if schema_version() >= step.number:
                return False  # another process was faster
            _run(step)
            if sqlite:
                broken = db.execute_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    tables = ", ".join(sorted({row[0] for row in broken}))
                    raise MigrationError(
                        f"step {step.number:04} would leave orphan rows in {tables}; nothing was changed"
                    )
            _record(step)
    except peewee.PeeweeException as error:
        raise MigrationError(f"step {step.number:04} ({step.title}) failed, nothing was changed: {error}") from error
    finally:
        if sqlite:
            db.execute_sql("PRAGMA foreign_keys = ON")
    return True


def _run(step: Migration) -> None:
    if step.path.suffix == ".sql":
        for statement in _statements(step.path.read_text(encoding="utf-8")):
            db.execute_sql(statement)
        return
    spec = importlib.util.spec_from_file_location(f"migration_{step.number:04}", step.path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.upgrade(db)


def _statements(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", "\n".join(lines)) if part.strip()]


def _record(step: Migration) -> None:
    db.execute_sql(
        "CREATE TABLE IF NOT EXISTS schema_migration "
        "(number INTEGER PRIMARY KEY, title VARCHAR(100) NOT NULL, checksum VARCHAR(64) NOT NULL, "
        "applied_at VARCHAR(32) NOT NULL)"
    )
    mark = db.obj.param
    db.execute_sql(
        f"INSERT INTO schema_migration (number, title, checksum, applied_at) VALUES ({mark}, {mark}, {mark}, {mark})",  # noqa: S608 - a fixed text
        (step.number, step.title, step.checksum, clock.now().isoformat()),
    )


def write_schema(models: list[type[peewee.Model]], dialect: str) -> str:
    """The SQL that creates these tables in a dialect, for a new migration file."""
    recorded: list[str] = []
    base = peewee.SqliteDatabase if dialect == "sqlite" else peewee.PostgresqlDatabase

    class Recorder(base):
        def execute_sql(self, sql, params=None, *args, **options):
            recorded.append(sql)

    recorder = Recorder(None)
    with recorder.bind_ctx(models):
        for model in peewee.sort_models(models):
            model.create_table(safe=False)
    return "".join(f"{sql};\n" for sql in recorded)
