"""What people write is sealed under their class's key and bound to its row: it opens nowhere else, nor without it."""

from appliance.core.errors import NotFound
from appliance.crypto import fields
from appliance.school import keys
from appliance.services.media import store


def seal_text(access, table: str, row_id: str, text: str) -> bytes:
    """The sealed bytes of a text for one row of a class; `access` is the class's policy.ClassAccess."""
    key = keys.classroom_key(access.classroom_id)
    return fields.seal(key, _context(access.academy_public_id, table, row_id), text.encode())


def seal_beside(row, table: str, row_id: str, text: str) -> bytes:
    """The same, for a row that carries the wrapped keys of its class: no query is needed. NotFound without key."""
    return fields.seal(_key(row), _context(row.academy_public_id, table, row_id), text.encode())


def open_text(row, table: str, row_id: str, sealed: bytes) -> str:
    """The text of one row; `row` carries the wrapped keys of its class, so no query is needed. NotFound without key."""
    return fields.open_sealed(_key(row), _context(row.academy_public_id, table, row_id), sealed).decode()


def open_file_name(row, file) -> str:
    """The name of an attachment of a post's row; empty where there is none. NotFound without key."""
    return (
        fields.open_sealed(_key(row), store.name_context(row, file.public_id), file.name).decode() if file.name else ""
    )


def _key(row) -> bytes:
    if row.wrapped_key is None:
        raise NotFound()
    return keys.ring().classroom_key(
        row.classroom_public_id,
        row.wrapped_key,
        tenant_id=row.academy_public_id,
        tenant_wrapped=row.academy_wrapped_key,
    )


def _context(academy: str, table: str, row_id: str) -> bytes:
    return fields.field_context(academy, table, "sealed", row_id)
