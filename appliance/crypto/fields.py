"""Sealed database fields: a short text opens only under its key and its place (table, column, row)."""

from functools import lru_cache
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.crypto.errors import Tampered
from appliance.crypto.kdf import encode_parts, hkdf_expand

OVERHEAD = 29
_VERSION = b"\x01"
_FIELD_LABEL = "preau/field/v1"
_CONTEXT_LABEL = "preau/field-context/v1"
_NONCE_SIZE = 12


def field_context(tenant: str, table: str, column: str, row_id: str) -> bytes:
    """Name the one place where a sealed value may stand, so that values can't be moved between rows."""
    if not (tenant and table and column and row_id):
        raise ValueError("no part of a field's place is empty")
    return encode_parts(_CONTEXT_LABEL, tenant, table, column, row_id)


def seal(key: bytes, context: bytes, plaintext: bytes) -> bytes:
    """Seal a short value under a 32-byte key and its context; 29 bytes longer than the value."""
    nonce = urandom(_NONCE_SIZE)
    return _VERSION + nonce + _cipher(key).encrypt(nonce, plaintext, context)


def open_sealed(key: bytes, context: bytes, sealed: bytes) -> bytes:
    """Open a sealed value; another key, another context or any changed bit raises Tampered."""
    sealed = bytes(sealed)
    if len(sealed) < OVERHEAD or sealed[:1] != _VERSION:
        raise Tampered("sealed field has an unknown form")
    try:
        return _cipher(key).decrypt(sealed[1:13], sealed[13:], context)
    except InvalidTag as error:
        raise Tampered("sealed field does not open") from error


def forget_keys() -> None:
    """Drop every cached subkey: the cache is keyed by the keys themselves, which must not outlive their destruction."""
    _cipher.cache_clear()


# The subkey is derived once per parent key: deriving it each time would cost as much as the sealing itself.
@lru_cache(maxsize=256)
def _cipher(key: bytes) -> AESGCM:
    if len(key) != 32:
        raise ValueError("fields are sealed under 32-byte keys")
    return AESGCM(hkdf_expand(key, encode_parts(_FIELD_LABEL), 32))
