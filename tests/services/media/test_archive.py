"""An archive that exists nowhere: what others read as a ZIP file, any part of it equal to the slice of the whole."""

import io
import os
import subprocess
import tracemalloc
import zipfile
import zlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.crypto.errors import Tampered
from appliance.services.media.archive import Entry, ZipStream

MOMENT = datetime(2026, 11, 12, 18, 30, 20)


def entry(name, data, moment=MOMENT, content=None):
    return Entry(name, len(data), zlib.crc32(data), moment, content or name, lambda: io.BytesIO(data))


FILES = [
    ("2026-11-12 001 la ferme.jpg", os.urandom(300_000)),
    ("2026-11-12 002 Noël à l’école – été.jpg", b"x"),
    ("2026-11-12 003 العربية.jpg", b""),
    ("2026-11-13 004 film.mp4", os.urandom(70_001)),
]
ENTRIES = [entry(name, data) for name, data in FILES]
WHOLE = ZipStream(ENTRIES).readall()


class Zeros(io.RawIOBase):
    """A file of zeros of any size."""

    def __init__(self, size):
        super().__init__()
        self.size, self.position, self.largest = size, 0, 0

    def seek(self, offset, whence=os.SEEK_SET):
        self.position = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.size}[whence] + offset
        return self.position

    def read(self, size=-1):
        size = min(size, self.size - self.position)
        self.position += size
        return bytes(size)


def test_python_reads_the_archive_with_names_dates_and_contents():
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        assert archive.testzip() is None
        assert [info.filename for info in archive.infolist()] == [name for name, _data in FILES]
        assert [archive.read(name) for name, _data in FILES] == [data for _name, data in FILES]
        info = archive.infolist()[0]
    assert info.date_time == (2026, 11, 12, 18, 30, 20) and info.compress_type == zipfile.ZIP_STORED
    assert info.external_attr >> 16 == 0o100644 and info.extract_version == 20


def test_an_archive_of_nothing_is_an_archive():
    assert zipfile.ZipFile(io.BytesIO(ZipStream([]).readall())).namelist() == []


@pytest.mark.parametrize("program", [("unzip", "-t"), ("bsdtar", "-tf")])
def test_other_programs_read_the_archive(needs, tmp_path, program):
    path = tmp_path / "album.zip"
    path.write_bytes(WHOLE)
    done = subprocess.run([needs(program[0]), program[1], path], capture_output=True, env={"LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stdout + done.stderr


@given(st.integers(0, len(WHOLE) + 10), st.integers(0, len(WHOLE) + 10), st.integers(1, 400_000))
def test_any_part_is_the_slice_of_the_whole(start, length, step):
    stream = ZipStream(ENTRIES)
    stream.seek(start)
    found = b""
    while len(found) < length and (piece := stream.read(min(step, length - len(found)))):
        assert stream.tell() == start + len(found) + len(piece)
        found += piece
    assert found == WHOLE[start : start + length]


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 100_000)), max_size=12))
def test_reading_here_and_there_gives_what_stands_there(places):
    stream = ZipStream(ENTRIES)
    for place, size in places:
        stream.seek(place)
        piece = stream.read(size)
        assert piece == WHOLE[place : place + len(piece)] and (piece or not size or place == len(WHOLE))


def test_the_size_is_known_before_anything_is_opened():
    def refuse():
        raise AssertionError("opened")

    stream = ZipStream([each._replace(open=refuse) for each in ENTRIES])
    assert stream.size == stream.seek(0, os.SEEK_END) == len(WHOLE) and stream.etag == ZipStream(ENTRIES).etag


def test_the_validator_changes_with_whatever_changes_a_byte():
    first = ENTRIES[0]
    changed = [
        first._replace(name="autre.jpg"),
        first._replace(size=3),
        first._replace(crc32=3),
        first._replace(modified=datetime(2026, 11, 12, 18, 30, 22)),
        first._replace(content="another file"),
    ]
    assert len({ZipStream([each, *ENTRIES[1:]]).etag for each in [first, *changed]} | {ZipStream([]).etag}) == 7


def test_files_and_places_beyond_four_gigabytes_are_written_as_zip64():
    big, small = 5 * 2**30, b"after the big one"
    entries = [Entry("big.mp4", big, 0, MOMENT, "big", lambda: Zeros(big)), entry("small.jpg", small)]
    entries.append(Entry("edge.mp4", 0xFFFFFFFF, 0, MOMENT, "edge", lambda: Zeros(0xFFFFFFFF)))
    with zipfile.ZipFile(io.BufferedReader(ZipStream(entries))) as archive:
        infos = archive.infolist()
        assert [info.file_size for info in infos] == [big, len(small), 0xFFFFFFFF]
        assert infos[1].header_offset > 2**32 and archive.read("small.jpg") == small
        with archive.open("big.mp4") as file:
            assert file.read(10) == bytes(10)
    assert infos[0].extract_version == 45


@pytest.mark.slow
def test_more_files_than_sixteen_bits_count_are_written_as_zip64():
    entries = [entry(f"{number}.jpg", b"") for number in range(65_600)]
    with zipfile.ZipFile(io.BufferedReader(ZipStream(entries), 1 << 20)) as archive:
        assert len(archive.namelist()) == 65_600


def test_memory_does_not_grow_with_the_archive():
    size = 400 * 2**20
    stream = ZipStream([Entry("film.mp4", size, 0, MOMENT, "film", lambda: Zeros(size))])
    tracemalloc.start()
    try:
        total = 0
        while piece := stream.read(1 << 20):
            total += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == stream.size and peak < 2 * 2**20


def test_one_file_is_open_at_a_time_and_none_at_the_end():
    opened = []

    class Noted(io.BytesIO):
        def close(self):
            if not self.closed:
                opened.append("close")
            super().close()

    def opener(data):
        def open_it():
            opened.append("open")
            return Noted(data)

        return open_it

    stream = ZipStream([each._replace(open=opener(data)) for each, (_name, data) in zip(ENTRIES, FILES, strict=True)])
    assert stream.readall() == WHOLE
    stream.close()
    assert opened == ["open", "close"] * 3  # the empty file is never opened
    with pytest.raises(ValueError):
        stream.read(1)


class Damaged(io.BytesIO):
    def read(self, size=-1):
        if self.tell() + size > 100_000:
            raise Tampered("damaged")
        return super().read(size)


@pytest.mark.parametrize("failure", ["tampered", "missing", "shorter", "longer"])
def test_damage_in_the_middle_ends_the_reading_and_never_gives_a_wrong_byte(failure):
    data, told = FILES[3][1] * 3, []

    def open_damaged():
        if failure == "missing":
            raise FileNotFoundError
        if failure == "tampered":
            return Damaged(data)
        return io.BytesIO(data[:-1] if failure == "shorter" else data + b"!")

    good = [ENTRIES[1], ENTRIES[0], entry("z.mp4", data)]
    whole = ZipStream(good).readall()
    stream = ZipStream(
        [*good[:2], good[2]._replace(open=open_damaged)], on_damaged=lambda each, error: told.append(each.name)
    )
    found = b""
    with pytest.raises((Tampered, FileNotFoundError)):
        while piece := stream.read(10_000):
            found += piece
    assert whole.startswith(found) and len(found) >= 300_000 and "z.mp4" in told
    stream.seek(len(found))
    with pytest.raises((Tampered, FileNotFoundError)):
        stream.read(1)
