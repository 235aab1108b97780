"""The boxes of an ISO media file (MP4, MOV, HEIC), one after the other, found by their headers alone."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

_MOST = 1000


def list_boxes(fileobj: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """(type, place, size in bytes) of the boxes at the top of a file; ISO 14496-12 §4.2: size, type, a 64-bit size when
    size is 1, the rest of the file when it is 0. Ends where the headers make no sense."""
    end, position = fileobj.seek(0, os.SEEK_END), 0
    for _number in range(_MOST):
        fileobj.seek(position)
        header = fileobj.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">L4s", header[:8])
        if size == 1 and len(header) == 16:
            size = struct.unpack(">Q", header[8:])[0]
        size = size or end - position
        if size < 8:
            return
        yield kind, position, size
        position += size
        if position >= end:
            return
