"""Colour profiles made here, and what a colour in one of them is in sRGB, computed without any library.

ICC.1:2010 §7.2 (header), §10.6 (`curv`), §10.11 (`mft1`), §10.31 (`XYZ `).
"""

import struct

# Columns of RGB to XYZ under D50, and the exponent of the curve.
DISPLAY_P3 = (((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), 2.2)
ADOBE_RGB = (((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), 2.19921875)
_TO_SRGB = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
CYAN = (62, -31, -48)  # L*a*b* of a printer's cyan; as a screen shows it: (0, 161, 228) or so


def rgb(space, name="Wide") -> bytes:
    """An RGB profile of three primaries and one gamma."""
    columns, gamma = space
    curve = b"curv" + bytes(4) + struct.pack(">LH", 1, round(gamma * 256)) + bytes(2)
    tags = {b"desc": _text(b"desc", name), b"wtpt": _xyz((0.9642, 1.0, 0.8249))}
    tags |= {key: _xyz(column) for key, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    tags |= {key: curve for key in (b"rTRC", b"gTRC", b"bTRC")}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def cmyk() -> bytes:
    """A printer's profile in which a full cyan is what ink gives, not what a formula gives."""
    identity = bytes(range(256))
    table = bytearray()
    for corner in range(16):
        cyan, black = corner & 8, corner & 1
        lab = (0, 0, 0) if black else CYAN if cyan else (100, 0, 0)
        table += bytes((round(lab[0] * 255 / 100), lab[1] + 128, lab[2] + 128))
    matrix = struct.pack(">9l", *(65536 if n % 4 == 0 else 0 for n in range(9)))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + identity * 4 + bytes(table) + identity * 3
    tags = {b"desc": _text(b"desc", "Ink"), b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"A2B0": lut}
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def to_srgb(colour, space):
    """An sRGB colour, cut to its gamut."""
    columns, gamma = space
    linear = [(value / 255) ** gamma for value in colour]
    xyz = [sum(columns[i][row] * linear[i] for i in range(3)) for row in range(3)]
    found = [sum(_TO_SRGB[row][i] * xyz[i] for i in range(3)) for row in range(3)]
    return tuple(round(255 * _encode(min(1, max(0, value)))) for value in found)


def _encode(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _xyz(values) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3l", *(round(value * 65536) for value in values))


def _text(kind: bytes, text: str) -> bytes:
    data = text.encode() + b"\0"
    return kind + bytes(4) + struct.pack(">L", len(data)) + data + bytes(78)


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    position, listed, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        listed += name + struct.pack(">2L", position + len(body), len(data))
        body += data
    content = struct.pack(">L", len(tags)) + listed + body
    head = struct.pack(">L4sL4s4s4s", 128 + len(content), b"\0\0\0\0", 0x02400000, device, space, connection)
    head += struct.pack(">6H", 2025, 9, 15, 8, 0, 0) + b"acsp" + bytes(28)
    return (head + struct.pack(">3l", 63190, 65536, 54061)).ljust(128, b"\0") + content
