"""Keys wrapped under keys: a wrapped key opens only under its parent, its kind and both identities (design 3.3)."""

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from appliance.crypto.errors import Tampered
from appliance.crypto.kdf import encode_parts, hkdf_expand

KEY_SIZE = 32
WRAPPED_SIZE = 40
_WRAP_LABEL = "preau/wrap/v1"
_OBJECT_LABEL = "preau/object/v1"


def wrap(parent_key: bytes, *, kind: str, parent_id: str, child_id: str, key: bytes) -> bytes:
    """Wrap a 32-byte key so that it opens only under this parent and this identity (AES-256-KW, RFC 3394)."""
    if len(key) != KEY_SIZE:
        raise ValueError("only 32-byte keys are wrapped")
    return aes_key_wrap(_wrapping_key(parent_key, kind, parent_id, child_id), key)


def unwrap(parent_key: bytes, *, kind: str, parent_id: str, child_id: str, wrapped: bytes) -> bytes:
    """Open a wrapped key; a wrong parent, kind, identity or any changed bit raises Tampered."""
    wrapping_key = _wrapping_key(parent_key, kind, parent_id, child_id)
    if len(wrapped) != WRAPPED_SIZE:
        raise Tampered(f"wrapped {kind} key has a wrong length")
    try:
        return aes_key_unwrap(wrapping_key, bytes(wrapped))
    except InvalidUnwrap as error:
        raise Tampered(f"wrapped {kind} key does not open") from error


def object_context(format: str, tenant: str, classroom: str, object_id: str, rendition: str, generation: int) -> bytes:
    """Name one stored version of one rendition of one object; what is encrypted opens under this name only.

    `classroom` is empty for what belongs to the whole tenant; `generation` counts rewrites from 0.
    """
    if not (format and tenant and object_id and rendition):
        raise ValueError("format, tenant, object id and rendition are never empty")
    return encode_parts(_OBJECT_LABEL, format, tenant, classroom, object_id, rendition, generation)


def _wrapping_key(parent_key: bytes, kind: str, parent_id: str, child_id: str) -> bytes:
    if len(parent_key) != KEY_SIZE:
        raise ValueError("a parent key has 32 bytes")
    if not (kind and parent_id and child_id):
        raise ValueError("kind, parent id and child id are never empty")
    return hkdf_expand(parent_key, encode_parts(_WRAP_LABEL, kind, parent_id, child_id), KEY_SIZE)
