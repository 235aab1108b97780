"""Work to do later as rows, so that a kill at any moment loses nothing and two nodes never do the same thing twice."""

import peewee

from appliance.core import clock
from appliance.storage.database import Table
from appliance.storage.fields import InstantField


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


def submit(kind: str, subject: str, *, due_at=None) -> None:
    """Have something done about a subject, once, as soon as the transaction of the caller is committed, or later."""
    Task.insert(
        kind=kind, subject=subject, created_at=clock.now(), due_at=due_at or clock.now()
    ).on_conflict_ignore().execute()
