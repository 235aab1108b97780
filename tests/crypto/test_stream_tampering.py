"""Whatever is changed in a stored file is noticed, and not one byte that isn't the original ever comes out."""

import contextlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.crypto import chunks, stream
from appliance.crypto.errors import Tampered

KEY = bytes(range(32))
CONTEXT = b"the context"
CHUNK = 16384
SEALED = CHUNK + 16
HEADER = 56
SIZE = 10 * CHUNK + 500


def start_of(number):
    return HEADER + number * SEALED


POSITIONS = {
    "first byte of the salt": 0,
    "last byte of the salt": 23,
    "first byte of the commitment": 24,
    "last byte of the commitment": 55,
    "first byte of the first chunk": start_of(0),
    "tag of the first chunk": start_of(1) - 1,
    "first byte of a middle chunk": start_of(4),
    "middle of a middle chunk": start_of(4) + 8000,
    "tag of a middle chunk": start_of(5) - 16,
    "last full chunk": start_of(9) + 1,
    "first byte of the last chunk": start_of(10),
    "first byte of the last tag": start_of(10) + 500,
    "last byte of the file": start_of(10) + 515,
}


@pytest.fixture(scope="module", params=[1, 2], ids=["aes", "chacha"])
def stored(request, encrypted, some_bytes):
    plain = some_bytes(SIZE)
    return plain, encrypted(plain, suite=request.param)


def everything_readable(data, key=KEY, context=CONTEXT):
    """Read from start to end in one way, then chunk by chunk from the end; gives what came out and what was refused."""
    pieces, refusals = [], 0
    try:
        reader = stream.DecryptingReader(key, context, io.BytesIO(data))
    except Tampered:
        return [], 1
    try:
        while piece := reader.read1():
            pieces.append((reader.tell() - len(piece), piece))
    except Tampered:
        refusals += 1
    for number in range(reader.size // CHUNK, -1, -1):
        reader.seek(number * CHUNK)
        try:
            pieces.append((number * CHUNK, reader.read(100)))
        except Tampered:
            refusals += 1
    return pieces, refusals


def assert_refused(plain, data, key=KEY, context=CONTEXT):
    pieces, refusals = everything_readable(data, key, context)
    assert refusals
    for position, piece in pieces:
        assert piece == plain[position : position + len(piece)]
    with pytest.raises(Tampered):
        stream.DecryptingReader(key, context, io.BytesIO(data)).read()


@pytest.mark.parametrize("place", POSITIONS)
def test_a_flipped_bit_is_noticed(stored, place):
    plain, data = stored
    changed = bytearray(data)
    changed[POSITIONS[place]] ^= 0x10
    assert_refused(plain, bytes(changed))


@pytest.mark.parametrize("place", ["middle of a middle chunk", "tag of the first chunk"])
def test_what_stands_elsewhere_is_still_served(stored, place):
    plain, data = stored
    changed = bytearray(data)
    changed[POSITIONS[place]] ^= 1
    reader = stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(bytes(changed)))
    reader.seek(6 * CHUNK)
    assert reader.read() == plain[6 * CHUNK :]


@pytest.mark.parametrize(
    "size",
    [0, 1, 23, 24, 55, 56, 57, 71, 72, start_of(1) - 1]
    + [start_of(1) + more for more in (0, 1, 15, 16, SEALED // 2)]
    + [start_of(5) + 700, start_of(10), start_of(10) + 15, start_of(10) + 16, start_of(10) + 515],
)
def test_a_file_cut_anywhere_is_noticed_before_a_byte_is_served(stored, size):
    _, data = stored
    with pytest.raises(Tampered):
        stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(data[:size]))


@pytest.mark.parametrize("added", [1, 15, 16, 17, 500, SEALED - 516, SEALED - 515, SEALED, 3 * SEALED])
def test_an_extended_file_is_noticed_before_a_byte_is_served(stored, added):
    _, data = stored
    for more in (bytes(added), data[HEADER : HEADER + added]):
        with pytest.raises(Tampered):
            stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(data + more))


def chunks_of(data):
    return [data[at : at + SEALED] for at in range(HEADER, len(data), SEALED)]


def test_chunks_in_another_order_are_noticed(stored):
    plain, data = stored
    for first, second in ((0, 1), (3, 7), (8, 9)):
        parts = chunks_of(data)
        parts[first], parts[second] = parts[second], parts[first]
        assert_refused(plain, data[:HEADER] + b"".join(parts))


def test_a_repeated_or_removed_chunk_is_noticed(stored):
    plain, data = stored
    parts = chunks_of(data)
    assert_refused(plain, data[:HEADER] + b"".join(parts[:1] + parts))
    assert_refused(plain, data[:HEADER] + b"".join(parts[1:]))
    assert_refused(plain, data[:HEADER] + b"".join(parts[:4] + parts[3:4] + parts[5:]))


def test_a_chunk_of_another_file_of_the_same_key_is_noticed(stored, encrypted, some_bytes):
    plain, data = stored
    other = encrypted(some_bytes(SIZE, seed=2))
    for number in (0, 5, 10):
        parts = chunks_of(data)
        parts[number] = chunks_of(other)[number]
        assert_refused(plain, data[:HEADER] + b"".join(parts))
    assert_refused(plain, other[:HEADER] + data[HEADER:])
    assert_refused(plain, data[:HEADER] + other[HEADER:])


def test_another_key_context_or_suite_opens_nothing(stored):
    plain, data = stored
    assert_refused(plain, data, key=bytes(32))
    for context in (b"", b"the contexT", b"the context\0", b"\0the context"):
        assert_refused(plain, data, context=context)
    opened = 0
    for suite in (1, 2):
        with contextlib.suppress(Tampered):
            opened += len(stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(data), suite=suite).read())
    assert opened == SIZE


def test_a_file_that_shrinks_while_it_is_read_is_noticed(stored):
    _, data = stored
    file = io.BytesIO(data)
    reader = stream.DecryptingReader(KEY, CONTEXT, file)
    # Once before, so that scratch memory still holds what is missing afterwards, and then elsewhere.
    reader.read(4 * CHUNK)
    reader.seek(10 * CHUNK)
    reader.read(1)
    reader.seek(0)
    file.truncate(start_of(2))
    with pytest.raises(Tampered):
        reader.read(4 * CHUNK)


def test_the_owner_of_a_reader_is_told_even_when_a_server_swallows_the_error(stored):
    _, data = stored
    told = []
    changed = bytearray(data)
    changed[start_of(4)] ^= 1
    reader = stream.SendingReader(KEY, CONTEXT, io.BytesIO(bytes(changed)), on_tampered=lambda: told.append("reading"))
    with pytest.raises(Tampered):
        reader.read()
    with pytest.raises(Tampered):
        stream.DecryptingReader(KEY, b"other", io.BytesIO(data), on_tampered=lambda: told.append("opening"))
    assert told == ["reading", "opening"]


def test_after_a_refusal_the_refused_bytes_stay_refused(stored):
    plain, data = stored
    changed = bytearray(data)
    changed[start_of(0)] ^= 1
    reader = stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(bytes(changed)))
    for _ in range(2):
        with pytest.raises(Tampered):
            reader.read(10)
        assert reader.tell() == 0
    reader.seek(10 * CHUNK)
    assert reader.read() == plain[10 * CHUNK :]


def test_scratch_memory_is_given_back_after_a_refusal(stored):
    _, data = stored
    changed = bytearray(data)
    changed[start_of(4)] ^= 1
    chunks._scratch.clear()
    for content in (bytes(changed), data, bytes(changed)):
        with contextlib.suppress(Tampered):
            stream.DecryptingReader(KEY, CONTEXT, io.BytesIO(content)).read()
        assert len(chunks._scratch) == 1


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, HEADER + 10 * SEALED + 515), mask=st.integers(1, 255))
def test_any_changed_byte_is_noticed(any_file, position, mask):
    plain, data = any_file
    changed = bytearray(data)
    changed[position] ^= mask
    assert_refused(plain, bytes(changed))


@pytest.fixture(scope="module")
def any_file(encrypted, some_bytes):
    plain = some_bytes(SIZE)
    return plain, encrypted(plain)
