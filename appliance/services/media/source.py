"""What a person sent, read in clear as one file whatever the pieces it came in; nothing of it is put together on a
disk."""

import io
import os
from collections.abc import Callable, Sequence
from typing import BinaryIO


class Placed(io.RawIOBase):
    """A reader of a known size that may be asked for any place: moving reads nothing."""

    size = 0
    _position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place, which may be past the end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True


class Source(Placed):
    """A seekable reader over pieces: (clear size, opener) each. One piece is open at a time."""

    def __init__(self, pieces: Sequence[tuple[int, Callable[[], BinaryIO]]]):
        super().__init__()
        self._pieces = list(pieces)
        self._starts = [0]
        for size, _opener in self._pieces:
            self._starts.append(self._starts[-1] + size)
        self.size = self._starts[-1]
        self._position, self._number, self._file = 0, -1, None

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes: all that are left without a size."""
        wanted = self.size - self._position if size is None or size < 0 else size
        found = []
        while wanted > 0 and self._position < self.size:
            piece = self._read_one(wanted)
            found.append(piece)
            wanted -= len(piece)
        return b"".join(found)

    def readinto(self, buffer) -> int:
        """Fill a buffer as far as one piece goes."""
        if self._position >= self.size or not len(buffer):
            return 0
        piece = self._read_one(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def _read_one(self, wanted: int) -> bytes:
        number = self._find()
        if number != self._number:
            self._close_piece()
            self._file, self._number = self._pieces[number][1](), number
        self._file.seek(self._position - self._starts[number])
        piece = self._file.read(min(wanted, self._starts[number + 1] - self._position))
        if not piece:
            raise EOFError("a piece is shorter than its row says")
        self._position += len(piece)
        return piece

    def _find(self) -> int:
        low, high = 0, len(self._pieces)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._starts[middle] <= self._position else (low, middle)
        while self._starts[low + 1] <= self._position:  # an empty piece
            low += 1
        return low

    def _close_piece(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file, self._number = None, -1

    def close(self) -> None:
        """Close the piece that is open."""
        self._close_piece()
        super().close()
