"""Chunks in batches: sealing and opening many 16 KiB chunks at the least cost in Python, with flat memory.

Scratch memory is shared by all readers and writers of the process, so an open file that nobody reads holds one batch
at most. The measured reason: fresh buffers of this size cost more in page faults than AES costs.
"""

from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 16384
TAG = 16
SEALED = CHUNK + TAG
BATCH = 32
# Recent versions of cryptography write into our buffers; older ones take and return bytes only.
_WRITES_INTO_BUFFERS = hasattr(AESGCM, "decrypt_into")
_scratch: list["_Scratch"] = []


class _Scratch:
    """Room for one batch, cut into chunks once: cutting them at each use costs as much as half of AES."""

    def __init__(self):
        self.sealed, self.plain = memoryview(bytearray(BATCH * SEALED)), memoryview(bytearray(BATCH * CHUNK))
        self.chunks = [
            (self.sealed[n * SEALED : (n + 1) * SEALED], self.plain[n * CHUNK : (n + 1) * CHUNK]) for n in range(BATCH)
        ]


def open_chunks(aead, base_nonce: int, first: int, count: int, file: BinaryIO) -> bytes:
    """Read and open `count` full chunks (at most a batch) from where the file stands; InvalidTag if any fails.

    A file that ends too early fails in the same way.
    """
    scratch = _take_scratch()
    try:
        _read_exactly(file, scratch.sealed[: count * SEALED])
        for number, (sealed, plain) in enumerate(scratch.chunks[:count], first):
            nonce = (base_nonce ^ number).to_bytes(12, "big")
            if _WRITES_INTO_BUFFERS:
                aead.decrypt_into(nonce, sealed, None, plain)
            else:
                plain[:] = aead.decrypt(nonce, sealed.tobytes(), None)
        return scratch.plain[: count * CHUNK].tobytes()
    finally:
        _scratch.append(scratch)


def seal_chunks(aead, base_nonce: int, first: int, data: memoryview) -> bytes:
    """Seal whole chunks of any number, numbered from `first`."""
    output = bytearray(len(data) // CHUNK * SEALED)
    view = memoryview(output)
    target = 0
    for number, source in enumerate(range(0, len(data), CHUNK), first):
        nonce = (base_nonce ^ number).to_bytes(12, "big")
        if _WRITES_INTO_BUFFERS:
            aead.encrypt_into(nonce, data[source : source + CHUNK], None, view[target : target + SEALED])
        else:
            view[target : target + SEALED] = aead.encrypt(nonce, data[source : source + CHUNK].tobytes(), None)
        target += SEALED
    return bytes(output)


def _take_scratch() -> _Scratch:
    # list.pop and list.append are atomic: two threads never share one, nor do two readers stacked in one thread.
    try:
        return _scratch.pop()
    except IndexError:
        return _Scratch()


def _read_exactly(file: BinaryIO, target: memoryview) -> None:
    """Fill `target` from the file; a file that ends too early can't be authentic."""
    readinto = getattr(file, "readinto", None)
    filled = 0
    while filled < len(target):
        if readinto is not None:
            got = readinto(target[filled:])
        else:
            data = file.read(len(target) - filled)
            got = len(data)
            target[filled : filled + got] = data
        if not got:
            raise InvalidTag
        filled += got
