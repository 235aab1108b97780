"""The keys in memory: the master key (KEK) and the tenant and class keys it opens; wrapped bytes come from outside.

No key is ever written here; what is destroyed outside must be forgotten here with `forget`. While a master key takes
over from another, both open what they wrapped.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from os import urandom

from appliance.crypto import fields
from appliance.crypto.envelope import KEY_SIZE, unwrap, wrap
from appliance.crypto.errors import Tampered
from appliance.crypto.kdf import encode_parts, hkdf_expand

TENANT = "tenant"
CLASSROOM = "classroom"
OBJECT = "object"
PURPOSE = "purpose"
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

    def __init__(
        self, kek: Kek, *others: Kek, reload: Callable[[], Sequence[Kek]] | None = None, capacity: int = 512
    ) -> None:
        """Hold the master key in force and the `others` that still open something.

        `reload` gives them anew, the one in force first: it is asked when nothing known opens a key, since another
        process may be changing them.
        """
        self._keks: tuple[Kek, ...] = (kek, *others)
        self._reload = reload
        self._capacity = capacity
        self._cache: OrderedDict[tuple[str, str], _Cached] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def kek_id(self) -> str:
        """Give the id of the master key in force: stored beside every tenant key it wraps."""
        return self._keks[0].id

    @property
    def keks(self) -> tuple[Kek, ...]:
        """Give the master keys, the one in force first."""
        return self._keks

    @property
    def kek_ids(self) -> tuple[str, ...]:
        """Give the ids of all the master keys held, the one in force first."""
        return tuple(kek.id for kek in self._keks)

    def refresh(self) -> None:
        """Read the master keys anew, where they can change."""
        if self._reload is not None:
            self._keks = tuple(self._reload())

    def derive(self, label: str, length: int = KEY_SIZE) -> bytes:
        """Derive a purpose key from the master key in force; what must outlive it is wrapped with `wrap_purpose`."""
        return derive(self._keks[0], label, length)

    def create_tenant_key(self, tenant_id: str) -> bytes:
        """Make a tenant key under the master key in force; gives its wrapped bytes, to be stored."""
        self.refresh()  # a server that runs since before a rotation must not go back to the retired key
        kek = self._keks[0]
        return wrap(kek.key, kind=TENANT, parent_id=kek.id, child_id=tenant_id, key=new_key())

    def kek_of(self, tenant_id: str, wrapped: bytes) -> str:
        """Give the id of the master key that wraps a tenant key; Tampered when it is none of those held."""
        return self._unwrap_top(TENANT, tenant_id, wrapped, "")[1]

    def tenant_key(self, tenant_id: str, wrapped: bytes, kek_id: str = "") -> bytes:
        """Open a tenant key; Tampered unless one of the master keys wrapped it for this tenant.

        `kek_id` names the master key, where it is known; else each is tried: a wrapped key opens under its own alone.
        """
        return self._remember(
            TENANT, tenant_id, wrapped, "", lambda: self._unwrap_top(TENANT, tenant_id, wrapped, kek_id)[0]
        )

    def purpose_key(self, label: str, wrapped: bytes, kek_id: str = "") -> bytes:
        """Open a purpose key that `wrap_purpose` wrapped."""
        return self._unwrap_top(PURPOSE, label, wrapped, kek_id)[0]

    @staticmethod
    def wrap_purpose(kek: Kek, label: str, key: bytes) -> bytes:
        """Wrap a purpose key under a master key, so that it outlives the one that it was derived from."""
        return wrap(kek.key, kind=PURPOSE, parent_id=kek.id, child_id=label, key=key)

    def create_classroom_key(self, classroom_id: str, *, tenant_id: str, tenant_wrapped: bytes) -> bytes:
        """Make the key of a class for one school year; gives its wrapped bytes, to be stored."""
        parent = self.tenant_key(tenant_id, tenant_wrapped)
        return wrap(parent, kind=CLASSROOM, parent_id=tenant_id, child_id=classroom_id, key=new_key())

    def classroom_key(self, classroom_id: str, wrapped: bytes, *, tenant_id: str, tenant_wrapped: bytes) -> bytes:
        """Open the key of a class; Tampered unless it was wrapped for this class of this tenant."""
        names = {"kind": CLASSROOM, "parent_id": tenant_id, "child_id": classroom_id, "wrapped": wrapped}
        return self._remember(
            CLASSROOM,
            classroom_id,
            wrapped,
            tenant_id,
            lambda: unwrap(self.tenant_key(tenant_id, tenant_wrapped), **names),
        )

    def rewrap_tenant_key(self, tenant_id: str, wrapped: bytes, new_kek: Kek) -> bytes:
        """Wrap a tenant key under another master key; nothing below it changes."""
        key = self.tenant_key(tenant_id, wrapped)
        return wrap(new_kek.key, kind=TENANT, parent_id=new_kek.id, child_id=tenant_id, key=key)

    def forget(self, kind: str, key_id: str) -> None:
        """Drop a key from memory and, for a tenant, the keys of its classes; and every cipher made from a key."""
        with self._lock:
            self._cache.pop((kind, key_id), None)
            if kind == TENANT:
                for name in [name for name, cached in self._cache.items() if cached.parent_id == key_id]:
                    del self._cache[name]
        fields.forget_keys()

    def forget_all(self) -> None:
        """Drop every tenant and class key from memory, and every cipher made from one."""
        with self._lock:
            self._cache.clear()
        fields.forget_keys()

    def _remember(self, kind: str, key_id: str, wrapped: bytes, parent_id: str, open_it: Callable[[], bytes]) -> bytes:
        wrapped = bytes(wrapped)
        name = (kind, key_id)
        with self._lock:
            cached = self._cache.get(name)
            if cached is not None and cached.wrapped == wrapped and cached.parent_id == parent_id:
                self._cache.move_to_end(name)
                return cached.key
        # Outside the lock: two threads may open the same key twice, which costs less than waiting for each other.
        key = open_it()
        with self._lock:
            self._cache[name] = _Cached(wrapped, parent_id, key)
            self._cache.move_to_end(name)
            while len(self._cache) > self._capacity:
                self._cache.popitem(last=False)
        return key

    def _unwrap_top(self, kind: str, name: str, wrapped: bytes, kek_id: str) -> tuple[bytes, str]:
        """Open what a master key wraps, and say which; when none does, the key files are read once more."""
        try:
            return self._try_keks(kind, name, wrapped, kek_id)
        except Tampered:
            known = self.kek_ids
            self.refresh()
            if self.kek_ids == known:
                raise
            return self._try_keks(kind, name, wrapped, kek_id)

    def _try_keks(self, kind: str, name: str, wrapped: bytes, kek_id: str) -> tuple[bytes, str]:
        for kek in self._keks:
            if kek_id in ("", kek.id):
                try:
                    return unwrap(kek.key, kind=kind, parent_id=kek.id, child_id=name, wrapped=bytes(wrapped)), kek.id
                except Tampered:
                    continue
        raise Tampered(f"wrapped {kind} key does not open under any master key held here")
