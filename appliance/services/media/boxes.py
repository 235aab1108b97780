"""The boxes of an ISO media file (MP4, MOV, HEIC), one after the other, found by their headers alone."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_MOST = 1000


class Box(NamedTuple):
    """A box: its type, where it begins, its whole length, where its content begins."""

    kind: bytes
    start: int
    length: int
    body: int = 0

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + self.length


def list_boxes(fileobj: BinaryIO, start: int = 0, end: int | None = None, most: int = _MOST) -> Iterator[Box]:
    """The boxes at the top of a file, or of what lies between two places of it; ISO 14496-12 §4.2: size, type, a 64-bit
    size when size is 1, all that is left when it is 0.

    Ends where the headers make no sense. The last box may be longer than what is there.
    """
    end = fileobj.seek(0, os.SEEK_END) if end is None else end
    for _number in range(most):
        if start >= end:
            return
        fileobj.seek(start)
        header = fileobj.read(min(16, end - start))
        if len(header) < 8:
            return
        length, kind = struct.unpack(">L4s", header[:8])
        body = start + 8
        if length == 1 and len(header) == 16:
            length, body = struct.unpack(">Q", header[8:])[0], start + 16
        box = Box(kind, start, length or end - start, body)
        if box.end < body:
            return
        yield box
        start = box.end
