"""The master key is replaced without rewriting a byte of media: only what it wraps directly is wrapped anew.

Order: the next key is durable beside the one in force → the purpose keys and each academy's key are wrapped under it,
each in a transaction of its own → it takes the place of the one in force, which stays beside it, retired → once the
new recovery sheet is printed and opens the older backups, the retired one is forgotten. Every step can be done twice:
after a kill one starts over.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from appliance.core.errors import Refused
from appliance.crypto import keyfile
from appliance.crypto.keyring import Kek, Keyring
from appliance.school import keys
from appliance.school.models import Academy, PurposeKey
from appliance.school.policy import SYSTEM
from appliance.services import audit
from appliance.storage import database


@dataclass(frozen=True)
class State:
    """The master keys by id; empty where there is none."""

    in_force: str
    following: str
    retired: str


def read_state(path: str) -> State:
    """Where a rotation stands."""
    return State(*(kek.id if kek else "" for kek in keyfile.load_three(path)))


def count_academies() -> dict[str, int]:
    """How many academies each master key wraps (`""`: not said by the row, each is tried)."""
    counted: dict[str, int] = {}
    for row in Academy.select(Academy.kek_id).order_by(Academy.id):
        counted[row.kek_id] = counted.get(row.kek_id, 0) + 1
    return counted


def _here(work: Callable[[], object]) -> None:
    work()


def rotate(
    path: str, tell: Callable[[str], object] = lambda text: None, run: Callable[[Callable], None] = _here
) -> bool:
    """Replace the master key of the file `path`; False when it was done before and waits for `forget_old`.

    `run` does what touches the database: a command of root's does it as the owner of the data, in a child.
    """
    with _alone(path):
        in_force, following, retired = keyfile.load_three(path)
        if retired is not None and following is None:
            run(lambda: _rewrap_all(in_force, tell))  # what another process did meanwhile under the retired key
            return False
        following = keyfile.prepare_next(path)
        tell(f"the next master key {following.id} is durable in {path}{keyfile.NEW}")
        run(lambda: _rewrap_all(following, tell, "master_key_replaced"))
        keyfile.take_over(path)
        tell(f"the master key {following.id} is in force; the one before it is kept in {path}{keyfile.OLD}")
    return True


def forget_old(
    path: str, tell: Callable[[str], object] = lambda text: None, run: Callable[[Callable], None] = _here
) -> str:
    """Delete the retired master key, once nothing is wrapped under it; gives its id, empty when there was none.

    A backup must have been made since, or `backup.keeping.hand_over` called: until then older ones open with no other.
    """
    with _alone(path):
        in_force, following, retired = keyfile.load_three(path)
        if following is not None:
            raise Refused("a rotation is not finished: run preau key rotate first")
        if retired is None:
            return ""
        run(lambda: _rewrap_all(in_force, tell, "retired_master_key_forgotten"))
        keyfile.forget_retired(path)
    return retired.id


def _rewrap_all(kek: Kek, tell: Callable[[str], object], event: str = "") -> None:
    """Wrap under this master key all that another one wraps; `event` is journaled once nothing is left to do."""
    ring = keys.ring()
    if kek.id not in ring.kek_ids:
        ring.refresh()
    _keep_purposes(ring, kek)
    others = Academy.kek_id != kek.id
    for academy in list(Academy.select(Academy.id).where(others).order_by(Academy.id)):
        with database.transaction():
            row = database.locked(Academy.select().where((Academy.id == academy.id) & others)).get_or_none()
            if row is None:  # another process was faster
                continue
            wrapped = ring.rewrap_tenant_key(row.public_id, row.wrapped_key, kek)
            Academy.update(wrapped_key=wrapped, kek_id=kek.id).where(Academy.id == row.id).execute()
            _journal("update", "academy_key_rewrapped", object_id=row.public_id, tenant=row.public_id, reason=kek.id)
        tell(f"the key of the academy {row.public_id} is wrapped under {kek.id}")
    if event:
        with database.transaction():
            if Academy.select().where(others).exists():
                raise Refused("an academy came in meanwhile under another key: run this again")
            _journal("update", event, reason=kek.id)


def _keep_purposes(ring: Keyring, kek: Kek) -> None:
    """Purpose keys outlive the master key that they were derived from: all of them in one transaction."""
    with database.transaction():
        known = {row.purpose: row for row in PurposeKey.select()}
        for purpose in keys.PURPOSES:
            row = known.get(purpose)
            if row is not None and row.kek_id == kek.id:
                continue
            key = ring.purpose_key(purpose, row.wrapped_key, row.kek_id) if row else ring.derive(purpose)
            values = {"kek_id": kek.id, "wrapped_key": ring.wrap_purpose(kek, purpose, key)}
            if row:
                PurposeKey.update(**values).where(PurposeKey.purpose == purpose).execute()
            else:
                PurposeKey.insert(purpose=purpose, **values).execute()
            _journal("update", "purpose_key_rewrapped", reason=kek.id)


def _journal(operation: str, event: str, **values) -> None:
    with database.transaction():
        audit.record(SYSTEM, operation, event, kind="key", **values)


@contextlib.contextmanager
def _alone(path: str) -> Iterator[None]:
    """One rotation at a time; the lock ends with its process."""
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        raise Refused("another preau key command is at work on this key") from None
    try:
        yield
    finally:
        os.close(folder)
