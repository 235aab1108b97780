"""Work that must tell the asker nothing by its duration (is there such an account? does the relay answer?): one
thread, bounded."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from appliance.storage import database

_WAITING = 200
_log = logging.getLogger("preau.people")
_places = threading.BoundedSemaphore(_WAITING)
_thread = ThreadPoolExecutor(1, thread_name_prefix="people")


def submit(work: Callable, *arguments: object) -> bool:
    """Do it soon, with a connection of its own; False when too much is waiting (it is then dropped and logged)."""
    if not _places.acquire(blocking=False):
        _log.warning("background work dropped")
        return False
    _thread.submit(_run, work, arguments).add_done_callback(lambda _future: _places.release())
    return True


def drain() -> None:
    """Wait until what was submitted so far is done (tests)."""
    _thread.submit(lambda: None).result()


def _run(work: Callable, arguments: tuple) -> None:
    try:
        with database.connection():
            work(*arguments)
    except Exception as error:  # nobody waits for the outcome; the person asks again
        _log.error("background work failed", extra={"work": work.__name__, "error": type(error).__name__})
