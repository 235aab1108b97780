"""Events go upwards only, and only after the commit: a subscriber never sees what was rolled back."""

import logging
from collections import defaultdict
from collections.abc import Callable

_subscribers: dict[type, list[Callable]] = defaultdict(list)
_log = logging.getLogger("preau.bus")


def subscribe(event_type: type, handler: Callable) -> None:
    """Call `handler(event)` after each committed event of this type; twice the same handler counts once."""
    if handler not in _subscribers[event_type]:
        _subscribers[event_type].append(handler)


def deliver(event: object) -> None:
    """Hand one event to its subscribers; one that fails is logged and does not stop the others."""
    for handler in _subscribers[type(event)]:
        try:
            handler(event)
        except Exception:
            _log.exception("subscriber failed", extra={"event": type(event).__name__})
