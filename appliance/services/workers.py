"""The threads that do what waits in `services.work`: they wake when something was submitted here, and every few
seconds for what another node submitted or what has become due."""

import logging
import os
import threading

from appliance.services import work
from appliance.storage import database

POLL_SECONDS = 20
_NICENESS = 10  # pages come first

_log = logging.getLogger("preau.work")


class Workers:
    """A few threads; `stop()` has them give back what they are at and ends them."""

    def __init__(self, count: int):
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._work, name=f"worker-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Begin with what is due already."""
        for thread in self.threads:
            thread.start()

    def stop(self, seconds: float = 20) -> None:
        """End the threads, at most so many seconds each; what one is in the middle of is done again later."""
        self.stopping.set()
        work.wanted.set()
        for thread in self.threads:
            thread.join(seconds)

    def _work(self) -> None:
        if hasattr(os, "setpriority"):  # Linux: of this thread alone, and of the programs that it starts
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        while not self.stopping.is_set():
            work.wanted.clear()
            try:
                with database.connection():
                    work.run_due(self.stopping)
            except Exception as error:  # the database went away: it is tried again at the next turn
                _log.error("worker failed", extra={"error": type(error).__name__})
            if not self.stopping.is_set():
                work.wanted.wait(POLL_SECONDS)
