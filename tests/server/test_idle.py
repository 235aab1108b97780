"""A service that nobody visits leaves its memory card alone."""

import pytest

from appliance import features, server
from appliance.services import work
from appliance.services.health import keeping
from appliance.storage import database

pytestmark = pytest.mark.dialect("sqlite")


def all_jobs():
    return [work.forget_failures, *(job for feature in features.load() for job in feature.jobs)]


def tick():
    for job in all_jobs():
        with database.connection():
            job()
    with database.connection():
        work.run_due()


def files(world):
    """What a write would change: the length and the time of the database and of its log, and which file it is."""
    found = sorted(world.folder.glob("test.db*"))
    return [(path.name, path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) for path in found
            if not path.name.endswith("-shm")]  # fmt: skip


def test_a_tick_with_nothing_to_do_writes_nothing(world, clock):
    database.hold_open()
    tick()
    before = files(world)
    clock.advance(seconds=server.TICK_SECONDS)
    tick()
    assert files(world) == before


def test_what_is_looked_at_every_five_minutes_costs_one_page_of_the_log_twice_an_hour(world, clock):
    database.hold_open()
    tick()
    keeping.look_thoroughly("", None)
    database.empty_wal()
    before = files(world)
    for _ in range(4):
        clock.advance(minutes=6)
        tick()
        assert keeping.find_last_run() == clock.now()
    assert files(world) == before
    clock.advance(minutes=10)
    tick()
    header, frame = 32, 24 + 4096
    assert database.count_wal_bytes() == header + frame


def test_the_log_is_brought_into_the_file_once_an_hour(world, monkeypatch):
    work.submit("kind", "a")
    monkeypatch.setattr(server, "_emptied", server.clock.monotonic())
    server.empty_wal()
    assert database.count_wal_bytes() > 0
    monkeypatch.setattr(server, "_emptied", server.clock.monotonic() - 3601)
    server.empty_wal()
    assert database.count_wal_bytes() == 0
