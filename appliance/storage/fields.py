"""Column types that mean the same in both dialects."""

from datetime import UTC, datetime, timedelta

import peewee

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (instant - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The UTC instant of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


class InstantField(peewee.BigIntegerField):
    """A UTC instant as microseconds since 1970: sorts, compares and indexes alike everywhere; naive values are
    refused."""

    def db_value(self, value):
        """Integer microseconds of an aware datetime."""
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise ValueError("an instant has a time zone")
            return to_micros(value)
        return value

    def python_value(self, value):
        """An aware UTC datetime."""
        return None if value is None else from_micros(value)


class BytesField(peewee.BlobField):
    """Bytes, returned as `bytes` by both drivers."""

    def python_value(self, value):
        """`bytes`, whatever buffer the driver made."""
        return None if value is None else bytes(value)


class PublicIdField(peewee.CharField):
    """The random identifier that leaves the server in URLs."""

    def __init__(self, **options):
        from appliance.core.ids import new_id

        super().__init__(max_length=16, unique=True, default=new_id, **options)
