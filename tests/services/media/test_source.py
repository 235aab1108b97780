"""A file that came in pieces reads as one."""

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.services.media.source import Source


def make(pieces):
    return Source([(len(piece), lambda piece=piece: io.BytesIO(piece)) for piece in pieces])


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.tuples(st.integers(0, 330), st.integers(0, 60))))
def test_any_read_gives_what_one_file_would(pieces, reads):
    whole = b"".join(pieces)
    source, plain = make(pieces), io.BytesIO(whole)
    assert source.size == len(whole) and source.read() == whole
    for position, size in reads:
        source.seek(position)
        plain.seek(position)
        assert source.read(size) == plain.read(size)
    source.seek(0)
    assert io.BufferedReader(source, 16).read() == whole


def test_a_piece_that_is_shorter_than_its_row_says_is_an_error_not_a_shorter_file():
    source = Source([(10, lambda: io.BytesIO(b"short"))])
    with pytest.raises(EOFError):
        source.read(10)


def test_a_place_before_the_beginning_is_refused():
    source = make([b"abc"])
    source.seek(-1, os.SEEK_END)
    assert source.read() == b"c"
    with pytest.raises(ValueError):
        source.seek(-4, os.SEEK_END)
