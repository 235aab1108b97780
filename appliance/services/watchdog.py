"""What systemd is told (sd_notify(3)): that the service is ready, what it does, and, twice in each period of its
watchdog, that it lives. A service that no longer proves it is silent, and systemd starts it again."""

import logging
import os
import socket
import threading
from collections.abc import Callable

_log = logging.getLogger("preau.server")


def notify(state: str) -> None:
    """Tell systemd about our state, when it asked to know."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def read_period() -> float:
    """The seconds after which systemd takes silence for death; 0 when it does not watch this process."""
    watched = os.environ.get("WATCHDOG_PID", "")
    if watched and watched != str(os.getpid()):
        return 0.0
    given = os.environ.get("WATCHDOG_USEC", "")
    return int(given) / 1_000_000 if given.isdigit() else 0.0


class Watchdog:
    """A thread that asks for a proof of life twice a period: `prove(done)` has what serves call `done()`."""

    def __init__(self, prove: Callable[[Callable[[], None]], None], period: float, name: str = ""):
        self.prove, self.period, self.name = prove, period, name
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin, when systemd watches at all."""
        if self.period:
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _watch(self) -> None:
        silent = False
        while not self._over.is_set():
            answered = threading.Event()
            try:
                self.prove(answered.set)
            except Exception as error:
                _log.error("no proof of life", extra={"error": type(error).__name__})
            if answered.wait(self.period / 2):
                notify("WATCHDOG=1" + (f"\nSTATUS={self.name}" if silent else ""))
                silent = False
                self._over.wait(self.period / 2)
            elif not silent and not self._over.is_set():
                silent = True
                notify("STATUS=Does not answer: systemd restarts it unless it does soon")
                _log.error("the service does not answer")
