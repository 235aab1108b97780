"""The door of the set-up in the browser: one secret, shown where only who holds the machine can read it, opens it once.

Ten wrong tries, and another secret is shown; between two rounds of tries the door waits.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from hashlib import sha256

from appliance.crypto.errors import BadCode
from appliance.crypto.recovery import new_code, parse_code

TRIES = 10
PAUSE = 30.0


class Door:
    """One secret at a time, one browser at a time; `show` puts a new secret on the console."""

    def __init__(self, show: Callable[[str], None], timer: Callable[[], float] = time.monotonic):
        self._show, self._timer, self._lock = show, timer, threading.Lock()
        self._key = secrets.token_bytes(32)
        self._inside = ""
        self._closed_until = self._asked_at = float("-inf")
        self._renew()

    def _renew(self) -> None:
        self._secret, self._left = new_code(), TRIES
        self._asked_at = self._timer()
        self._show(self._secret)

    def waits(self) -> bool:
        """Whether nobody may try for a while."""
        return self._timer() < self._closed_until

    def ask_again(self) -> bool:
        """Show another secret, for another browser; at most one each half minute."""
        with self._lock:
            if self._timer() - self._asked_at < PAUSE:
                return False
            self._renew()
            return True

    def open(self, typed: str) -> str:
        """The token of whoever typed the secret, which is then used up; nothing for a wrong one."""
        with self._lock:
            if self.waits() or not self._secret:
                return ""
            try:
                given = parse_code(typed)
            except BadCode:
                given = "-" * 12
            if hmac.compare_digest(given.encode(), parse_code(self._secret).encode()):
                self._secret, token = "", secrets.token_urlsafe(32)
                self._inside = self._digest(token)
                return token
            self._left -= 1
            if self._left == 0:
                self._closed_until = self._timer() + PAUSE
                self._renew()
            return ""

    @property
    def is_used(self) -> bool:
        """Whether the secret has let a browser in."""
        return not self._secret

    def knows(self, token: str) -> bool:
        """Whether this is the browser that was let in last."""
        return bool(self._inside) and hmac.compare_digest(self._digest(token), self._inside)

    def proof(self, token: str) -> str:
        """What each form of this browser carries, so that no other page can send one in its name."""
        return hmac.digest(self._key, b"form" + token.encode(), "sha256").hex()

    def is_proof(self, token: str, given: str) -> bool:
        """Whether a form comes from a page that this browser was given."""
        return bool(token) and hmac.compare_digest(self.proof(token).encode(), given.encode())

    def _digest(self, token: str) -> str:
        return sha256(self._key + token.encode()).hexdigest()
