"""Passwords at rest: Argon2id at OWASP's minimum, computed by few low-priority threads so that pages stay fast."""

import contextlib
import os
import sys
import threading
import unicodedata
from concurrent.futures import Future, ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHash, VerificationError

from appliance.crypto.errors import Busy
from appliance.crypto.password_rule import MAX_LENGTH, MIN_LENGTH, PasswordProblem, check_password

__all__ = [
    "DUMMY_HASH",
    "MAX_LENGTH",
    "MIN_LENGTH",
    "Hasher",
    "PasswordProblem",
    "check_password",
    "hash_password",
    "needs_rehash",
    "verify_password",
]

# OWASP Password Storage Cheat Sheet: t=2, m=19 MiB, p=1.
_ARGON2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
# Nobody knows its password: unknown accounts are verified against it, so that they cost what known ones cost.
DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$HPdZYYXLgHOqrakMAEpH5Q$tZi99dqi+of6CBAeug4dJHkbJ8/mjo5xePh8tc5eJkE"
_WORKER_NICENESS = 10


def hash_password(password: str) -> str:
    """Hash a password for storage; the caller has checked it with `check_password`."""
    return _ARGON2.hash(_to_bytes(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Say whether this is the password; costs the same for a wrong one, an unknown account (None) and a bad text."""
    known = stored is not None
    try:
        secret = _to_bytes(password)
    except ValueError:
        known, secret = False, b""
    try:
        return _ARGON2.verify(stored if known else DUMMY_HASH, secret) and known
    except (VerificationError, InvalidHash):
        return False


def needs_rehash(stored: str) -> bool:
    """Say whether a stored hash was made with other parameters than today's; hash again at the next sign-in."""
    try:
        return _ARGON2.check_needs_rehash(stored)
    except InvalidHash:
        return True


class Hasher:
    """A bounded pool for hashing: `workers` at a time, `queue_limit` waiting, beyond that Busy."""

    def __init__(self, workers: int = 1, queue_limit: int = 32) -> None:
        if workers < 1 or queue_limit < 0:
            raise ValueError("a pool has at least one worker and no negative queue")
        self._places = threading.BoundedSemaphore(workers + queue_limit)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="passwords", initializer=_lower_own_priority)

    def hash(self, password: str) -> str:
        """Hash a password in the pool; Busy if too many are waiting."""
        return self._submit(hash_password, password).result()

    def verify(self, stored: str | None, password: str) -> bool:
        """Verify a password in the pool; Busy if too many are waiting."""
        return self._submit(verify_password, stored, password).result()

    def close(self) -> None:
        """Finish what is running and stop the threads."""
        self._pool.shutdown()

    def _submit(self, function, *arguments) -> Future:
        if not self._places.acquire(blocking=False):
            raise Busy("too many passwords are being checked")
        try:
            future = self._pool.submit(function, *arguments)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        return future


def _lower_own_priority() -> None:
    """Let pages go first: on Linux a priority may be set for one thread; a sandbox may forbid it, which is no error."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _WORKER_NICENESS)


def _to_bytes(password: str) -> bytes:
    """Give the bytes that are hashed: NFC, UTF-8, so that the same keys give the same password on every system."""
    if len(password) > 4 * MAX_LENGTH:
        raise ValueError("password is too long")
    return unicodedata.normalize("NFC", password).encode("utf-8")
