"""A film whose index comes last is given in an order that needs no seeking, byte for byte what it was."""

import io
import shutil
import struct
import subprocess

import pytest

from appliance.services.media import forward
from appliance.services.media.refusals import FileRefused
from tests.support import films


def read(film: bytes, size: int = 1000) -> bytes:
    stream = forward.straighten(io.BytesIO(film), len(film))
    return b"".join(iter(lambda: stream.read(size), b""))


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">L4s", 8 + len(content), kind) + content


def table(kind: bytes, *offsets: int) -> bytes:
    width = ">L" if kind == b"stco" else ">Q"
    entries = b"".join(struct.pack(width, at) for at in offsets)
    return box(kind, struct.pack(">LL", 0, len(offsets)) + entries)


def moov(*tables: bytes) -> bytes:
    return box(b"moov", b"".join(box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", each)))) for each in tables))


HEAD = box(b"ftyp", b"isom")


def test_an_index_that_comes_first_changes_nothing():
    film = HEAD + moov(table(b"stco", 100)) + box(b"mdat", bytes(50))
    assert read(film) == film


def test_an_index_that_comes_last_comes_first_and_its_offsets_follow():
    data = box(b"mdat", bytes(range(64)))
    at = len(HEAD) + 8
    index = moov(table(b"stco", at, at + 10), table(b"co64", at + 20))
    made = read(HEAD + data + index)
    moved = len(index)
    assert made == HEAD + moov(table(b"stco", at + moved, at + 10 + moved), table(b"co64", at + 20 + moved)) + data


def test_what_stands_after_the_index_keeps_its_place():
    data, more = box(b"mdat", b"first"), box(b"mdat", b"after")
    index = moov(table(b"stco", len(HEAD) + 8, 0))
    late = len(HEAD) + len(data) + len(index) + 8
    index = moov(table(b"stco", len(HEAD) + 8, late))
    made = read(HEAD + data + index + more)
    assert made[late : late + 5] == b"after" and len(made) == len(HEAD + data + index + more)
    assert made.index(b"first") == len(HEAD) + 8 + len(index)


def test_sizes_of_64_bits_and_to_the_end_are_understood():
    long = struct.pack(">L4sQ", 1, b"mdat", 16 + 5) + b"hello"
    index = moov(table(b"co64", len(HEAD) + 16))
    assert read(HEAD + long + index).endswith(b"hello")
    film = HEAD + moov(table(b"stco", 1)) + struct.pack(">L4s", 0, b"mdat") + b"to the end"
    assert read(film) == film


@pytest.mark.parametrize("cut", [1, 9, 60])
def test_a_film_that_is_cut_is_refused(cut):
    film = HEAD + box(b"mdat", bytes(50)) + moov(table(b"stco", 20))
    with pytest.raises(FileRefused) as refused:
        read(film[:-cut])
    assert refused.value.reason == "truncated"


@pytest.mark.parametrize(
    "index",
    [
        box(b"moov", b"nothing that is an index"),
        moov(box(b"stco", struct.pack(">LL", 0, 1 << 30))),
        moov(table(b"stco", 0xFFFFFFF0))[:-4],
    ],
    ids=["no table", "more entries than room", "a box longer than its parent"],
)
def test_a_hostile_index_is_refused_and_costs_nothing(index):
    with pytest.raises(FileRefused):
        read(HEAD + box(b"mdat", bytes(50)) + index)


def test_a_large_index_takes_little_more_memory_than_its_bytes():
    import tracemalloc

    film = HEAD + box(b"mdat", bytes(64)) + moov(table(b"stco", *([20] * 500_000)))
    tracemalloc.start()
    forward.straighten(io.BytesIO(film), len(film))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * len(film)


def test_a_real_film_gives_the_same_pictures_in_either_order(tmp_path, needs):
    film = films.make(tmp_path, "film.mov", *films.H264)
    assert film.index(b"moov") > film.index(b"mdat")
    (tmp_path / "forward.mov").write_bytes(read(film, 4096))
    frames = [decode(needs("ffmpeg"), tmp_path / name) for name in ("film.mov", "forward.mov")]
    assert frames[0] == frames[1] and len(frames[0].splitlines()) > 10


def decode(ffmpeg: str, path) -> bytes:
    """A digest of each picture and each sound."""
    assert shutil.which(ffmpeg)
    with path.open("rb") as file:
        command = [ffmpeg, "-v", "error", "-f", "mov", "-i", "pipe:0" if "forward" in path.name else str(path)]
        done = subprocess.run([*command, "-f", "framemd5", "-"], stdin=file, capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stderr
    return done.stdout
