"""What was erased must stay erased: a restore of an older snapshot erases it again before anything is served.

Beside the media, which are known here, a feature registers what it erases, by public ids.
"""

import contextlib
from collections.abc import Callable, Iterable

from appliance.core import clock
from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import Kek
from appliance.school import keys
from appliance.school.models import Academy, Classroom, PurposeKey
from appliance.services.media.models import Media
from appliance.storage.database import transaction

_known: dict[str, tuple[Callable[[], Iterable[str]], Callable[[list[str]], None]]] = {}
_may_return: set[str] = set()
_MANY = 400
# Columns that a dump leaves empty: they travel in the one file that every backup replaces.
SEPARATE = {"academy": {"wrapped_key"}, "classroom": {"wrapped_key"}}


def register(
    name: str,
    list_erased: Callable[[], Iterable[str]],
    erase_again: Callable[[list[str]], None],
    *,
    may_return: bool = False,
) -> None:
    """Have the public ids of what was erased kept, and erased again after a restore; `may_return`: what was taken away
    can be given again, so that only the present counts."""
    _known[name] = (list_erased, erase_again)
    if may_return:
        _may_return.add(name)


def collect(kek: Kek, before: dict | None = None) -> dict:
    """The wrapped keys that exist now, all under this master key alone, and everything that was erased.

    `before` is what was collected last. After a restore of an older backup these rows know neither the classes made
    since nor what was erased in them: the newer backups still need both.
    """
    found = _collect(kek)
    return _carry_on(found, before, kek) if before else found


def _carry_on(found: dict, before: dict, kek: Kek) -> dict:
    known = {row[0] for row in Classroom.select(Classroom.public_id).tuples()}  # one that was closed has its row
    gone = {name: value for name, value in before["classroom"].items() if name not in known}
    ring, academies = keys.ring(), {}
    for public_id, wrapped in before["academy"].items():
        if public_id not in found["academy"]:
            with contextlib.suppress(Tampered):
                academies[public_id] = ring.rewrap_tenant_key(public_id, bytes.fromhex(wrapped), kek).hex()
    erased = {
        name: sorted({*ids, *found["erased"].get(name, ())})
        for name, ids in before["erased"].items()
        if name not in _may_return
    }
    return {
        **found,
        "academy": academies | found["academy"],
        "classroom": gone | found["classroom"],
        "erased": found["erased"] | erased,
    }


def _collect(kek: Kek) -> dict:
    return {
        "academy": _academy_keys(kek),
        "classroom": {
            public_id: bytes(wrapped).hex()
            for public_id, wrapped in Classroom.select(Classroom.public_id, Classroom.wrapped_key).tuples()
            if wrapped
        },
        "purpose": _purpose_keys(kek),
        "erased": {name: sorted(list_erased()) for name, (list_erased, _again) in _known.items()},
    }


def _academy_keys(kek: Kek) -> dict[str, str]:
    """Half-way through a change of master key some are wrapped under another one: the sheet would not open them."""
    # Only these two columns: before an upgrade the schema is an older one.
    ring = keys.ring()
    rows = list(Academy.select(Academy.public_id, Academy.wrapped_key).tuples())
    alone = len(ring.keks) == 1
    return {
        public_id: (bytes(wrapped) if alone else ring.rewrap_tenant_key(public_id, bytes(wrapped), kek)).hex()
        for public_id, wrapped in rows
        if wrapped
    }


def _purpose_keys(kek: Kek) -> dict[str, list[str]]:
    if not PurposeKey.table_exists():
        return {}
    ring, found = keys.ring(), {}
    for row in PurposeKey.select():
        wrapped = bytes(row.wrapped_key)
        if row.kek_id != kek.id:
            wrapped = ring.wrap_purpose(kek, row.purpose, ring.purpose_key(row.purpose, wrapped, row.kek_id))
        found[row.purpose] = [wrapped.hex(), kek.id]
    return found


def replay(kept: dict, kek_id: str) -> int:
    """Give the restored rows the keys that still exist, and erase again what was erased since; how many things."""
    done = 0
    with transaction():
        for public_id, wrapped in kept["academy"].items():
            Academy.update(wrapped_key=bytes.fromhex(wrapped)).where(Academy.public_id == public_id).execute()
        Academy.update(kek_id=kek_id).where(Academy.kek_id != "").execute()
        for public_id, wrapped in kept["classroom"].items():
            Classroom.update(wrapped_key=bytes.fromhex(wrapped)).where(Classroom.public_id == public_id).execute()
        # A class without a key in the latest file was closed for ever.
        Classroom.update(wrapped_key=None).where(Classroom.wrapped_key == b"").execute()
        for purpose, (wrapped, wrapped_by) in kept["purpose"].items():
            PurposeKey.delete().where(PurposeKey.purpose == purpose).execute()
            PurposeKey.insert(purpose=purpose, wrapped_key=bytes.fromhex(wrapped), kek_id=wrapped_by).execute()
        for name, ids in kept["erased"].items():
            if name in _known:
                for start in range(0, len(ids), _MANY):
                    _known[name][1](ids[start : start + _MANY])
                done += len(ids)
    return done


def _deleted_media() -> list[str]:
    return [row[0] for row in Media.select(Media.public_id).where(Media.deleted_at.is_null(False)).tuples()]


def _delete_media(ids: list[str]) -> None:
    Media.update(wrapped_key=None, name=None, bytes=0, deleted_at=clock.now()).where(
        Media.public_id.in_(ids) & Media.deleted_at.is_null()
    ).execute()


register("media", _deleted_media, _delete_media)
