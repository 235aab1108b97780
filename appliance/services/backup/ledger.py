"""What was erased must stay erased: a restore of an older snapshot erases it again before anything is served.

Beside the media, which are known here, a feature registers what it erases, by public ids.
"""

from collections.abc import Callable, Iterable

from appliance.core import clock
from appliance.school.models import Academy, Classroom
from appliance.services.media.models import Media
from appliance.storage.database import transaction

_known: dict[str, tuple[Callable[[], Iterable[str]], Callable[[list[str]], None]]] = {}
_MANY = 400
# Columns that a dump leaves empty: they travel in the one file that every backup replaces.
SEPARATE = {"academy": {"wrapped_key"}, "classroom": {"wrapped_key"}}


def register(name: str, list_erased: Callable[[], Iterable[str]], erase_again: Callable[[list[str]], None]) -> None:
    """Have the public ids of what was erased kept, and erased again after a restore."""
    _known[name] = (list_erased, erase_again)


def collect() -> dict:
    """The wrapped keys that exist now, and everything that was erased."""
    return {
        "academy": _wrapped_keys(Academy),
        "classroom": _wrapped_keys(Classroom),
        "erased": {name: sorted(list_erased()) for name, (list_erased, _again) in _known.items()},
    }


def _wrapped_keys(table) -> dict[str, str]:
    # Only these two columns: before an upgrade the schema is an older one.
    rows = table.select(table.public_id, table.wrapped_key).where(table.wrapped_key.is_null(False)).tuples()
    return {public_id: bytes(wrapped).hex() for public_id, wrapped in rows if wrapped}


def replay(kept: dict) -> int:
    """Give the restored rows the keys that still exist, and erase again what was erased since; how many things."""
    done = 0
    with transaction():
        for table in (Academy, Classroom):
            for public_id, wrapped in kept[table._meta.table_name].items():
                table.update(wrapped_key=bytes.fromhex(wrapped)).where(table.public_id == public_id).execute()
        # A class without a key in the latest file was closed for ever.
        Classroom.update(wrapped_key=None).where(Classroom.wrapped_key == b"").execute()
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
