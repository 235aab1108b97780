"""Many files as one ZIP archive that exists nowhere: its layout follows from sizes and CRCs that rows already hold.

Nothing is compressed (photos and films are), so every byte's place is known beforehand: the archive can be sought in
like a file, any part of it is the same today and tomorrow, and an interrupted download resumes. Format: PKWARE
APPNOTE 6.3.9, with ZIP64 (§4.3.14, §4.5.3) where a size, a place or a number needs it and UTF-8 names (§4.4.4 bit 11).
"""

import bisect
import hashlib
import os
import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import BinaryIO, NamedTuple

from appliance.crypto.errors import Tampered
from appliance.services.media.source import Placed

MIME = "application/zip"
_LAYOUT = b"1"  # changes with every change of the bytes below: an archive is resumed only within one layout
_BATCH = 256 * 1024
_LEAST = 64 * 1024
_WIDE = 0xFFFFFFFF
_MANY = 0xFFFF
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_UTF8 = 0x800
_UNIX_FILE = 0o100644 << 16


class Entry(NamedTuple):
    """One file of an archive. `open` gives a seekable reader of exactly `size` bytes; `content` names these bytes,
    `media` whose they are."""

    name: str
    size: int
    crc32: int
    modified: datetime
    content: str
    open: Callable[[], BinaryIO]
    media: str = ""


class ZipStream(Placed):
    """A ZIP archive as a seekable file; one of its files is open at a time, and one piece of it is in memory.

    Each read gives a piece at most, as `SendingReader` does, and keeps it: a server asks again for what it could not
    send.
    """

    def __init__(self, entries: Sequence[Entry], *, on_damaged: Callable[[Entry, Exception], object] | None = None):
        super().__init__()
        self._entries, self._on_damaged = list(entries), on_damaged
        self._position, self._number, self._reader = 0, -1, None
        self._window, self._window_start = b"", 0
        self._lay_out()

    def _lay_out(self) -> None:
        """Where each header, file and record begins: headers and files alternate, then the records, then the end."""
        self._starts, place = [], 0
        for entry in self._entries:
            self._starts += (place, place + len(_local(entry)))
            place = self._starts[-1] + entry.size
        self._directory = place
        for number, entry in enumerate(self._entries):
            self._starts.append(place)
            place += len(_central(entry, self._starts[2 * number]))
        self._starts.append(place)
        self._end = _end(len(self._entries), self._directory, place - self._directory)
        self.size = place + len(self._end)

    @property
    def etag(self) -> str:
        """A strong validator: the same exactly when every byte is the same."""
        digest = hashlib.sha256(_LAYOUT)
        for entry in self._entries:
            digest.update(repr((entry.name, entry.size, entry.crc32, _dos(entry.modified), entry.content)).encode())
        return f'"{digest.hexdigest()[:32]}"'

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, at most a piece of 256 KiB; none only at the end. Tampered, after what could be read."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        left = self.size - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted <= 0:
            return b""
        offset = self._position - self._window_start
        if not 0 <= offset < len(self._window):
            self._fill(min(max(wanted, _LEAST), _BATCH, left))
            offset = 0
        piece = self._window[offset : offset + wanted]
        self._position += len(piece)
        return piece

    def readall(self) -> bytes:
        """All that is left, in memory: for tests and small archives."""
        return b"".join(iter(lambda: self.read(_BATCH), b""))

    def readinto(self, buffer) -> int:
        """Fill a buffer as far as one piece goes."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _fill(self, wanted: int) -> None:
        pieces, place = [], self._position
        self._window = b""
        while wanted > 0:
            try:
                piece = self._piece(place, wanted)
            except (Tampered, OSError):
                if pieces:  # what comes before the damage is right, and goes out
                    break
                raise
            pieces.append(piece)
            place += len(piece)
            wanted -= len(piece)
        self._window, self._window_start = b"".join(pieces), self._position

    def _piece(self, place: int, wanted: int) -> bytes:
        part = bisect.bisect_right(self._starts, place) - 1
        offset, count = place - self._starts[part], len(self._entries)
        number, is_file = divmod(part, 2)
        if part >= 2 * count:
            record = part - 2 * count
            whole = self._end if record == count else _central(self._entries[record], self._starts[2 * record])
            return whole[offset : offset + wanted]
        if not is_file:
            return _local(self._entries[number])[offset : offset + wanted]
        return self._read_file(number, offset, min(wanted, self._entries[number].size - offset))

    def _read_file(self, number: int, offset: int, wanted: int) -> bytes:
        entry = self._entries[number]
        try:
            if number != self._number:
                self._close_file()
                self._reader, self._number = entry.open(), number
                if self._reader.seek(0, os.SEEK_END) != entry.size:
                    raise Tampered("a file is not as long as its row says")
            self._reader.seek(offset)
            piece = self._reader.read(wanted)
            if not piece:
                raise Tampered("a file ends before its row says")
        except (Tampered, OSError) as error:
            self._close_file()
            if self._on_damaged is not None:
                self._on_damaged(entry, error)
            raise
        return piece

    def _close_file(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader, self._number = None, -1

    def close(self) -> None:
        """Close the file that is open."""
        self._window = b""
        self._close_file()
        super().close()


def _dos(moment: datetime) -> tuple[int, int]:
    """Time and date as MS-DOS counts them, in steps of two seconds from 1980 (§4.4.6)."""
    day = (max(moment.year, 1980) - 1980) << 9 | moment.month << 5 | moment.day
    return moment.hour << 11 | moment.minute << 5 | moment.second // 2, day


def _local(entry: Entry) -> bytes:
    """The header before a file (§4.3.7)."""
    name, wide = entry.name.encode(), entry.size >= _WIDE
    extra = struct.pack("<2H2Q", 1, 16, entry.size, entry.size) if wide else b""
    shown = _WIDE if wide else entry.size
    fields = (*_dos(entry.modified), entry.crc32, shown, shown, len(name), len(extra))
    return _LOCAL.pack(b"PK\3\4", 45 if wide else 20, _UTF8, 0, *fields) + name + extra


def _central(entry: Entry, place: int) -> bytes:
    """The record of a file in the directory at the end (§4.3.12)."""
    name, wide = entry.name.encode(), []
    size, offset = entry.size, place
    if size >= _WIDE:
        wide, size = [size, size], _WIDE
    if offset >= _WIDE:
        wide, offset = [*wide, offset], _WIDE
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version = 45 if wide else 20
    head = (b"PK\1\2", 3 << 8 | version, version, _UTF8, 0, *_dos(entry.modified), entry.crc32, size, size)
    return _CENTRAL.pack(*head, len(name), len(extra), 0, 0, 0, _UNIX_FILE, offset) + name + extra


def _end(count: int, place: int, length: int) -> bytes:
    """What tells where the directory is (§4.3.14 to §4.3.16)."""
    wide = b""
    if count >= _MANY or place >= _WIDE or length >= _WIDE:
        wide = _END64.pack(b"PK\6\6", _END64.size - 12, 3 << 8 | 45, 45, 0, 0, count, count, length, place)
        wide += _LOCATOR.pack(b"PK\6\7", 0, place + length, 1)
        count, place, length = min(count, _MANY), min(place, _WIDE), min(length, _WIDE)
    return wide + _END.pack(b"PK\5\6", 0, 0, count, count, length, place, 0)
