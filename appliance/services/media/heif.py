"""HEIC and AVIF photos: measured in their container, decoded by libheif's tool as a limited program, drawn anew.

Only what the container says about sizes is read here (ISO 23008-12 §6.5.3.1 `ispe`, in the boxes of ISO 14496-12
§8.11); the tool turns and mirrors the picture as its `irot` and `imir` say, so an EXIF orientation counts no more
(ISO 23000-22 §7.3.6.7).
"""

import io
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from appliance.core.i18n import lazy_
from appliance.services.media import pictures, programs
from appliance.services.media.boxes import Box, list_boxes
from appliance.services.media.refusals import FileRefused
from appliance.storage import memory

KINDS = frozenset({"heic", "avif"})
TOOLS = ("heif-convert", "heif-dec")
SECONDS = 40
MEMORY_MB = 2048
UNAVAILABLE = "heic_unavailable"
REASONS = {
    UNAVAILABLE: lazy_(
        "Ce serveur ne sait pas lire les photos HEIC et AVIF. Enregistrez la photo en JPEG, puis renvoyez-la."
    ),
}
_MAX_META = 1 << 20
_MAX_SOURCES = 400  # tiles and other pictures: a phone's photo of 48 megapixels has about 200
_PIECE = 256 * 1024
_VERSION_AND_FLAGS = 4  # stand in `meta` before the boxes inside


def find_tool() -> str | None:
    """The path of the tool, or None where it is not installed."""
    return next(filter(None, map(shutil.which, TOOLS)), None)


def read_sizes(fileobj: BinaryIO) -> list[tuple[int, int]]:
    """The width and height of every picture that the container describes; FileRefused when it describes none."""
    meta = _read_meta(fileobj)
    holders = [Box(b"meta", 0, len(meta.getbuffer()), _VERSION_AND_FLAGS)]
    for wanted in (b"iprp", b"ipco", b"ispe"):
        inside = (box for holder in holders for box in list_boxes(meta, holder.body, holder.end, _MAX_META // 8))
        holders = [box for box in inside if box.kind == wanted]
    sizes = [meta.getbuffer()[box.body + 4 : min(box.body + 12, box.end)] for box in holders]
    if not 0 < len(sizes) <= _MAX_SOURCES or any(len(size) < 8 for size in sizes):
        raise pictures.damaged()
    return [struct.unpack(">2L", size) for size in sizes]


def _read_meta(fileobj: BinaryIO) -> io.BytesIO:
    """What is in the first `meta` box at the top of the file: the one that the tool reads."""
    end = fileobj.seek(0, os.SEEK_END)
    box = next((box for box in list_boxes(fileobj) if box.kind == b"meta"), None)
    if box is None or box.length > _MAX_META or box.end > end:
        raise pictures.damaged()
    fileobj.seek(box.body)
    return io.BytesIO(fileobj.read(box.end - box.body))


def require_size(fileobj: BinaryIO, limits: pictures.Limits) -> None:
    """FileRefused, before anything is decoded, when any picture in the container has too many pixels."""
    for width, height in read_sizes(fileobj):
        if width < 1 or height < 1:
            raise pictures.damaged()
        if max(width, height) > limits.max_side or width * height > limits.max_pixels:
            raise pictures.too_large()


def make_renditions(
    fileobj: BinaryIO, *, limits: pictures.Limits, tick: Callable[[], object] | None = None
) -> pictures.Renditions:
    """The photo in three sizes, as `pictures.make_renditions` does; FileRefused when it can't be read, or when there
    is nothing to read it with."""
    require_size(fileobj, limits)
    tool = find_tool()
    if tool is None:
        raise unavailable()
    with programs.private_folder() as folder:
        source, drawn = folder / "photo.heic", folder / "drawn.jpg"
        fileobj.seek(0)
        memory.write(source, iter(lambda: fileobj.read(_PIECE), b""))
        output_mb = 8 + 4 * limits.max_pixels // 1_000_000
        result = programs.run(
            [tool, "-q", "95", str(source), str(drawn)],
            seconds=SECONDS, memory_mb=MEMORY_MB, output_mb=output_mb, folder=folder, tick=tick,
        )  # fmt: skip
        if b"nsupported codec" in result.errors or b"No decoding plugin" in result.errors:
            raise unavailable()
        first = _find_first(drawn)
        if not result.ok or first is None:
            raise pictures.damaged()
        with first.open("rb") as file:
            return pictures.make_renditions(file, limits=_of_drawn(limits, output_mb), upright=True)


def _of_drawn(limits: pictures.Limits, output_mb: int) -> pictures.Limits:
    """A drawn picture is heavier than the one that was sent, and has as many pixels."""
    return pictures.Limits(max_bytes=output_mb << 20, max_pixels=limits.max_pixels, max_side=limits.max_side)


def _find_first(drawn: Path) -> Path | None:
    """A file with several pictures gives `drawn-1.jpg`, `drawn-2.jpg`…: the first one is shown."""
    for path in (drawn, drawn.with_name("drawn-1.jpg")):
        if path.is_file() and not path.is_symlink():
            return path
    return None


def unavailable() -> FileRefused:
    """The refusal of a photo that this machine has no tool for."""
    return FileRefused(UNAVAILABLE, REASONS[UNAVAILABLE])
