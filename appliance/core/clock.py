"""The only clock: instants are timezone-aware UTC; civil dates are those of the school's time zone."""

import time
import zoneinfo
from datetime import UTC, date, datetime, timedelta

_frozen: datetime | None = None
_zone = zoneinfo.ZoneInfo("Europe/Paris")


def now() -> datetime:
    """The present instant, in UTC, to the microsecond."""
    return _frozen or datetime.now(UTC)


def monotonic() -> float:
    """Seconds since an arbitrary start, for durations; it never goes back."""
    return time.monotonic()


def today() -> date:
    """The civil date at the school."""
    return now().astimezone(_zone).date()


def local(instant: datetime) -> datetime:
    """The same instant on the school's clocks."""
    return instant.astimezone(_zone)


def from_local(naive: datetime) -> datetime:
    """The UTC instant of a date and time typed on the school's clocks."""
    return naive.replace(tzinfo=_zone).astimezone(UTC)


def set_zone(name: str) -> None:
    """Use another time zone for civil dates (an overseas académie)."""
    global _zone
    _zone = zoneinfo.ZoneInfo(name)


def set(instant: datetime | None) -> None:
    """Freeze the clock at an instant (tests and the demo's past), or let it run again with None."""
    global _frozen
    if instant is not None and instant.tzinfo is None:
        raise ValueError("an instant has a time zone")
    _frozen = None if instant is None else instant.astimezone(UTC)


def advance(**delta: float) -> None:
    """Move a frozen clock forward, with timedelta's arguments."""
    set(now() + timedelta(**delta))
