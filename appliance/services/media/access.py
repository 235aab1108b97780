"""May this person see this media? The features that attach media answer; nobody else's word opens a file."""

from collections.abc import Callable

_finders: list[Callable] = []


def register(finder: Callable) -> None:
    """Ask `finder(actor, media_public_id)` too: a row when the person may see the media, None when not."""
    if finder not in _finders:
        _finders.append(finder)


def is_visible(actor, media_public_id: str) -> bool:
    """Whether something that this person may see holds this media, now."""
    return any(finder(actor, media_public_id) is not None for finder in _finders)
