"""Instants are UTC, wherever they come from."""

from datetime import UTC, datetime

from appliance.core import clock


def test_an_instant_on_the_school_s_clocks_is_kept_in_utc():
    try:
        clock.set(clock.local(datetime(2026, 7, 14, 10, 0, tzinfo=UTC)))
        assert clock.now().isoformat() == "2026-07-14T10:00:00+00:00"
    finally:
        clock.set(None)
