"""A dump names tables of the schema and no others: their names become part of statements."""

import json

import pytest

from appliance.storage import database, dump
from appliance.storage.database import db


@pytest.mark.parametrize("table", ["nowhere", 'school"); DROP TABLE school; --', "session", None])
def test_a_table_that_the_schema_does_not_know_is_refused_before_any_use(world, table, monkeypatch):
    lines = list(dump.write("2026-11-22T00:00:00+00:00"))
    lines.insert(1, json.dumps({"table": table, "columns": []}).encode())
    dump.empty()
    asked, real = [], db.obj.get_columns
    monkeypatch.setattr(db.obj, "get_columns", lambda name, *more: (asked.append(name), real(name, *more))[1])
    with pytest.raises(dump.DumpError, match="does not know"):
        dump.read(lines)
    assert not asked and db.execute_sql("SELECT COUNT(*) FROM school").fetchone()[0] == 0
    assert database.is_whole() is not False
