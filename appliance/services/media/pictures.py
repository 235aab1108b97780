"""A picture is drawn anew in three sizes: nothing of the file that was sent is kept but what one sees.

So the place, the time, the device, a hidden second file or a script go, whatever the format. Everything that costs
memory is refused from the header, before anything is decoded.
"""

import io
import os
import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

# Named, because Image.open() loads only some of them by itself. The JPEG plugin hands over to the MPO one.
from PIL import GifImagePlugin, Image, ImageCms, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin

from appliance.core.i18n import _
from appliance.services.media.refusals import FileRefused

# Longest side in pixels: a full screen, the feed on a phone (twice 400), a gallery's square (twice 160).
SIZES = {"large": 1600, "medium": 800, "thumb": 320}
MIME = "image/jpeg"

_PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin, GifImagePlugin)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITY = 82
_MAX_PROFILE = 4 << 20
_MAX_SCANNED = 800_000_000  # pixels times scans: a few seconds; usual progressive files have 10 scans
_STRIP = 64
_ORIENTATION = 0x0112  # EXIF 2.3 §4.6.4
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB_PRIMARIES = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7139),
}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_PROFILE_SPACES = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK"}
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")

# Pillow's own limit only warns below its double; ours is lower than both, and this one is for what we might forget.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Limits:
    """What is accepted. `max_memory` bounds what decoding takes at most, estimated from the header."""

    max_bytes: int = 25 << 20
    max_pixels: int = 64_000_000
    max_side: int = 20_000
    max_memory: int = 256 << 20
    max_scans: int = 64


@dataclass(frozen=True)
class Rendition:
    """One size of a picture, as a JPEG file; `width` and `height` are what is seen."""

    name: str
    mime: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True)
class Renditions:
    """The sizes of one picture, largest first."""

    items: tuple[Rendition, ...]

    def __iter__(self):
        return iter(self.items)

    def __getitem__(self, name: str) -> Rendition:
        return next(item for item in self.items if item.name == name)


def make_renditions(
    fileobj: BinaryIO, *, sizes: Mapping[str, int] = SIZES, limits: Limits = Limits(), upright: bool = False
) -> Renditions:
    """The picture in each size (longest side; never enlarged), upright, in sRGB, on white, without metadata.

    `upright` when what drew it has turned it already, whatever its EXIF says. Raises FileRefused: too large,
    damaged, truncated, or no picture of an accepted format.
    """
    size = fileobj.seek(0, os.SEEK_END)
    if size > limits.max_bytes:
        raise too_large(
            _("Cette photo pèse %(size)s Mo, pour %(limit)s Mo au plus.", **_megabytes(size, limits.max_bytes))
        )
    fileobj.seek(0)
    try:
        with Image.open(fileobj, formats=_FORMATS) as picture:
            _check_size(picture, fileobj, limits)
            image = _draw(picture, max(sizes.values()), upright)
    except FileRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise too_large() from error
    except Exception as error:  # decoders raise a dozen types on damaged and hostile files
        raise damaged() from error
    return _encode(image, sizes)


def _megabytes(size: int, limit: int) -> dict[str, int]:
    return {"size": -(-size // 1_000_000), "limit": limit // 1_000_000}


def damaged() -> FileRefused:
    """The refusal of a picture that nothing could read."""
    return FileRefused(
        "damaged",
        _("Cette photo est incomplète ou abîmée. Vérifiez qu’elle s’ouvre sur votre appareil, puis renvoyez-la."),
    )


def too_large(text: str | None = None) -> FileRefused:
    """The refusal of a picture that would take too much memory or time, and what to do about it."""
    text = text or _("Cette photo a trop de pixels pour être lue sans risque.")
    remedy = _("Réduisez-la ou faites-en une capture d’écran, puis renvoyez-la.")
    return FileRefused("too_large", f"{text} {remedy}")


def _check_size(picture: Image.Image, fileobj: BinaryIO, limits: Limits) -> None:
    width, height = picture.size
    if width < 1 or height < 1 or max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise too_large()
    scans, buffered = 0, False
    max_scans = min(limits.max_scans, max(16, _MAX_SCANNED // (width * height)))
    if picture.format in ("JPEG", "MPO"):
        position = fileobj.tell()
        fileobj.seek(0)
        scans, buffered = _read_scans(fileobj.read(limits.max_bytes + 1), len(picture.getbands()), max_scans)
        fileobj.seek(position)
    if scans > max_scans or width * height * _bytes_per_pixel(picture, buffered) > limits.max_memory:
        raise too_large()


def _bytes_per_pixel(picture: Image.Image, buffered: bool) -> int:
    """What is kept at the peak, measured: four copies for WebP; a JPEG's coefficients where it goes over them again."""
    if picture.format in ("JPEG", "MPO"):
        return 2 * len(picture.getbands()) if buffered else 1
    return 16 if picture.format == "WEBP" else 6


def _read_scans(data: bytes, bands: int, enough: int) -> tuple[int, bool]:
    """How many times a JPEG goes over the picture, at most `enough` + 1, and whether it does so more than once.

    A small hostile file can do it 100,000 times (ITU T.81 annex B: FF DA begins a scan, FF D9 ends the picture).
    """
    many = data.count(b"\xff\xda") > enough
    scans, position, buffered = 0, 2, False
    while scans <= enough and (found := _MARKER.search(data, position)):
        marker, start = found.group(1)[0], found.end()
        if marker == 0xD9:
            break
        buffered |= marker in _PROGRESSIVE or (marker == 0xDA and data[start + 2 : start + 3] != bytes([bands]))
        scans += marker == 0xDA
        if scans and not many:
            break
        alone = marker in (0x01, 0xD8) or 0xD0 <= marker <= 0xD7
        position = start if alone else start + int.from_bytes(data[start : start + 2], "big")
    return scans, buffered


def _draw(picture: Image.Image, longest: int, upright: bool) -> Image.Image:
    """The decoded picture at most `longest` on its longest side, upright, opaque, in sRGB or grey."""
    box = _fit(picture.size, longest)
    profile = picture.info.get("icc_profile")
    picture.draft(None, box)  # does something only when asked for the picture's own ratio
    picture.load()
    orientation = 1 if upright else _read_orientation(picture)
    image = _reduce(picture, max(1, min(picture.width // box[0], picture.height // box[1]) // 2))
    if image.size != box:
        image = image.resize(box, Image.Resampling.LANCZOS)
    image = _to_srgb(image, profile)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    return image


def _reduce(picture: Image.Image, factor: int) -> Image.Image:
    """A picture some whole times smaller, by strips: what converts and averages copies each pixel several times."""
    if factor == 1:
        return _to_eight_bits(picture)
    width, height = picture.size
    image = None
    for top in range(0, height, _STRIP * factor):
        strip = picture.crop((0, top, width, min(top + _STRIP * factor, height)))
        strip = _to_eight_bits(strip).reduce(factor)
        image = image or Image.new(strip.mode, (strip.width, -(-height // factor)))
        image.paste(strip, (0, top // factor))
    return image


def _fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    width, height = size
    if max(size) <= longest:
        return size
    return max(1, round(width * longest / max(size))), max(1, round(height * longest / max(size)))


def _read_orientation(picture: Image.Image) -> int:
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # a damaged EXIF block is no reason to refuse a picture that can be seen
        return 1


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """One of L, RGB, CMYK, or RGBA where something is transparent."""
    if picture.mode.startswith("I"):  # 16-bit grey: convert() alone would cut at 255 instead of scaling
        return picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if picture.mode in ("L", "RGB", "CMYK") and "transparency" not in picture.info or picture.mode == "RGBA":
        return picture
    if picture.mode in ("LA", "La", "PA", "RGBa") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    if (
        profile
        and len(profile) <= _MAX_PROFILE
        and profile[16:20] == _PROFILE_SPACES[image.mode]
        and not _is_srgb(profile)
    ):
        mode = "L" if image.mode == "L" else "RGB"
        try:
            image = ImageCms.profileToProfile(image, io.BytesIO(profile), _SRGB, outputMode="RGB").convert(mode)
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a damaged profile: the colours are slightly off, the picture is there
    return image.convert("RGB") if image.mode == "CMYK" else image


def _is_srgb(profile: bytes) -> bool:
    """Whether a profile is the usual one, which needs no work: by its name and by its three primaries, since wide
    ones mention sRGB too (ICC.1 §7.3, §9.2: tags of `XYZ ` type, s15Fixed16, under D50)."""
    if b"sRGB" not in profile:
        return False
    count = min(int.from_bytes(profile[128:132], "big"), 100)
    tags = {profile[at : at + 4]: profile[at + 4 : at + 8] for at in range(132, 132 + 12 * count, 12)}
    for name, expected in _SRGB_PRIMARIES.items():
        start = int.from_bytes(tags.get(name, b""), "big") + 8
        value = profile[start : start + 12]
        if len(value) < 12:
            return False
        found = [number / 65536 for number in struct.unpack(">3i", value)]
        if any(abs(each - wanted) > 0.003 for each, wanted in zip(found, expected, strict=True)):
            return False
    return True


def _encode(image: Image.Image, sizes: Mapping[str, int]) -> Renditions:
    """Each size is made from the one before it, so that the large picture is read once."""
    made: list[Rendition] = []
    for name, longest in sorted(sizes.items(), key=lambda item: -item[1]):
        size = _fit(image.size, longest)
        if made and size == image.size:
            data = made[-1].data
        else:
            if size != image.size:
                image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
            image.info = {}  # Pillow writes the comment and the XMP that it finds there
            output = io.BytesIO()
            image.save(output, "JPEG", quality=_QUALITY, progressive=True, optimize=True)
            data = output.getvalue()
        made.append(Rendition(name, MIME, *image.size, data))
    return Renditions(tuple(made))
