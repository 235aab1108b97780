"""What may come in: which families, how heavy each, how large a picture, how many pictures are decoded at once; all
from the settings, asked in one place whatever way a file comes."""

import threading
from contextlib import contextmanager

from appliance.core.config import Limits
from appliance.core.i18n import _
from appliance.services.media import heif, pictures, programs
from appliance.services.media.kinds import Kind
from appliance.services.media.refusals import FileRefused

_limits = Limits()
_decoding = threading.BoundedSemaphore(_limits.pictures_at_once)


def configure(limits: Limits) -> None:
    """Use these limits from here on."""
    global _limits, _decoding
    _limits, _decoding = limits, threading.BoundedSemaphore(limits.pictures_at_once)


def accepted() -> frozenset[str]:
    """The families that this place takes."""
    families = {
        "picture": _limits.accept_pictures,
        "document": _limits.accept_documents,
        "audio": _limits.accept_sounds,
        "video": _limits.accept_videos,
    }
    return frozenset(family for family, open_to in families.items() if open_to)


def most_bytes(family: str) -> int:
    """The size of the largest file of a family that is accepted."""
    megabytes = {
        "picture": _limits.picture_mb,
        "document": _limits.document_mb,
        "audio": _limits.sound_mb,
        "video": _limits.video_mb,
    }
    return megabytes[family] * 1_000_000


def require_size(kind: Kind, size: int) -> None:
    """FileRefused when a file of this kind is heavier than the settings allow."""
    if size > most_bytes(kind.family):
        limit = most_bytes(kind.family) // 1_000_000
        text = _("Ce fichier est trop lourd\u202f: %(limit)s\u202fMo au plus.", limit=limit)
        raise FileRefused("too_heavy", text)


def require_tools(kind: Kind) -> None:
    """FileRefused, at the door, when this machine lacks the program that prepares a file of this kind."""
    if kind.name in heif.KINDS and heif.find_tool() is None:
        raise heif.unavailable()
    if kind.family in ("audio", "video"):
        programs.require("ffmpeg", "ffprobe")


def picture_limits() -> pictures.Limits:
    """What is asked of a picture before it is decoded."""
    return pictures.Limits(max_bytes=_limits.picture_mb * 1_000_000, max_pixels=_limits.picture_megapixels * 1_000_000)


@contextmanager
def decoding():
    """Hold one of the few places for a picture in memory."""
    with _decoding:
        yield
