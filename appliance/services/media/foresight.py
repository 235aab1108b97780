"""What the first bytes of a file tell before the rest has arrived: its likely family, or that it is of no use to go
on."""

import io

from appliance.core.i18n import _
from appliance.services.media import admission, kinds
from appliance.services.media.refusals import FileRefused

# What the first bytes alone prove; other refusals may come from what hasn't arrived yet.
_DEFINITE = frozenset({"not_allowed", "program", "old_office", "other_picture", "active", "svg", "unknown", "archive"})


class TooHeavy(FileRefused):
    """A file, or one of its pieces, is larger than what is accepted."""

    status = 413


class NeverAcceptable(FileRefused):
    """The first bytes show that nothing that may follow would make this file acceptable."""

    def __init__(self, reason: str, message: object, *, status: int = FileRefused.status):
        super().__init__(reason, message)
        self.status = status


def most_bytes() -> int:
    """The size of the largest file that is accepted, of whatever family."""
    return max((admission.most_bytes(family) for family in admission.accepted()), default=0)


def too_heavy(most: int) -> TooHeavy:
    """The refusal of a file that is larger than `most`."""
    text = _("Ce fichier est trop lourd\u202f: %(limit)s\u202fMo au plus.", limit=most // 1_000_000)
    return TooHeavy("too_heavy", text)


def foresee(length: int, data: bytes) -> str:
    """The family that the first bytes announce, empty when they don't tell; FileRefused when nothing that may follow
    could make the file acceptable. The processing decides on the whole file."""
    whole = len(data) == length
    if len(data) < kinds.HEAD and not whole:
        return ""
    head = data[: kinds.HEAD]
    try:
        family = kinds.sniff(head, data[-kinds.TAIL :], io.BytesIO(data), allowed=admission.accepted()).family
    except FileRefused as error:
        if whole or (error.reason in _DEFINITE and not head.startswith((b"PK", b"ID3"))):
            raise NeverAcceptable(error.reason, error.message) from error
        family = _promise(head)
    most = admission.most_bytes(family) if family else most_bytes()
    if length > most:
        error = too_heavy(most)
        raise NeverAcceptable(error.reason, error.message, status=error.status)
    return family


def _promise(head: bytes) -> str:
    """What a file that can't be judged before its end is, if it is anything that is accepted."""
    if head[4:8] == b"ftyp":
        return "video"
    if head.startswith(b"ID3"):
        return "audio"
    return "document" if head.startswith((b"%PDF", b"PK")) else ""
