"""Queries written with peewee, compiled once and run by hand: the model layer costs ten times the SQL on hot paths.

    CLASSROOM = Prepared(lambda: Classroom.select(Classroom.id, Classroom.name).where(Classroom.public_id == P("id")))
    row = CLASSROOM.first(id="…")        # a named tuple, or None

`P("name")` is a value given at each run, `many("name")` a list for `.in_()`.
"""

from collections import namedtuple
from collections.abc import Callable

import peewee

from appliance.storage.database import db
from appliance.storage.fields import BytesField, InstantField

# The other types come out of the drivers as they are; bytes only out of SQLite's.
_CONVERTED = (InstantField, peewee.DateField, peewee.BooleanField)


class _Marker:
    def __init__(self, name: str, plural: bool):
        self.name, self.plural = name, plural


def P(name: str) -> peewee.Value:
    """A value given by name at each run."""
    return peewee.Value(_Marker(name, False), converter=False, unpack=False)


def many(name: str) -> peewee.Value:
    """A list of values given by name at each run, for `.in_()`; an empty list matches nothing."""
    return peewee.Value(_Marker(name, True), converter=False, unpack=False)


class Prepared:
    """One query, compiled at its first run on each kind of database."""

    def __init__(self, build: Callable[[], peewee.Query]):
        self.build = build
        self._compiled: dict[type, tuple] = {}

    def _compile(self) -> tuple:
        database = db.obj
        compiled = self._compiled.get(type(database))
        if compiled is None:
            query = self.build()
            text, params = query.sql()
            pieces = text.split(database.param)
            if len(pieces) != len(params) + 1:
                raise ValueError("a prepared query holds no literal placeholder sign")
            plural = any(isinstance(p, _Marker) and p.plural for p in params)
            # what the query says itself is a value like those given at each run, under a name that nobody can give
            fixed = {index: param for index, param in enumerate(params) if not isinstance(param, _Marker)}
            order = [param.name if isinstance(param, _Marker) else index for index, param in enumerate(params)]
            converted = _CONVERTED if isinstance(database, peewee.SqliteDatabase) else (*_CONVERTED, BytesField)
            compiled = (text, pieces, params, plural, fixed, order, *_shape(query, converted))
            self._compiled[type(database)] = compiled
        return compiled

    def _run(self, values: dict) -> tuple:
        whole, pieces, params, plural, fixed, order, row_type, converters = self._compile()
        if plural:
            mark = db.obj.param
            text, bound = [pieces[0]], []
            for piece, param in zip(pieces[1:], params, strict=True):
                if isinstance(param, _Marker) and param.plural:
                    listed = list(values[param.name])
                    bound += listed
                    text.append("(" + (", ".join([mark] * len(listed)) or "NULL") + ")")
                else:
                    bound.append(values[param.name] if isinstance(param, _Marker) else param)
                    text.append(mark)
                text.append(piece)
            cursor = db.obj.execute_sql("".join(text), bound)
        else:
            values.update(fixed)
            cursor = db.obj.execute_sql(whole, [values[name] for name in order])
        return cursor, row_type, converters

    def all(self, **values) -> list:
        """Every row, as named tuples, in the query's order."""
        cursor, row_type, converters = self._run(values)
        if not converters:
            return [row_type._make(row) for row in cursor.fetchall()]
        rows = []
        for row in cursor.fetchall():
            cells = list(row)
            for index, convert in converters:
                cells[index] = convert(cells[index])
            rows.append(row_type._make(cells))
        return rows

    def first(self, **values):
        """The first row, or None."""
        rows = self.all(**values)
        return rows[0] if rows else None

    def run(self, **values) -> int:
        """For INSERT, UPDATE and DELETE: how many rows changed."""
        return self._run(values)[0].rowcount


def _shape(query: peewee.Query, converted: tuple) -> tuple:
    """The named tuple of a SELECT's rows and the conversions that its columns of these types need."""
    columns = getattr(query, "_returning", None) or ()
    names, converters = [], []
    for index, column in enumerate(columns):
        field = column.unwrap() if isinstance(column, peewee.Node) else column
        names.append(getattr(column, "_alias", None) or getattr(field, "name", f"column{index}"))
        if isinstance(field, converted):
            converters.append((index, field.python_value))
    return (namedtuple("Row", names, rename=True) if names else None), converters
