"""Stored files come back as they were written, from any position, at the cost of what is read."""

import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waitress.buffers import ReadOnlyFileBasedBuffer

from appliance.crypto import stream
from appliance.crypto.chunks import SEALED
from appliance.crypto.suites import AES_256_GCM, CHACHA20_POLY1305, SUITES, derive_file_keys

KEY = bytes(range(32))
CONTEXT = b"the context"
CHUNK = 16384
BOUNDARY_SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 8 * CHUNK, 9 * CHUNK + 5, 20 * CHUNK)


@pytest.mark.parametrize("suite", [AES_256_GCM, CHACHA20_POLY1305])
@pytest.mark.parametrize("size", BOUNDARY_SIZES)
def test_what_is_encrypted_reads_back(encrypted, opened, some_bytes, size, suite):
    plain = some_bytes(size)
    data = encrypted(plain, suite=suite)
    assert len(data) == stream.encrypted_size(size)
    with opened(data) as reader:
        assert reader.size == size
        assert reader.read() == plain
        assert reader.read() == b""
    with opened(data, suite=suite) as reader:
        assert reader.read() == plain


def test_pieces_of_any_size_give_a_file_that_reads_back(opened, some_bytes):
    plain = some_bytes(100_000)
    for step in (1_000, CHUNK, CHUNK + 1, 70_000):
        encryptor = stream.Encryptor(KEY, CONTEXT)
        pieces = [encryptor.update(plain[at : at + step]) for at in range(0, len(plain), step)]
        data = b"".join(pieces) + encryptor.finish()
        assert encryptor.size == len(plain)
        assert opened(data).read() == plain


def test_nothing_is_written_after_the_end():
    encryptor = stream.Encryptor(KEY, CONTEXT)
    encryptor.finish()
    with pytest.raises(ValueError, match="finished"):
        encryptor.update(b"more")


def test_two_files_of_the_same_bytes_share_nothing(encrypted):
    first, second = encrypted(b"same" * 100), encrypted(b"same" * 100)
    assert first[:24] != second[:24]
    assert first[24:] != second[24:]


def test_a_file_without_its_last_bytes_is_refused(opened):
    encryptor = stream.Encryptor(KEY, CONTEXT)
    unfinished = encryptor.update(bytes(3 * CHUNK))
    with pytest.raises(stream.Tampered):
        opened(unfinished)


def test_keys_of_a_wrong_length_and_unknown_suites_are_errors_of_the_caller(encrypted, opened):
    with pytest.raises(ValueError, match="32 bytes"):
        stream.Encryptor(KEY[:16], CONTEXT)
    with pytest.raises(ValueError, match="suite"):
        stream.Encryptor(KEY, CONTEXT, suite=3)
    with pytest.raises(ValueError, match="suite"):
        opened(encrypted(b"x"), suite=3)


@pytest.fixture(scope="module")
def sample(encrypted, some_bytes):
    plain = some_bytes(11 * CHUNK + 77)
    return plain, encrypted(plain)


_POSITIONS = st.integers(0, 12 * CHUNK) | st.sampled_from(
    [chunk * CHUNK + shift for chunk in (0, 1, 8, 11) for shift in (-1, 0, 1) if chunk * CHUNK + shift >= 0]
)
_STEPS = st.lists(
    st.tuples(st.sampled_from(["read", "read1", "readinto", "seek", "from_here", "from_end"]), _POSITIONS),
    min_size=1,
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(steps=_STEPS)
def test_any_sequence_of_reads_and_seeks_gives_what_a_plain_file_gives(sample, steps):
    plain, data = sample
    truth = io.BytesIO(plain)
    reader = stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(data))
    for step, number in steps:
        if step == "read":
            assert reader.read(number) == truth.read(number)
        elif step == "read1":
            piece = reader.read1(number)
            assert piece == truth.read(len(piece))
            assert piece or not number or truth.tell() >= len(plain)
        elif step == "readinto":
            mine, theirs = bytearray(number), bytearray(number)
            assert reader.readinto(mine) == truth.readinto(theirs)
            assert mine == theirs
        elif step == "seek":
            assert reader.seek(number) == truth.seek(number)
        elif step == "from_here":
            assert reader.seek(number // 7, io.SEEK_CUR) == truth.seek(number // 7, io.SEEK_CUR)
        else:
            assert reader.seek(-min(number, len(plain)), io.SEEK_END) == truth.seek(
                -min(number, len(plain)), io.SEEK_END
            )
        assert reader.tell() == truth.tell()


def test_a_reader_is_a_file_object(sample):
    plain, data = sample
    under = io.BytesIO(data)
    reader = stream.DecryptingReader(KEY, CONTEXT, under)
    assert reader.readable() and reader.seekable() and not reader.writable()
    assert io.BufferedReader(reader, 1000).read(50_000) == plain[:50_000]
    assert reader.closed and under.closed
    for use in (reader.read, reader.tell, lambda: reader.seek(0)):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_no_position_before_the_start(sample):
    reader = stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(sample[1]))
    with pytest.raises(ValueError, match="position"):
        reader.seek(-1)


def test_readers_may_stand_on_readers(encrypted, some_bytes):
    plain = some_bytes(10 * CHUNK + 3)
    twice = encrypted(encrypted(plain), context=b"outer")
    outer = stream.DecryptingReader(KEY, b"outer", io.BytesIO(twice))
    assert stream.DecryptingReader(KEY, CONTEXT, outer).read() == plain


class CountingFile(io.RawIOBase):
    """Counts reads and bytes of the file under it."""

    def __init__(self, data):
        self._file = io.BytesIO(data)
        self.reads = []

    def seek(self, offset, whence=0):
        return self._file.seek(offset, whence)

    def read(self, size=-1):
        self.reads.append(size)
        return self._file.read(size)

    def readinto(self, buffer):
        self.reads.append(len(buffer))
        return self._file.readinto(buffer)


class VideoOfTwoGigabytes(io.RawIOBase):
    """A file of zeros in which each chunk is sealed when somebody reads it."""

    CHUNKS = 2**31 // CHUNK

    def __init__(self):
        salt = bytes(24)
        self._aead, self._nonce, commitment = derive_file_keys(SUITES[AES_256_GCM], KEY, salt, CONTEXT)
        self._header = salt + commitment
        self._position = 0
        self.read_bytes = 0
        self.reads = 0

    def seek(self, offset, whence=0):
        self._position = offset if whence == 0 else 56 + self.CHUNKS * SEALED + 16
        return self._position

    def read(self, size=-1):
        self.reads += 1
        self.read_bytes += size
        start = self._position
        self._position += size
        if start == 0:
            return self._header[:size]
        first = (start - 56) // SEALED
        count = -(-size // SEALED)
        return b"".join(self._chunk(number) for number in range(first, first + count))

    def readinto(self, buffer):
        buffer[:] = self.read(len(buffer))
        return len(buffer)

    def _chunk(self, number):
        plain = bytes(CHUNK) if number < self.CHUNKS else b""
        return self._aead.encrypt((self._nonce ^ number).to_bytes(12, "big"), plain, None)


@pytest.mark.parametrize("position", [0, 2**30, 2**31 - 1])
def test_one_byte_of_two_gigabytes_costs_the_header_and_two_chunks(position):
    video = VideoOfTwoGigabytes()
    reader = stream.DecryptingReader(KEY, CONTEXT, video)
    assert reader.size == 2**31
    reader.seek(position)
    assert reader.read(1) == b"\0"
    assert (video.reads, video.read_bytes) == (3, 56 + 16 + SEALED)


def test_a_file_of_as_many_chunks_as_may_be_is_read_and_a_longer_one_refused():
    video = VideoOfTwoGigabytes()
    video.CHUNKS = 2**38 - 1
    reader = stream.DecryptingReader(KEY, CONTEXT, video)
    assert reader.size == (2**38 - 1) * CHUNK
    reader.seek(-1, io.SEEK_END)
    assert reader.read() == b"\0"
    video.CHUNKS += 1
    with pytest.raises(stream.Tampered, match="impossible length"):
        stream.DecryptingReader(KEY, CONTEXT, video)


def test_no_chunk_is_written_that_could_not_be_read(monkeypatch):
    monkeypatch.setattr(stream, "_MAX_CHUNKS", 3)
    encryptor = stream.Encryptor(KEY, CONTEXT)
    encryptor.update(bytes(CHUNK))
    with pytest.raises(ValueError, match="chunks"):
        encryptor.update(bytes(2 * CHUNK))
    data = stream.Encryptor(KEY, CONTEXT)
    data = data.update(bytes(2 * CHUNK)) + data.finish()
    assert stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(data)).size == 2 * CHUNK


def test_reading_a_long_way_keeps_memory_flat():
    reader = stream.SendingReader(KEY, CONTEXT, VideoOfTwoGigabytes())
    reader.seek(2**30)
    tracemalloc.start()
    try:
        done = 0
        while done < 6_000_000:
            done += len(reader.read(2_500_000))
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_encrypting_a_long_file_keeps_memory_flat():
    class Sink:
        size = 0

        def write(self, data):
            self.size += len(data)

    class Source:
        left = 6_000_000

        def read(self, size):
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    tracemalloc.start()
    try:
        assert stream.encrypt(KEY, CONTEXT, Source(), Sink()) == 6_000_000
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_reads_that_follow_each_other_read_ahead(sample):
    plain, data = sample
    file = CountingFile(data)
    reader = stream.DecryptingReader(KEY, CONTEXT, file)
    assert b"".join(iter(lambda: reader.read(4096), b"")) == plain
    # Header, last chunk, then windows of 1, 2, 4 and the 4 chunks that remain.
    assert file.reads == [56, 77 + 16, SEALED, 2 * SEALED, 4 * SEALED, 4 * SEALED]


def test_a_server_that_sends_little_of_what_it_asked_for_decrypts_once(sample):
    plain, data = sample
    file = CountingFile(data)
    buffer = ReadOnlyFileBasedBuffer(stream.SendingReader(KEY, CONTEXT, file))
    buffer.prepare()
    sent = b""
    while len(buffer):
        piece = buffer.get(2_500_000)[:10_000]
        buffer.skip(len(piece), True)
        sent += piece
    assert sent == plain
    assert sum(file.reads) == len(data)


def test_a_server_sends_exactly_the_range_it_was_asked_for(sample):
    plain, data = sample
    reader = stream.SendingReader(KEY, CONTEXT, io.BytesIO(data))
    reader.seek(CHUNK - 5)
    buffer = ReadOnlyFileBasedBuffer(reader)
    assert buffer.prepare(3 * CHUNK) == 3 * CHUNK
    sent = b""
    while len(buffer):
        piece = buffer.get(2_500_000)
        buffer.skip(len(piece), True)
        sent += piece
    assert sent == plain[CHUNK - 5 : 4 * CHUNK - 5]


def test_a_file_that_gives_little_at_a_time_reads_back(sample):
    class Trickling(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 20))

        def readinto(self, buffer):
            return super().readinto(memoryview(buffer)[:1000])

    plain, data = sample
    assert stream.DecryptingReader(KEY, CONTEXT, Trickling(data)).read() == plain
