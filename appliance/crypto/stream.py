"""Stored files, encrypted with random access: Cobblestone (c2sp.org/chunked-encryption), whatever is read is authentic.

Only bytes that were authenticated under the key and the context ever leave a reader; anything else raises Tampered.
"""

import hmac
import io
from collections.abc import Callable
from os import urandom
from typing import BinaryIO, NoReturn

from cryptography.exceptions import InvalidTag

from appliance.crypto.chunks import BATCH, CHUNK, SEALED, TAG, open_chunks, seal_chunks
from appliance.crypto.errors import Tampered
from appliance.crypto.suites import (
    AES_256_GCM,
    COMMITMENT_SIZE,
    NONCE_SIZE,
    SALT_SIZE,
    SUITES,
    Suite,
    derive_file_keys,
)

HEADER_SIZE = SALT_SIZE + COMMITMENT_SIZE
_MAX_CHUNKS = 2**38


def encrypted_size(size: int) -> int:
    """Give the size on disk of a plaintext of `size` bytes (a function of the size alone)."""
    return HEADER_SIZE + size + TAG * (size // CHUNK + 1)


def encrypt(key: bytes, context: bytes, source: BinaryIO, sink: BinaryIO, *, suite: int = AES_256_GCM) -> int:
    """Encrypt a file object into another in constant memory; gives the plaintext size.

    The key is a random one, made for this object; the context names the object (see `object_context`).
    """
    encryptor = Encryptor(key, context, suite=suite)
    while piece := source.read(BATCH * CHUNK):
        sink.write(encryptor.update(piece))
    sink.write(encryptor.finish())
    return encryptor.size


class Encryptor:
    """Encrypts what arrives by pieces; without the bytes of `finish` the result can't be read."""

    def __init__(self, key: bytes, context: bytes, *, suite: int = AES_256_GCM) -> None:
        if suite not in SUITES:
            raise ValueError("unknown suite")
        salt = urandom(SALT_SIZE)
        self._aead, self._nonce, commitment = derive_file_keys(SUITES[suite], key, salt, context)
        self._header = salt + commitment
        self._pending = b""
        self._counter = 0
        self._finished = False
        self.size = 0

    def update(self, data: bytes) -> bytes:
        """Take the next plaintext bytes; gives the encrypted bytes that are complete, maybe none."""
        if self._finished:
            raise ValueError("the file is finished")
        self.size += len(data)
        output, self._header = self._header, b""
        data = self._pending + data if self._pending else data
        count = len(data) // CHUNK
        if self._counter + count >= _MAX_CHUNKS:
            raise ValueError("a file holds less than 2^38 chunks")
        if count:
            sealed = seal_chunks(self._aead, self._nonce, self._counter, memoryview(data)[: count * CHUNK])
            self._counter += count
            output = output + sealed if output else sealed
        self._pending = bytes(memoryview(data)[count * CHUNK :])
        return output

    def finish(self) -> bytes:
        """Give the last encrypted bytes: the short chunk that marks the end, empty if need be."""
        output = self.update(b"")
        self._finished = True
        nonce = (self._nonce ^ self._counter).to_bytes(NONCE_SIZE, "big")
        return output + self._aead.encrypt(nonce, self._pending, None)


class DecryptingReader(io.RawIOBase):
    """Reads an encrypted file as if it were plain: seekable, the length proven first, every byte authenticated.

    Opening reads the header and the last chunk; a read touches the chunks of its range, and reads ahead only when
    reads follow each other. Without `suite`, the header's commitment says which one wrote the file. `on_tampered`
    is called before Tampered is raised: servers swallow what a reader raises while they send. One thread at a time.
    The file (best opened with `buffering=0`) is closed with the reader.
    """

    def __init__(
        self,
        key: bytes,
        context: bytes,
        fileobj: BinaryIO,
        *,
        suite: int | Suite | None = None,
        on_tampered: Callable[[], object] | None = None,
    ) -> None:
        self._file = fileobj
        self._on_tampered = on_tampered
        self._open(_candidates(suite), key, context)

    def _open(self, suites: tuple[Suite, ...], key: bytes, context: bytes) -> None:
        """Check the commitment, then the last chunk: it alone proves the length."""
        body = self._file.seek(0, io.SEEK_END) - HEADER_SIZE
        self._last, tail = divmod(body, SEALED)
        if body < TAG or tail < TAG or self._last >= _MAX_CHUNKS:
            self._refuse("file has an impossible length")
        header = self._read_file(0, HEADER_SIZE)
        salt = header[:SALT_SIZE]
        for suite in suites:
            self._aead, self._nonce, commitment = derive_file_keys(suite, key, salt, context)
            if hmac.compare_digest(commitment, header[SALT_SIZE:]):
                break
        else:
            self._refuse("file was not written under this key and context")
        self.size = self._last * CHUNK + tail - TAG
        self._tail = self._open_one(self._last, tail)
        self._window = self._tail
        self._start = self._last * CHUNK
        self._position = 0
        self._following = -1
        self._count = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read up to `size` bytes, less only at the end of the file."""
        left = self.size - self._position
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted <= 0:
            self._check_open()
            return b""
        piece = self.read1(wanted)
        if len(piece) == wanted:
            return piece
        # Not a join: a BytesIO of the final size is given away uncopied, and page faults cost more than AES does.
        whole = io.BytesIO()
        whole.seek(wanted - 1)
        whole.write(b"\0")
        whole.seek(0)
        while piece:
            whole.write(piece)
            wanted -= len(piece)
            piece = self.read1(wanted) if wanted else b""
        return whole.getvalue()

    readall = read

    def read1(self, size: int = -1) -> bytes:
        """Read up to `size` bytes but no further than what one batch of chunks holds (at most 512 KiB)."""
        self._check_open()
        position = self._position
        wanted = self.size - position
        if 0 <= size < wanted:
            wanted = size
        if wanted <= 0:
            return b""
        offset = position - self._start
        if not 0 <= offset < len(self._window):
            self._fill(position, wanted)
            offset = position - self._start
        piece = self._window[offset : offset + wanted]
        self._position = position + len(piece)
        return piece

    def readinto(self, buffer) -> int:
        """Fill the buffer as far as the file goes; gives the number of bytes."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a plaintext position; reads nothing."""
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}.get(whence)
        if base is None or base + offset < 0:
            raise ValueError("no such position")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Give the plaintext position."""
        self._check_open()
        return self._position

    def readable(self) -> bool:
        """A reader reads."""
        return True

    def seekable(self) -> bool:
        """A reader is always seekable."""
        return True

    def close(self) -> None:
        """Close the reader and the file under it."""
        if not self.closed:
            self._window = self._tail = b""
            self._file.close()
        super().close()

    def _fill(self, position: int, wanted: int) -> None:
        """Make the window hold `position`: the chunks asked for, more of them when reads follow each other."""
        first = position // CHUNK
        if first == self._last:
            self._window, self._start = self._tail, first * CHUNK
            return
        count = (position + wanted - 1) // CHUNK - first + 1
        if first == self._following:
            count = max(count, 2 * self._count)
        self._count = count = min(count, BATCH, self._last - first)
        self._following = first + count
        if count == 1:
            self._window = self._open_one(first, SEALED)
        else:
            try:
                self._file.seek(HEADER_SIZE + first * SEALED)
                self._window = open_chunks(self._aead, self._nonce, first, count, self._file)
            except InvalidTag:
                self._refuse("file does not authenticate")
        self._start = first * CHUNK

    def _open_one(self, number: int, size: int) -> bytes:
        sealed = self._read_file(HEADER_SIZE + number * SEALED, size)
        try:
            return self._aead.decrypt((self._nonce ^ number).to_bytes(NONCE_SIZE, "big"), sealed, None)
        except InvalidTag:
            self._refuse("file does not authenticate")

    def _read_file(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(size)
        while len(data) < size:
            more = self._file.read(size - len(data))
            if not more:
                self._refuse("file became shorter while it was read")
            data += more
        return data

    def _refuse(self, message: str) -> NoReturn:
        self._window = b""
        if self._on_tampered is not None:
            self._on_tampered()
        raise Tampered(message) from None

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


class SendingReader(DecryptingReader):
    """A reader for `wsgi.file_wrapper`: each read gives one batch at most.

    A server asks for as much as its socket may hold and asks again for what wasn't sent; batches, kept until the
    next one, make that cost neither memory nor a second decryption.
    """

    read = DecryptingReader.read1


def _candidates(suite: int | Suite | None) -> tuple[Suite, ...]:
    if suite is None:
        return tuple(SUITES.values())
    if isinstance(suite, Suite):
        return (suite,)
    if suite not in SUITES:
        raise ValueError("unknown suite")
    return (SUITES[suite],)
