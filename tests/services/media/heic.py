"""HEIC and AVIF photos made with libheif's own tool, and their containers changed by hand."""

import struct
import subprocess
import tempfile
from pathlib import Path

from tests.services.media import samples
from tests.support.needs import needs


def encode(image: bytes, suffix="png", *options: str) -> bytes:
    """A picture as `heif-enc` writes it; `-A` makes AVIF."""
    tool = needs("heif-enc")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / f"a.{suffix}", Path(folder) / "a.heic"
        source.write_bytes(image)
        subprocess.run([tool, *options, str(source), "-o", str(target)], check=True, capture_output=True, timeout=60)
        return target.read_bytes()


def photo(size=(400, 300), *options: str, **saved) -> bytes:
    """The usual scene as HEIC."""
    return encode(samples.saved(samples.scene(size), "PNG", **saved), "png", "-q", "90", *options)


def turned(data: bytes, quarters: int) -> bytes:
    """The same photo with an `irot` property of its main picture: so many quarter turns, anticlockwise."""
    meta = _Boxes(data, 0, len(data)).get(b"meta")
    inside = _Boxes(data, meta[0] + 12, meta[1])
    iprp = inside.get(b"iprp")
    parts = _Boxes(data, iprp[0] + 8, iprp[1])
    ipco, ipma = parts.get(b"ipco"), parts.get(b"ipma")
    number = len(_Boxes(data, ipco[0] + 8, ipco[1]).all) + 1
    box = samples.box(b"irot", bytes([quarters]))
    changed = bytearray(data)
    _move_data(changed, inside.get(b"iloc")[0], len(box) + 1)
    assert data[ipma[0] + 8 : ipma[0] + 12] == bytes(4), "small ids and indices"
    at = ipma[0] + 18  # box, version and flags, number of entries, id of the first: its number of properties
    changed[at] += 1
    changed[at + 1 + data[at] : at + 1 + data[at]] = bytes([0x80 | number])
    changed[ipco[1] : ipco[1]] = box
    for start, more in ((ipma[0] + len(box), 1), (ipco[0], len(box)), (iprp[0], len(box) + 1), (meta[0], len(box) + 1)):
        size = struct.unpack_from(">L", changed, start)[0]
        struct.pack_into(">L", changed, start, size + more)
    return bytes(changed)


def resized(data: bytes, width: int, height: int) -> bytes:
    """The same photo whose container says that it is of another size."""
    at = data.index(b"ispe")
    return data[: at + 8] + struct.pack(">2L", width, height) + data[at + 16 :]


class _Boxes:
    """The boxes between two places: (start, end) by kind."""

    def __init__(self, data: bytes, start: int, end: int):
        self.all = []
        while start < end:
            size, kind = struct.unpack_from(">L4s", data, start)
            self.all.append((kind, (start, start + size)))
            start += size

    def get(self, kind: bytes) -> tuple[int, int]:
        return dict(self.all)[kind]


def _move_data(data: bytearray, iloc: int, distance: int) -> None:
    """Add a distance to where each item lies (ISO 14496-12 §8.11.3, version 0 with 32-bit fields)."""
    assert data[iloc + 8] == 0 and data[iloc + 12] == 0x44, "version 0, offsets and lengths of 4 bytes"
    base = 4 if data[iloc + 13] == 0x40 else 0
    count, at = struct.unpack_from(">H", data, iloc + 14)[0], iloc + 16
    for _item in range(count):
        at += 4 + base
        extents, at = struct.unpack_from(">H", data, at)[0], at + 2
        for _extent in range(extents):
            struct.pack_into(">L", data, at, struct.unpack_from(">L", data, at)[0] + distance)
            at += 8
