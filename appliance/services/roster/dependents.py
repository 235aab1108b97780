"""Who refers to a row, whatever table it is in: asked of the database itself, so that no feature can be forgotten."""

import functools
from collections import defaultdict
from collections.abc import Iterable

import peewee

from appliance.services.roster.images import MODELS, batches
from appliance.storage import database, migrate
from appliance.storage.database import db

OWN_TABLES = {model._meta.table_name: kind for kind, model in MODELS.items()}
# Rows that belong to the import machinery itself, not to somebody's work.
_IGNORED = {"roster_import", "roster_change"}


def find_references(kind: str, row_ids: Iterable[int]) -> dict[int, set[tuple[str, int | None]]]:
    """What refers to each row of a kind: (table, number of the referring row where the table is one of ours)."""
    target = MODELS[kind]._meta.table_name
    wanted = sorted(row_ids)
    found = defaultdict(set)
    for table_name, column in _columns_that_refer_to(target):
        table = peewee.Table(table_name).bind(db.obj)
        number = table.c.id if table_name in OWN_TABLES else peewee.Value(None)
        for some in batches(wanted):
            query = table.select(getattr(table.c, column), number)
            for row_id, other in query.where(getattr(table.c, column).in_(some)).tuples():
                found[row_id].add((table_name, other))
    return found


def _columns_that_refer_to(target: str) -> list[tuple[str, str]]:
    every = _foreign_keys(database.kind(), migrate.schema_version())
    return [(table, column) for table, column, referred in every if referred == target]


@functools.cache
def _foreign_keys(kind: str, schema: int) -> tuple[tuple[str, str, str], ...]:
    """(table, column, table that it refers to) of a schema; PostgreSQL takes seconds to tell, so it is asked once."""
    return tuple(
        (table, key.column, key.dest_table)
        for table in sorted(db.get_tables())
        if table not in _IGNORED
        for key in db.get_foreign_keys(table)
    )
