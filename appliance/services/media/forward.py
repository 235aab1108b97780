"""A film as one stream that can be read from its start to its end: it goes to a program through a pipe and never to a
disk.

Phones write the index of an MP4 file (`moov`) after the pictures, which they know only at the end. It is put before
them on the way, with its offsets shifted (ISO 14496-12 §8.7.5: `stco`, `co64`); everything else passes unchanged.
"""

import array
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO

from appliance.core.i18n import _
from appliance.services.media.boxes import Box, list_boxes
from appliance.services.media.refusals import FileRefused

_MAX_BOXES = 100_000
_MAX_INDEX = 64 << 20
_STRETCH = 1 << 18  # bytes of a table that are shifted at once
_WAY = (b"trak", b"mdia", b"minf", b"stbl")
_WIDTHS = {b"stco": "I", b"co64": "Q"}


class Forward:
    """Reads pieces one after the other: stretches of a source, and bytes that take the place of others."""

    def __init__(self, source: BinaryIO, pieces: list[Box | bytes]):
        self._source, self._pieces, self._left = source, list(reversed(pieces)), 0

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        while not self._left and self._pieces:
            piece = self._pieces.pop()
            if isinstance(piece, bytes):
                return piece
            self._source.seek(piece.start)
            self._left = piece.length
        found = self._source.read(min(size, self._left)) if self._left else b""
        self._left -= len(found)
        return found


def straighten(source: BinaryIO, size: int) -> Forward:
    """An MP4 file, its index first; FileRefused where it is cut or has no index."""
    boxes = list(_list_boxes(source, size))
    names = [box.kind for box in boxes]
    if b"moov" not in names:
        raise _truncated()
    index = names.index(b"moov")
    media = names.index(b"mdat") if b"mdat" in names else len(names)
    if index < media:
        return Forward(source, [Box(b"", 0, size)])
    if boxes[index].length > _MAX_INDEX:
        raise FileRefused("unreadable", _("L’index de cette vidéo est trop grand pour être lu sans risque."))
    moov = _read_moov(source, boxes[index], boxes[media].start)
    return Forward(source, [*boxes[:media], moov, *boxes[media:index], *boxes[index + 1 :]])


def _truncated() -> FileRefused:
    return FileRefused("truncated", _("Cet enregistrement est incomplet\u202f: il a été coupé. Renvoyez-le."))


def _list_boxes(source: BinaryIO, size: int) -> Iterator[Box]:
    """The outermost boxes, which fill the file to its end."""
    end = 0
    for box in list_boxes(source, 0, size, _MAX_BOXES):
        yield box
        end = box.end
    if end != size:
        raise _truncated()


def _read_moov(source: BinaryIO, box: Box, first: int) -> bytes:
    """The index with each offset between the first pictures and itself shifted by its own length."""
    source.seek(box.start)
    moov = bytearray(source.read(box.length))
    tables = 0
    for start, end, kind in _list_tables(moov):
        for place in range(start, end, _STRETCH):  # numbers take ten times as much memory as their bytes
            stretch = slice(place, min(place + _STRETCH, end))
            moov[stretch] = _shift(bytes(moov[stretch]), _WIDTHS[kind], first, box)
        tables += 1
    if not tables:
        raise FileRefused("unreadable", _("Cette vidéo n’a pas pu être lue. Enregistrez-la en MP4, puis renvoyez-la."))
    return bytes(moov)


def _shift(entries: bytes, width: str, first: int, box: Box) -> bytes:
    offsets = array.array(width, entries)
    if sys.byteorder == "little":
        offsets.byteswap()
    moved = [at + box.length if first <= at < box.start else at for at in offsets]
    if width == "I" and moved and max(moved) > 0xFFFFFFFF:
        raise FileRefused("too_heavy", _("Cette vidéo est trop lourde pour être lue."))
    offsets = array.array(width, moved)
    if sys.byteorder == "little":
        offsets.byteswap()
    return offsets.tobytes()


def _list_tables(moov: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Where the entries of each table of offsets begin and end."""
    levels = [(8 if moov[:4] != b"\0\0\0\1" else 16, len(moov), 0)]
    while levels:
        position, end, depth = levels.pop()
        while position + 8 <= end:
            length, kind = struct.unpack_from(">L4s", moov, position)
            if length < 8 or position + length > end:
                break
            if depth < len(_WAY) and kind == _WAY[depth]:
                levels.append((position + 8, position + length, depth + 1))
            elif depth == len(_WAY) and kind in _WIDTHS and length >= 16:
                count = struct.unpack_from(">L", moov, position + 12)[0]
                stop = position + 16 + count * (4 if kind == b"stco" else 8)
                if stop > position + length:
                    raise _truncated()
                yield position + 16, stop, kind
            position += length
