"""What is asked of the database: the statements that run inside a block, and the tables that they read whole."""

import re
from contextlib import contextmanager

from appliance.storage.database import db


@contextmanager
def statements():
    """Gathers each statement with its values, whoever runs it."""
    found, run = [], db.obj.execute_sql

    def noted(sql, params=None, *rest, **options):
        found.append((sql, params))
        return run(sql, params, *rest, **options)

    db.obj.execute_sql = noted
    try:
        yield found
    finally:
        del db.obj.execute_sql


def tables_read_whole(asked) -> set[str]:
    """The tables, or what stands for one in the statement, that SQLite reads from end to end for these statements."""
    found = set()
    for sql, params in asked:
        names = {alias: table for table, alias in re.findall(r'"(\w+)" AS "(\w+)"', sql)}
        for step in db.obj.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall():
            scanned = re.match(r"SCAN (?:TABLE )?(\w+)", step[3])
            found |= {names.get(scanned[1], scanned[1])} if scanned else set()
    return found
