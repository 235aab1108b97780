"""The key hierarchy of 03 §3.3 as rows: KEK → academy → classroom-year; a destroyed class key takes its media with
it."""

from appliance.core.errors import NotFound
from appliance.crypto.keyring import Keyring
from appliance.school.models import Academy, Classroom, School
from appliance.storage.prepared import P, Prepared

_ring: Keyring | None = None

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


def ring() -> Keyring:
    """The keyring in use; a program without one cannot touch what is encrypted."""
    if _ring is None:
        raise RuntimeError("the keyring is not configured")
    return _ring


def academy_key(academy: Academy) -> bytes:
    """The key of a tenant."""
    return ring().tenant_key(academy.public_id, academy.wrapped_key)


def new_academy_key(public_id: str) -> bytes:
    """A fresh tenant key, wrapped for its row."""
    return ring().create_tenant_key(public_id)


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
