"""Why a file is refused, in words that say what to send instead."""

from appliance.core.errors import Refused
from appliance.core.i18n import _


class FileRefused(Refused):
    """A file is not accepted. `reason` names the rule for tests and logs; the message never quotes the file."""

    def __init__(self, reason: str, message: object, *, field: str | None = "files"):
        super().__init__(message, field=field)
        self.reason = reason


def refuse_kind(reason: str, text: str, allowed: frozenset[str]) -> FileRefused:
    """The refusal of a kind of file: what it is, then what is accepted here."""
    return FileRefused(reason, f"{text} {describe_allowed(allowed)}".strip())


def describe_allowed(allowed: frozenset[str]) -> str:
    """A French sentence that lists what may be sent."""
    listed = {
        "picture": _("des photos (JPEG, PNG, WebP, GIF, HEIC)"),
        "document": _("des documents (PDF, LibreOffice, Word, Excel, PowerPoint, texte)"),
        "audio": _("du son (MP3, M4A, OGG, WAV)"),
        "video": _("des vidéos (MP4, WebM)"),
    }
    names = [text for family, text in listed.items() if family in allowed]
    return _("Vous pouvez joindre %(kinds)s.", kinds=", ".join(names)) if names else ""
