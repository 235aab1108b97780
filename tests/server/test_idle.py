"""A service that nobody visits leaves its memory card alone."""

import pytest

from appliance import server
from appliance.services import work
from appliance.services.health import keeping
from appliance.services.media import scrub
from appliance.storage import database
from tests.support.asked import statements, tables_read_whole

pytestmark = pytest.mark.dialect("sqlite")
GROWING = {"account", "session", "media", "rendition", "attachment", "post", "student", "guardian", "audit_entry",
           "sign_in_attempt", "roster_import", "roster_change", "upload", "task"}  # fmt: skip


def tick():
    for job in (*server.list_jobs()[0], *hourly()):
        with database.connection():
            job()
    with database.connection():
        work.run_due()


def hourly():
    return [job for job in server.list_jobs()[1] if job is not database.empty_wal]


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


def test_the_log_is_brought_into_the_file_once_an_hour(world):
    work.submit("kind", "a")
    for job in server.list_jobs()[1]:
        assert database.count_wal_bytes() > 0 or job is not database.empty_wal
        job()
    assert database.count_wal_bytes() == 0


def test_each_job_is_run_at_its_own_pace():
    jobs, hourly = server.list_jobs()
    scheduler = server.start_scheduler(jobs, hourly)
    try:
        paces = {job.args[0]: job.trigger.interval.total_seconds() for job in scheduler.get_jobs()}
    finally:
        scheduler.shutdown()
    assert paces == {**dict.fromkeys(jobs, server.TICK_SECONDS), **dict.fromkeys(hourly, server.HOUR)}


def test_a_tick_reads_no_table_that_grows_from_end_to_end(world, monkeypatch):
    monkeypatch.setattr(keeping, "look_if_due", lambda: False)  # every five minutes
    monkeypatch.setattr(scrub, "_look_if_due", lambda: None)  # once a day
    with statements() as asked:
        for job in server.list_jobs()[0]:
            job()
        work.run_due()
    assert len(asked) >= 6 and not tables_read_whole(asked) & GROWING
