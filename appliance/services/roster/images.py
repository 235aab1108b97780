"""Rows as JSON and back, exactly: what an import wrote can be compared and put back to the byte."""

import base64
from datetime import date

import peewee

from appliance.school.models import Classroom, Enrolment, Guardian, Guardianship, SchoolYear, Student
from appliance.services.roster.models import RosterSource
from appliance.storage.fields import BytesField, InstantField, from_micros, to_micros

MODELS = {
    "year": SchoolYear,
    "classroom": Classroom,
    "student": Student,
    "guardian": Guardian,
    "enrolment": Enrolment,
    "guardianship": Guardianship,
    "roster_source": RosterSource,
}
BATCH = 200  # rows a statement: every database takes that many values at once


def full_row(model: type[peewee.Model], **values: object) -> dict[str, object]:
    """Every column of a row to come, with the defaults of the model; its number is the database's."""
    data = model(**values).__data__
    return {item.name: data.get(item.name) for item in model._meta.sorted_fields if item.name != "id"}


def to_image(model: type[peewee.Model], values: dict[str, object]) -> dict[str, object]:
    """Column values as JSON can hold them."""
    return {name: _encode(model._meta.fields[name], value) for name, value in values.items()}


def from_image(model: type[peewee.Model], image: dict[str, object]) -> dict[str, object]:
    """Column values as the model takes them."""
    return {name: _decode(model._meta.fields[name], value) for name, value in image.items()}


def read_images(model: type[peewee.Model], row_ids) -> dict[int, dict[str, object]]:
    """The present images of rows, by number; those that are gone are absent."""
    columns = model._meta.sorted_fields
    found = {}
    for some in batches(sorted(row_ids)):
        query = model.select(*(item.alias(item.name) for item in columns)).where(model.id.in_(some)).tuples()
        for cells in query:
            values = dict(zip((item.name for item in columns), cells, strict=True))
            row_id = values.pop("id")
            found[row_id] = to_image(model, values)
    return found


def insert_all(model: type[peewee.Model], rows: list[dict[str, object]]) -> None:
    """Insert rows, a few hundred a statement."""
    for some in batches(rows):
        model.insert_many(some).execute()


def batches(listed: list, size: int = BATCH):
    """The list in pieces."""
    return (listed[start : start + size] for start in range(0, len(listed), size))


def _encode(item: peewee.Field, value: object) -> object:
    if value is None:
        return None
    if isinstance(item, BytesField):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(item, InstantField):
        return to_micros(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.id if isinstance(value, peewee.Model) else value


def _decode(item: peewee.Field, value: object) -> object:
    if value is None:
        return None
    if isinstance(item, BytesField):
        return base64.b64decode(value)
    if isinstance(item, InstantField):
        return from_micros(value)
    return date.fromisoformat(value) if isinstance(item, peewee.DateField) else value
