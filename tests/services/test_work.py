"""Tasks are done once, by one worker at a time, whatever stops a worker in the middle."""

import threading
from datetime import timedelta

import pytest

from appliance.core.errors import StorageFull
from appliance.services import backlog, work
from appliance.services.work import Task
from appliance.services.workers import Workers
from appliance.storage import database

KIND = "test"


@pytest.fixture
def handle(world, monkeypatch):
    """`handle(function)` has tasks of the tests' kind done by it; `handle.failed` lists what failed for good."""
    failed = []

    def register(run, on_failed=lambda subject, error: failed.append((subject, error))):
        monkeypatch.setitem(work._handlers, KIND, work._Handler(run, on_failed))

    register.failed = failed
    return register


def taken_by(other: str = "another worker") -> None:
    """Another worker claims the only task, as it may when the lease has ended."""
    with database.transaction():
        Task.update(leased_by=other).execute()


def test_what_was_submitted_is_done_once_and_forgotten(handle):
    done = []
    handle(lambda subject, lease: done.append(subject))
    work.submit(KIND, "a")
    work.submit(KIND, "a")
    work.submit(KIND, "b")
    assert work.run_due() == 2 and done == ["a", "b"]
    assert work.run_due() == 0 and not Task.select().exists()


def test_what_is_due_later_waits(handle, clock):
    done = []
    handle(lambda subject, lease: done.append(subject))
    work.submit(KIND, "a", due_at=clock.now() + timedelta(hours=1))
    assert work.run_due() == 0
    clock.advance(hours=1)
    assert work.run_due() == 1 and done == ["a"]


def test_a_submission_that_is_rolled_back_is_no_task(handle):
    handle(lambda subject, lease: None)
    with pytest.raises(ZeroDivisionError), database.transaction():
        work.submit(KIND, "a")
        raise ZeroDivisionError
    assert work.run_due() == 0


def test_workers_are_woken_by_the_commit_and_not_before(handle):
    work.wanted.clear()
    with database.transaction():
        work.submit(KIND, "a")
        assert not work.wanted.is_set()
    assert work.wanted.is_set()


def test_a_kind_that_nobody_handles_is_left_alone(world):
    work.submit("unheard", "a")
    assert work.run_due() == 0 and Task.get().attempts == 0


def test_progress_can_be_seen_while_it_runs(handle):
    seen = []

    def run(subject, lease):
        lease.progress(40)
        seen.append(work.find_progress(KIND, subject))

    handle(run)
    work.submit(KIND, "a")
    assert work.find_progress(KIND, "a") == 0
    work.run_due()
    assert seen == [40] and work.find_progress(KIND, "a") is None


def test_a_task_that_runs_is_claimed_by_nobody_else(handle, clock):
    inner = []
    handle(lambda subject, lease: inner.append(work.run_due()))
    work.submit(KIND, "a")
    assert work.run_due() == 1 and inner == [0]


def test_when_a_worker_is_gone_another_takes_over_at_the_end_of_its_lease(handle, clock):
    done = []
    handle(lambda subject, lease: done.append(subject))
    work.submit(KIND, "a")
    task, holder = work._claim()  # and is killed here
    assert task is not None and holder
    clock.advance(seconds=work.LEASE.total_seconds() - 1)
    assert work.run_due() == 0
    clock.advance(seconds=1)
    assert work.run_due() == 1 and done == ["a"]


def test_progress_prolongs_the_lease(handle, clock):
    handle(lambda subject, lease: None)
    work.submit(KIND, "a")
    task, holder = work._claim()
    lease = work.Lease(task, holder, threading.Event())
    clock.advance(seconds=50)
    lease.progress(10)
    clock.advance(seconds=50)
    assert work.run_due() == 0


def test_two_workers_that_see_the_same_task_do_not_both_get_it(handle, monkeypatch):
    handle(lambda subject, lease: None)
    work.submit(KIND, "a")
    stale = Task.get()
    assert work._claim()[1]

    class Stale:
        def where(self, *_conditions):
            return self

        order_by = where

        def first(self):
            return stale

    monkeypatch.setattr(Task, "select", lambda *columns: Stale())
    assert work._claim() == (stale, "")


def test_who_lost_the_lease_writes_no_outcome(handle, clock):
    outcomes = []

    def run(subject, lease):
        taken_by()
        with lease.finish():
            outcomes.append(subject)

    handle(run)
    work.submit(KIND, "a")
    work.run_due()
    assert outcomes == [] and Task.get().leased_by == "another worker"


def test_who_lost_the_lease_learns_it_from_its_progress(handle):
    reached = []

    def run(subject, lease):
        taken_by()
        lease.progress(50)
        reached.append(subject)

    handle(run)
    work.submit(KIND, "a")
    work.run_due()
    assert reached == [] and Task.get().leased_by == "another worker"


def test_the_outcome_and_the_end_of_the_task_are_one_transaction(handle):
    def run(subject, lease):
        with lease.finish():
            assert not Task.select().exists()
            raise ValueError

    handle(run)
    work.submit(KIND, "a")
    work.run_due()
    assert Task.get().attempts == 1 and Task.get().error == "ValueError"


def test_a_failure_is_tried_again_later_and_later(handle, clock):
    tried = []

    def run(subject, lease):
        tried.append(clock.now())
        raise ValueError("secret")

    handle(run)
    work.submit(KIND, "a")
    for _ in range(200):
        work.run_due()
        clock.advance(seconds=30)
    waits = [(b - a).total_seconds() for a, b in zip(tried, tried[1:], strict=False)]
    assert len(tried) == 5 and waits == sorted(waits) and waits[-1] >= 1800


def test_what_failed_too_often_has_failed_for_good_and_is_told_once(handle, clock):
    def run(subject, lease):
        raise ValueError

    handle(run)
    work.submit(KIND, "a")
    for _ in range(10):
        work.run_due()
        clock.advance(hours=1)
    task = Task.get()
    assert task.failed_at and task.error == "ValueError" and handle.failed == [("a", "ValueError")]
    assert backlog.summary() == (0, 0, 1, 0) and "ValueError" in backlog.list_failures()[0]


def test_what_kills_its_workers_fails_for_good_without_being_run_again(handle, clock):
    handle(lambda subject, lease: None)
    work.submit(KIND, "a")
    for _ in range(5):
        assert work._claim()[1]
        clock.advance(seconds=61)
    assert work.run_due() == 0 and handle.failed == [("a", "killed")]


def test_a_failure_that_cannot_be_told_holds_up_nobody(handle, clock):
    done = []

    def run(subject, lease):
        if subject == "bad":
            raise work.GaveUp("hopeless")
        done.append(subject)

    def on_failed(subject, error):
        raise RuntimeError

    handle(run, on_failed)
    work.submit(KIND, "bad")
    work.submit(KIND, "good")
    work.run_due()
    assert done == ["good"] and Task.get().error == "hopeless" and Task.get().failed_at


def test_what_failed_for_good_is_tried_anew_when_it_is_asked_again(handle):
    def run(subject, lease):
        raise work.GaveUp("hopeless")

    handle(run)
    work.submit(KIND, "a")
    work.run_due()
    done = []
    handle(lambda subject, lease: done.append(subject))
    work.submit(KIND, "a")
    assert work.run_due() == 1 and done == ["a"]


def test_old_failures_are_forgotten(handle, clock):
    def run(subject, lease):
        raise work.GaveUp("hopeless")

    handle(run)
    work.submit(KIND, "a")
    work.run_due()
    clock.advance(days=29)
    work.forget_failures()
    assert Task.select().exists()
    clock.advance(days=2)
    work.forget_failures()
    assert not Task.select().exists()


def test_a_full_disk_costs_no_attempt_and_work_goes_on_by_itself(handle, clock):
    done, full = [], True

    def run(subject, lease):
        if full:
            raise StorageFull()
        done.append(subject)

    handle(run)
    work.submit(KIND, "a")
    for _ in range(20):
        work.run_due()
        clock.advance(seconds=61)
    assert Task.get().attempts == 0 and Task.get().error == "StorageFull"
    full = False
    work.run_due()
    assert done == ["a"]


def test_a_task_may_ask_to_come_back(handle, clock):
    rounds = []

    def run(subject, lease):
        rounds.append(subject)
        lease.again(clock.now() + timedelta(days=7))

    handle(run)
    work.submit(KIND, "a")
    work.run_due()
    assert rounds == ["a"] and work.run_due() == 0
    clock.advance(days=7)
    work.run_due()
    assert rounds == ["a", "a"] and Task.get().attempts == 0


def test_a_stop_gives_the_task_back_as_it_was(handle):
    stop = threading.Event()

    def run(subject, lease):
        stop.set()
        lease.progress(10)

    handle(run)
    work.submit(KIND, "a")
    work.run_due(stop)
    task = Task.get()
    assert (task.attempts, task.leased_until, task.leased_by, task.failed_at) == (0, None, "", None)


def test_the_heartbeat_holds_the_lease_of_a_handler_that_says_nothing(handle, clock, monkeypatch):
    beaten, silent = threading.Event(), []
    monkeypatch.setattr(work, "_BEAT_SECONDS", 0.001)
    held = work.Lease._hold

    def hold(lease, **values):
        held(lease, **values)
        beaten.set()

    monkeypatch.setattr(work.Lease, "_hold", hold)

    def run(subject, lease):
        before = Task.get().leased_until
        clock.advance(seconds=30)
        beaten.clear()
        assert beaten.wait(10)
        silent.append(Task.get().leased_until > before)

    handle(run)
    work.submit(KIND, "a")
    work.run_due()
    assert silent == [True]


def test_worker_threads_begin_what_waits_and_stop_when_told(handle):
    begun, let_go = threading.Event(), threading.Event()

    def run(subject, lease):
        begun.set()
        while True:
            let_go.wait(0.01)
            lease.progress()

    handle(run)
    workers = Workers(1)
    workers.start()
    work.submit(KIND, "a")
    assert begun.wait(10)
    workers.stop()
    assert not workers.threads[0].is_alive() and Task.get().attempts == 0 and not Task.get().leased_by


def test_the_queue_can_be_seen_in_the_metrics(handle, world, clock):
    work.submit(KIND, "a")
    clock.advance(seconds=90)
    page = world.app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"}).get_data(as_text=True)
    assert 'preau_tasks{state="waiting"} 1' in page and "preau_task_oldest_seconds 90" in page
    clock.advance(hours=2)
    database.connect()  # the request gave its own back
    assert backlog.summary().oldest_seconds // 60 == 121


def test_a_task_that_took_the_number_of_another_is_not_ended_with_it(handle, monkeypatch):
    """SQLite gives the row id of the last task to the next one."""
    done, token = [], work.secrets.token_hex
    handle(lambda subject, lease: done.append(subject))
    work.submit(KIND, "a")

    def overtaken(size):  # between the reading of a task and its claim, another worker does it and one comes in
        monkeypatch.setattr(work.secrets, "token_hex", token)
        work.run_due()
        work.submit(KIND, "b")
        return token(size)

    monkeypatch.setattr(work.secrets, "token_hex", overtaken)
    work.run_due()
    assert done == ["a", "b"] and not Task.select().exists()
