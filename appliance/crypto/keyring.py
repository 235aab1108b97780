"""The keys in memory: the master key (KEK) and the tenant and class keys it opens; wrapped bytes come from outside.

No key is ever written here; what is destroyed outside must be forgotten here with `forget`.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from os import urandom

from appliance.crypto.envelope import KEY_SIZE, unwrap, wrap
from appliance.crypto.kdf import encode_parts, hkdf_expand

TENANT = "tenant"
CLASSROOM = "classroom"
OBJECT = "object"
_ID_LABEL = "preau/kek-id/v1"
_PURPOSE_LABEL = "preau/purpose/v1"


@dataclass(frozen=True, slots=True)
class Kek:
    """The master key of an installation; its id, a truncated hash, may be stored and shown."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_SIZE:
            raise ValueError("the master key has 32 bytes")

    @property
    def id(self) -> str:
        """Give the public name of this key: 16 hexadecimal characters."""
        return sha256(encode_parts(_ID_LABEL, self.key)).hexdigest()[:16]


def new_key() -> bytes:
    """Give 32 random bytes from the system: the only way keys are born here."""
    return urandom(KEY_SIZE)


def derive(kek: Kek, label: str, length: int = KEY_SIZE) -> bytes:
    """Derive a key for one purpose ("web/session", "codes"…); purposes can't be turned into one another."""
    if not label:
        raise ValueError("a purpose has a name")
    return hkdf_expand(kek.key, encode_parts(_PURPOSE_LABEL, label), length)


@dataclass(frozen=True, slots=True)
class _Cached:
    wrapped: bytes
    parent_id: str
    key: bytes = field(repr=False)


class Keyring:
    """Opens tenant and class keys and remembers the last ones used; safe to share between threads.

    A remembered key serves only for the very bytes it was opened from: a changed row is opened again, or refused.
    """

    def __init__(self, kek: Kek, *, capacity: int = 512) -> None:
        self._kek = kek
        self._capacity = capacity
        self._cache: OrderedDict[tuple[str, str], _Cached] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def kek_id(self) -> str:
        """Give the id of the master key: stored beside every tenant key it wraps."""
        return self._kek.id

    def derive(self, label: str, length: int = KEY_SIZE) -> bytes:
        """Derive a purpose key from the master key."""
        return derive(self._kek, label, length)

    def create_tenant_key(self, tenant_id: str) -> bytes:
        """Make a tenant key; gives its wrapped bytes, to be stored."""
        return self._wrap_tenant(self._kek, tenant_id, new_key())

    def tenant_key(self, tenant_id: str, wrapped: bytes) -> bytes:
        """Open a tenant key; Tampered unless this master key wrapped it for this tenant."""
        return self._open(TENANT, tenant_id, wrapped, self._kek.id, lambda: self._kek.key)

    def create_classroom_key(self, classroom_id: str, *, tenant_id: str, tenant_wrapped: bytes) -> bytes:
        """Make the key of a class for one school year; gives its wrapped bytes, to be stored."""
        parent = self.tenant_key(tenant_id, tenant_wrapped)
        return wrap(parent, kind=CLASSROOM, parent_id=tenant_id, child_id=classroom_id, key=new_key())

    def classroom_key(self, classroom_id: str, wrapped: bytes, *, tenant_id: str, tenant_wrapped: bytes) -> bytes:
        """Open the key of a class; Tampered unless it was wrapped for this class of this tenant."""
        return self._open(
            CLASSROOM, classroom_id, wrapped, tenant_id, lambda: self.tenant_key(tenant_id, tenant_wrapped)
        )

    def rewrap_tenant_key(self, tenant_id: str, wrapped: bytes, new_kek: Kek) -> bytes:
        """Wrap a tenant key under another master key; nothing below it changes."""
        return self._wrap_tenant(new_kek, tenant_id, self.tenant_key(tenant_id, wrapped))

    def forget(self, kind: str, key_id: str) -> None:
        """Drop a key from memory and, for a tenant, the keys of its classes."""
        with self._lock:
            self._cache.pop((kind, key_id), None)
            if kind == TENANT:
                for name in [name for name, cached in self._cache.items() if cached.parent_id == key_id]:
                    del self._cache[name]

    def forget_all(self) -> None:
        """Drop every tenant and class key from memory."""
        with self._lock:
            self._cache.clear()

    def _open(self, kind: str, key_id: str, wrapped: bytes, parent_id: str, parent_key) -> bytes:
        wrapped = bytes(wrapped)
        name = (kind, key_id)
        with self._lock:
            cached = self._cache.get(name)
            if cached is not None and cached.wrapped == wrapped and cached.parent_id == parent_id:
                self._cache.move_to_end(name)
                return cached.key
        # Outside the lock: two threads may open the same key twice, which costs less than waiting for each other.
        key = unwrap(parent_key(), kind=kind, parent_id=parent_id, child_id=key_id, wrapped=wrapped)
        with self._lock:
            self._cache[name] = _Cached(wrapped, parent_id, key)
            self._cache.move_to_end(name)
            while len(self._cache) > self._capacity:
                self._cache.popitem(last=False)
        return key

    @staticmethod
    def _wrap_tenant(kek: Kek, tenant_id: str, key: bytes) -> bytes:
        return wrap(kek.key, kind=TENANT, parent_id=kek.id, child_id=tenant_id, key=key)
