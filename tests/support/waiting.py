"""What comes soon is looked for until it is there; what doesn't come fails the test that waited for it."""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def wait_for(look: Callable[[], T], seconds: float = 120, *, every: float = 0.1, why: Callable[[], str] = str) -> T:
    """What `look` gives, once that is something; after so many seconds the test fails, with what `why` tells."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"what was waited for did not come in {seconds} s\n{why()}")
        time.sleep(every)
    return found


def is_open(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
