"""What waits to be done, runs or has failed, for those who run the service: counts and codes, nothing of anyone's."""

from typing import NamedTuple

from appliance.core import clock
from appliance.services.work import Task

LATE_SECONDS = 3600


class Summary(NamedTuple):
    """The queue at a glance; `oldest_seconds` is how long the first that is due has waited."""

    waiting: int
    running: int
    failed: int
    oldest_seconds: int


def summary() -> Summary:
    """How much waits, runs and has failed for good."""
    now = clock.now()
    alive, leased = Task.failed_at.is_null(), Task.leased_until > now
    running = Task.select().where(alive & leased).count()
    waiting = Task.select().where(alive).count() - running
    failed = Task.select().where(Task.failed_at.is_null(False)).count()
    idle = Task.leased_until.is_null() | (Task.leased_until <= now)
    first = Task.select(Task.due_at).where(alive & idle & (Task.due_at <= now)).order_by(Task.due_at).first()
    return Summary(waiting, running, failed, int((now - first.due_at).total_seconds()) if first else 0)


def list_failures() -> list[str]:
    """What failed for good, as kinds of task with the codes of their errors."""
    found = (
        Task.select(Task.kind, Task.error)
        .where(Task.failed_at.is_null(False))
        .group_by(Task.kind, Task.error)
        .order_by(Task.kind, Task.error)
        .limit(10)
    )
    return [f"{kind} {error}" for kind, error in found.tuples()]
