"""What was found last is a row a check: pages and metrics read it, nothing that takes long is looked at in a request.

The metronome looks every few minutes (whichever process comes first), the button of the page by a task. A row is
written only when something changed, the row `run` each time; on SQLite, which has one process and may lie on a memory
card, twice an hour.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from appliance.core import clock
from appliance.core.config import Config
from appliance.services import work
from appliance.services.health import checks, telling
from appliance.services.health.checks import OK, Check, Place
from appliance.services.health.models import HealthState
from appliance.storage import database
from appliance.storage.blobs import BlobStore

TASK, SUBJECT = "health", "machine"
EVERY = timedelta(minutes=5)
ON_A_CARD = timedelta(minutes=30)
RUN = "run"
# Found only when someone asks: it stays as it was found until then.
LASTING = ("integrity", "journal")
_place: Place | None = None
_known: datetime | None = None  # of this process, so that a tick costs no query


class State(NamedTuple):
    """One check as it stands, and since when."""

    check: Check
    since: datetime


def configure(config: Config, blobs: BlobStore, find_key: Callable[[], str]) -> None:
    """Look at this installation; `find_key()` names the master key in force."""
    global _place, _known
    _place, _known = Place(config, blobs, find_key), None
    work.register(TASK, look_thoroughly)


def place() -> Place | None:
    """What is looked at."""
    return _place


def look_if_due() -> bool:
    """Look at what is cheap when nobody did for a few minutes; whether this process did."""
    global _known
    now = clock.now()
    if _known is not None and timedelta(0) <= now - _known < EVERY:
        return False
    run = HealthState.get_or_none(HealthState.code == RUN)
    if run is not None and timedelta(0) <= now - run.checked_at < EVERY:
        _known = run.checked_at
        return False
    if not _claim(run, now):
        return False
    _known = now
    _look(thorough=False)
    return True


def _claim(run: HealthState | None, now: datetime) -> bool:
    """Say that this process looks: of several, one does."""
    if run is not None and database.is_sqlite() and timedelta(0) <= now - run.checked_at < ON_A_CARD:
        return True
    with database.transaction():
        if run is None:
            same = HealthState.insert(code=RUN, wording="", level=OK, checked_at=now, since_at=now)
            return bool(same.on_conflict_ignore().execute())
        mine = (HealthState.code == RUN) & (HealthState.checked_at == run.checked_at)
        return bool(HealthState.update(checked_at=now).where(mine).execute())


def ask() -> None:
    """Have everything looked at soon, what takes long too."""
    work.submit(TASK, SUBJECT)


def is_asked() -> bool:
    """Whether that waits or runs."""
    return work.find_progress(TASK, SUBJECT) is not None


def look_thoroughly(_subject: str, _lease) -> None:
    """The task: look at everything."""
    now = clock.now()
    with database.transaction():
        HealthState.insert(code=RUN, wording="", level=OK, checked_at=now, since_at=now).on_conflict_ignore().execute()
        HealthState.update(checked_at=now).where(HealthState.code == RUN).execute()
    _look(thorough=True)


def _look(*, thorough: bool) -> None:
    found = list(checks.look(_place, thorough=thorough))
    save(found)
    gone = [*(each.code for each in found), RUN, *LASTING]
    with database.transaction():
        HealthState.delete().where(HealthState.code.not_in(gone)).execute()
    telling.tell()


def save(found: list[Check]) -> None:
    """Keep what was found; a row that says the same stays untouched."""
    known = {row.code: row for row in HealthState.select()}
    now = clock.now()
    with database.transaction():
        for check in found:
            facts, row = json.dumps(check.facts, ensure_ascii=False), known.get(check.code)
            if row is None:
                HealthState.insert(
                    code=check.code, wording=check.wording, level=check.level, facts=facts, checked_at=now, since_at=now
                ).on_conflict_ignore().execute()
            elif (row.wording, row.level, row.facts) != (check.wording, check.level, facts):
                since = row.since_at if row.level == check.level else now
                HealthState.update(
                    wording=check.wording, level=check.level, facts=facts, checked_at=now, since_at=since
                ).where(HealthState.id == row.id).execute()


def list_states() -> list[State]:
    """Everything as it stands, the worst first, then in the order of the rules."""
    order = {rule.__name__.removeprefix("check_"): number for number, rule in enumerate(checks.RULES)}
    rows = HealthState.select().where(HealthState.code != RUN)
    found = [State(Check(row.code, row.level, row.wording, json.loads(row.facts)), row.since_at) for row in rows]
    last = len(order)
    return sorted(found, key=lambda each: (-each.check.level, order.get(each.check.code, last), each.check.code))


def find_last_run() -> datetime | None:
    """When someone looked last."""
    said = HealthState.select(HealthState.checked_at).where(HealthState.code == RUN).scalar()
    return max((each for each in (said, _known) if each is not None), default=None)


def count_bad() -> int:
    """How many checks are not well."""
    return HealthState.select().where(HealthState.level > OK).count()
