"""Migrations: whole or absent, once, resumable, never silently losing child rows, refusing a newer schema."""

import peewee
import pytest

from appliance import app
from appliance.school.models import Enrolment, School, Student
from appliance.storage import database, migrate
from appliance.storage.database import db


def write(folder, name, text):
    for dialect in ("sqlite", "postgresql"):
        (folder / f"{name}.{dialect}.sql").write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "migrations"
    made.mkdir()
    for path in migrate.FOLDER.glob("[0-9]*"):
        (made / path.name).write_bytes(path.read_bytes())
    return made


def test_a_migrated_database_is_up_to_date_and_a_second_run_does_nothing(world):
    assert migrate.schema_version() == migrate.latest_version()
    assert migrate.migrate() == []


def describe(tables):
    """What a schema holds, whatever order its columns were added in."""
    return {
        table: (
            sorted((each.name, each.data_type.upper(), each.null, each.primary_key) for each in db.get_columns(table)),
            sorted((each.name, tuple(each.columns), each.unique) for each in db.get_indexes(table)),
            sorted((each.column, each.dest_table, each.dest_column) for each in db.get_foreign_keys(table)),
        )
        for table in tables
    }


def test_the_migrations_make_the_tables_that_the_models_describe(world):
    models = app.all_models()
    tables = sorted(model._meta.table_name for model in models)
    assert sorted(set(db.get_tables()) - {"schema_migration"}) == tables
    migrated = describe(tables)
    if database.is_sqlite():
        db.execute_sql("PRAGMA foreign_keys = OFF")
    with database.transaction():
        for model in reversed(peewee.sort_models(models)):
            model.drop_table()
        for model in peewee.sort_models(models):
            model.create_table(safe=False)
        assert describe(tables) == migrated


def test_a_step_on_a_populated_database_keeps_every_row(world, folder):
    before = Student.select().count(), Enrolment.select().count()
    number = migrate.latest_version() + 1
    write(folder, f"{number:04}_add_note", "ALTER TABLE school ADD COLUMN note VARCHAR(20) NOT NULL DEFAULT '';\n")
    assert [step.title for step in migrate.migrate(folder)] == ["add_note"]
    assert (Student.select().count(), Enrolment.select().count()) == before
    assert migrate.schema_version() == number


def test_rebuilding_a_parent_table_deletes_no_child_row(world, folder):
    if not database.is_sqlite():
        pytest.skip("by design: only SQLite rebuilds tables")
    children = Enrolment.select().count()
    create = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'student'").fetchone()[0]
    text = (
        create.replace('"student"', '"student_new"', 1)
        + ";\nINSERT INTO student_new SELECT * FROM student;\nDROP TABLE student;\n"
        + "ALTER TABLE student_new RENAME TO student;\n"
    )
    write(folder, f"{migrate.latest_version() + 1:04}_rebuild", text)
    migrate.migrate(folder)
    assert Enrolment.select().count() == children > 0
    assert db.execute_sql("PRAGMA foreign_keys").fetchone()[0] == 1


def test_a_step_that_would_orphan_rows_is_refused_and_changes_nothing(world, folder):
    if not database.is_sqlite():
        pytest.skip("by design: PostgreSQL never suspends foreign keys")
    number = migrate.latest_version()
    write(folder, f"{number + 1:04}_orphan", "DELETE FROM school;\n")
    schools = School.select().count()
    with pytest.raises(migrate.MigrationError, match="orphan"):
        migrate.migrate(folder)
    assert School.select().count() == schools and migrate.schema_version() == number


def test_a_failing_step_leaves_the_schema_before_it(world, folder):
    number = migrate.latest_version()
    write(folder, f"{number + 1:04}_half", "CREATE TABLE half (id INTEGER);\nSELECT * FROM nowhere;\n")
    with pytest.raises(migrate.MigrationError, match="nothing was changed"):
        migrate.migrate(folder)
    assert "half" not in db.get_tables() and migrate.schema_version() == number


def test_a_newer_schema_is_refused_with_the_way_back(world, folder):
    for path in folder.glob(f"{migrate.latest_version():04}_*"):
        path.unlink()
    with pytest.raises(migrate.MigrationError, match="newer than this program"):
        migrate.migrate(folder)


def test_a_step_that_was_edited_after_it_was_applied_is_noticed(world, folder):
    assert migrate.list_edited(folder) == []
    for path in folder.glob("0001_*"):
        path.write_bytes(path.read_bytes() + b"-- another comment\n")
    assert [step.number for step in migrate.list_edited(folder)] == [1]


def test_a_gap_in_the_numbers_is_noticed(folder, world):
    write(folder, f"{migrate.latest_version() + 2:04}_gap", "SELECT 1;\n")
    with pytest.raises(migrate.MigrationError, match="not numbered"):
        migrate.list_migrations(folder)


def test_a_python_step_can_move_data(world, folder):
    number = migrate.latest_version() + 1
    (folder / f"{number:04}_shout.py").write_text(
        'def upgrade(db):\n    db.execute_sql("UPDATE school SET name = UPPER(name)")\n', encoding="utf-8"
    )
    migrate.migrate(folder)
    assert all(school.name == school.name.upper() for school in School.select())


def test_foreign_keys_are_enforced_in_daily_life(world):
    with pytest.raises(peewee.IntegrityError), database.transaction():
        Enrolment.create(student=10**9, classroom=world.cm1)
