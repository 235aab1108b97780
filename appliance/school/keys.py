"""The key hierarchy of 03 §3.3 as rows: KEK → academy → classroom-year; a destroyed class key takes its media with
it.

Beside it, one key for each other purpose. It was derived from the first master key; when that one is replaced, its
purpose keys are kept, wrapped under the next, so that sessions and printed codes outlive it.
"""

from appliance.core.errors import ConfigError, NotFound
from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import CLASSROOM, Keyring
from appliance.school.models import Academy, Classroom, PurposeKey, School
from appliance.storage.prepared import P, Prepared

WEB, CODES, ATTEMPTS = "web", "people/codes", "people/attempts"
PURPOSES = (WEB, CODES, ATTEMPTS)

_ring: Keyring | None = None
_purpose_keys: dict[str, bytes] = {}

_CLASSROOM = Prepared(
    lambda: (
        Classroom.select(
            Classroom.public_id,
            Classroom.wrapped_key,
            Academy.public_id.alias("academy_public_id"),
            Academy.wrapped_key.alias("academy_wrapped_key"),
        )
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
        .where(Classroom.id == P("id"))
    )
)


def configure(ring: Keyring) -> None:
    """Use this keyring from here on."""
    global _ring
    _ring = ring
    _purpose_keys.clear()


def ring() -> Keyring:
    """The keyring in use; a program without one cannot touch what is encrypted."""
    if _ring is None:
        raise RuntimeError("the keyring is not configured")
    return _ring


def purpose_key(purpose: str) -> bytes:
    """The key of one purpose: the same for the whole life of an installation, whatever master key is in force."""
    if purpose not in PURPOSES:
        raise ValueError(f"{purpose} is not in PURPOSES: a change of master key would lose it")
    if purpose not in _purpose_keys:
        row = PurposeKey.get_or_none(PurposeKey.purpose == purpose) if PurposeKey.table_exists() else None
        _purpose_keys[purpose] = (
            ring().derive(purpose) if row is None else ring().purpose_key(purpose, row.wrapped_key, row.kek_id)
        )
    return _purpose_keys[purpose]


def academy_key(academy: Academy) -> bytes:
    """The key of a tenant."""
    return ring().tenant_key(academy.public_id, academy.wrapped_key, academy.kek_id)


def require_ours() -> None:
    """ConfigError when the key file is whole but of another installation: with it nothing here would open, and what is
    new would open under no other."""
    academies = list(Academy.select(Academy.public_id, Academy.wrapped_key, Academy.kek_id))
    for academy in academies:
        try:
            academy_key(academy)
            return
        except Tampered:  # one alone may have been altered: the doctor tells
            continue
    if academies:
        raise ConfigError(
            "storage.kek_file is not the key of this installation: nothing in the database opens with it. "
            "Put its own key back, from the backup of the key or from the recovery sheet"
        )


def new_academy_key(public_id: str) -> dict:
    """A fresh tenant key, wrapped: the values of its row."""
    wrapped = ring().create_tenant_key(public_id)
    return {"wrapped_key": wrapped, "kek_id": ring().kek_of(public_id, wrapped)}


def new_classroom_key(academy: Academy, public_id: str) -> bytes:
    """A fresh classroom-year key, wrapped for its row."""
    return ring().create_classroom_key(public_id, tenant_id=academy.public_id, tenant_wrapped=academy.wrapped_key)


def classroom_key(classroom_id: int) -> bytes:
    """The key of a class of a year; NotFound once it has been destroyed."""
    row = _CLASSROOM.first(id=classroom_id)
    if row is None or row.wrapped_key is None:
        raise NotFound()
    return ring().classroom_key(
        row.public_id, row.wrapped_key, tenant_id=row.academy_public_id, tenant_wrapped=row.academy_wrapped_key
    )


_DESTROYED = Prepared(lambda: Classroom.select(Classroom.public_id).where(Classroom.wrapped_key.is_null()))


def forget_destroyed() -> None:
    """Drop from this process's memory the keys of classes that another process destroyed."""
    for row in _DESTROYED.all():
        ring().forget(CLASSROOM, row.public_id)
