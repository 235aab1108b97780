"""Work to do later as rows, so that a kill at any moment loses nothing and two nodes never do the same thing twice.

A row is claimed by a conditional UPDATE for a minute (its lease), which a heartbeat prolongs. Whoever loses the lease
can no longer write the outcome: `Lease.finish` checks it inside the transaction that does. What is done twice at
worst, after a kill, is the effort; never the outcome.
"""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import peewee

from appliance.core import clock
from appliance.core.errors import StorageFull, Unavailable
from appliance.storage import database
from appliance.storage.database import Table
from appliance.storage.fields import InstantField

LEASE = timedelta(seconds=60)
POSTPONED = timedelta(seconds=60)
KEPT = timedelta(days=30)  # how long a task that failed for good can be seen
_BEAT_SECONDS = 20
_LONGEST_SECONDS = 12 * 3600  # what runs longer than that hangs: its lease is let go
_WRITE_SECONDS = 3
_BACK_OFF = (10, 60, 300, 1800)  # seconds before the second attempt, the third…

_log = logging.getLogger("preau.work")
_host = socket.gethostname()[:20]
_attempts = 5


class Task(Table):
    """One thing to do about one subject (a public id): claimed for a while by one worker, gone once it is done.

    `progress` is in per cent; a task that failed for good keeps `failed_at` and `error`, a code.
    """

    kind = peewee.CharField(max_length=30)
    subject = peewee.CharField(max_length=32)
    created_at = InstantField(default=clock.now)
    due_at = InstantField(default=clock.now)
    attempts = peewee.IntegerField(default=0)
    leased_until = InstantField(null=True)
    leased_by = peewee.CharField(max_length=60, default="")
    progress = peewee.SmallIntegerField(default=0)
    failed_at = InstantField(null=True)
    error = peewee.CharField(max_length=60, default="")

    class Meta:
        indexes = ((("kind", "subject"), True), (("failed_at", "due_at"), False))


MODELS = (Task,)


class LeaseLost(Exception):
    """Another worker took the task over: nothing of it may be written any more."""


class Stopping(Exception):
    """The service stops: the task goes back as it was."""


class GaveUp(Exception):
    """A handler knows that trying again is of no use; `reason` is a code."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class _Handler(NamedTuple):
    run: Callable
    failed: Callable | None


_handlers: dict[str, _Handler] = {}
# Set when there may be something to do; the workers of this process wait for it.
wanted = threading.Event()


def configure(attempts: int) -> None:
    """A task that was tried so many times has failed for good."""
    global _attempts
    _attempts = attempts


def register(kind: str, run: Callable, failed: Callable | None = None) -> None:
    """Have tasks of a kind done by `run(subject, lease)`; `failed(subject, error)` is called, in the same
    transaction, when one has failed for good."""
    _handlers[kind] = _Handler(run, failed)


def submit(kind: str, subject: str, *, due_at: datetime | None = None) -> None:
    """Have something done about a subject, once, as soon as the transaction of the caller is committed, or later.

    What waits already is not doubled, what had failed for good is tried anew. A handler that wants its own subject
    to come back says so with `lease.again`, since its row is still there.
    """
    with database.transaction():
        same = (Task.kind == kind) & (Task.subject == subject)
        Task.delete().where(same & Task.failed_at.is_null(False)).execute()
        Task.insert(
            kind=kind, subject=subject, created_at=clock.now(), due_at=due_at or clock.now()
        ).on_conflict_ignore().execute()
        database.after_commit(wanted.set)


class Lease:
    """The right to do one task, as long as no other worker has taken it."""

    def __init__(self, task: Task, holder: str, stop: threading.Event):
        self.subject, self.holder = task.subject, holder
        self.ended, self.lost = False, False
        self._id, self._stop, self._over = task.id, stop, threading.Event()
        self._percent, self._written = 0, 0.0

    def progress(self, percent: int | None = None) -> None:
        """Say how far the task is and hold on to it; Stopping or LeaseLost when it must be left at once."""
        if self._stop.is_set():
            raise Stopping()
        if self.lost:
            raise LeaseLost()
        percent = self._percent if percent is None else max(0, min(100, int(percent)))
        recent = clock.monotonic() - self._written < _WRITE_SECONDS
        if recent and abs(percent - self._percent) < 5:
            return
        self._percent, self._written = percent, clock.monotonic()
        self._hold(progress=percent)

    @contextmanager
    def finish(self) -> Iterator[None]:
        """The transaction that writes the outcome, and ends the task with it; LeaseLost, and nothing is written,
        when another worker took it."""
        with database.transaction():
            if not Task.delete().where(self._mine()).execute():
                self.lost = True
                raise LeaseLost()
            database.after_commit(self._end)  # before what the caller may add, which could fail
            yield

    def _end(self) -> None:
        self.ended = True

    def again(self, due_at: datetime) -> None:
        """End this round and have the same task done again later."""
        self._change(due_at=due_at, attempts=0, progress=0, leased_until=None, leased_by="")
        self.ended = True

    def _mine(self):
        return (Task.id == self._id) & (Task.leased_by == self.holder) & Task.failed_at.is_null()

    def _hold(self, **values) -> None:
        self._change(leased_until=clock.now() + LEASE, **values)

    def _change(self, **values) -> None:
        with database.transaction():
            if not Task.update(**values).where(self._mine()).execute():
                self.lost = True
                raise LeaseLost()

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Prolong the lease for as long as the block runs, whatever the handler is busy with."""
        thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _beat(self) -> None:
        end = clock.monotonic() + _LONGEST_SECONDS
        while not self._over.wait(_BEAT_SECONDS) and not self.lost and clock.monotonic() < end:
            try:
                with database.connection():
                    self._hold()
            except LeaseLost:
                return
            except Exception as error:  # the database is busy or gone: the next beat may reach it
                _log.warning("heartbeat failed", extra={"error": type(error).__name__})


def run_due(stop: threading.Event | None = None) -> int:
    """Do all that is due, one task after the other; gives how many were begun."""
    begun = 0
    stop = stop or threading.Event()
    while not stop.is_set():
        task, holder = _claim()
        if task is None:
            break
        if holder:
            begun += 1
            _run(task, Lease(task, holder, stop))
    return begun


def _claim() -> tuple[Task | None, str]:
    """The next task, and the name under which it was claimed: empty when it was taken by another or has failed."""
    now = clock.now()
    free = Task.leased_until.is_null() | (Task.leased_until <= now)
    due = Task.failed_at.is_null() & (Task.due_at <= now) & free & Task.kind.in_(list(_handlers))
    task = Task.select().where(due).order_by(Task.due_at, Task.id).first()
    if task is None:
        return None, ""
    # Its subject too: the row id of a task that another worker has just ended may be another task's by now.
    same = due & (Task.id == task.id) & (Task.kind == task.kind) & (Task.subject == task.subject)
    if task.attempts >= _attempts:  # its workers died one after the other
        _fail(task, same, "killed")
        return task, ""
    holder = f"{_host}:{os.getpid()}:{secrets.token_hex(8)}"
    with database.transaction():
        claimed = (
            Task.update(leased_until=now + LEASE, leased_by=holder, attempts=Task.attempts + 1, progress=0)
            .where(same & (Task.attempts == task.attempts))
            .execute()
        )
    task.attempts += 1
    return task, holder if claimed else ""


def _run(task: Task, lease: Lease) -> None:
    try:
        with lease.beating():
            _handlers[task.kind].run(task.subject, lease)
        if not lease.ended:
            with lease.finish():
                pass
    except LeaseLost:
        _log.warning("lease lost", extra={"kind": task.kind, "task": task.id})
    except Stopping:
        _give_back(task, lease, clock.now())
    except (StorageFull, Unavailable) as error:  # no fault of the task: it waits for better times
        _log.warning("task postponed", extra={"kind": task.kind, "error": _code(error)})
        _give_back(task, lease, clock.now() + POSTPONED, _code(error))
    except Exception as error:  # whatever went wrong with one task, the next one is done
        _try_later(task, lease, error)


def _give_back(task: Task, lease: Lease, due_at: datetime, error: str = "") -> None:
    values = {"due_at": due_at, "attempts": task.attempts - 1, "error": error}
    with database.transaction():
        Task.update(leased_until=None, leased_by="", progress=0, **values).where(lease._mine()).execute()


def _code(error: Exception) -> str:
    return str(getattr(error, "reason", "") or type(error).__name__)[:60]


def _try_later(task: Task, lease: Lease, error: Exception) -> None:
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    line = f"{os.path.basename(where.tb_frame.f_code.co_filename)}:{where.tb_lineno}" if where else ""
    _log.error("task failed", extra={"kind": task.kind, "task": task.id, "error": _code(error), "at": line})
    if task.attempts >= _attempts or isinstance(error, GaveUp):
        _fail(task, lease._mine(), _code(error))
        return
    wait = timedelta(seconds=_BACK_OFF[min(task.attempts, len(_BACK_OFF)) - 1])
    with database.transaction():
        Task.update(
            due_at=clock.now() + wait, error=_code(error), progress=0, leased_until=None, leased_by=""
        ).where(lease._mine()).execute()  # fmt: skip


def _fail(task: Task, condition, reason: str) -> None:
    def settle(callback: Callable | None) -> None:
        values = {"failed_at": clock.now(), "error": reason, "leased_until": None, "leased_by": ""}
        with database.transaction():
            if Task.update(**values).where(condition).execute() and callback:
                callback(task.subject, reason)

    try:
        settle(_handlers[task.kind].failed)
    except Exception as error:  # a task that cannot even fail properly must not hold up the others
        _log.error("failure not told", extra={"kind": task.kind, "task": task.id, "error": type(error).__name__})
        settle(None)


def find_progress(kind: str, subject: str) -> int | None:
    """How far a task is, in per cent; None when there is none that waits or runs."""
    same = (Task.kind == kind) & (Task.subject == subject) & Task.failed_at.is_null()
    return Task.select(Task.progress).where(same).scalar()


def forget_failures() -> None:
    """What failed for good long ago is of no more use."""
    with database.transaction():
        Task.delete().where(Task.failed_at < clock.now() - KEPT).execute()
