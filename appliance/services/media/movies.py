"""Sound, moving pictures and the photos that share their container are recognised by it; nothing of them is decoded
here."""

import re
import struct
from typing import BinaryIO

from appliance.core.i18n import _
from appliance.services.media.boxes import list_boxes
from appliance.services.media.refusals import FileRefused

_MP4_BRANDS = {
    b"isom",
    b"iso2",
    b"iso3",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"dash",
    b"M4V ",
    b"MSNV",
}
_MP4_BRANDS |= {b"qt  ", b"3gp4", b"3gp5", b"3gp6"}
_SOUND_BRANDS = {b"M4A ", b"M4B "}
# ISO 23008-12 annex B, AV1 Image File Format §6: pictures, and sequences whose cover is shown.
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_MAX_BRANDS = 64
_VIDEO_TRACK = re.compile(rb"hdlr.{8}vide", re.DOTALL)
_SOUND_TRACK = re.compile(rb"hdlr.{8}soun", re.DOTALL)
_MAX_INDEX = 4 << 20
# MPEG-1 and MPEG-2 layer III: kbit/s by index, Hz by version and index (ISO 11172-3 §2.4.2.3, 13818-3).
_BIT_RATES = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def find_kind(head: bytes, fileobj: BinaryIO) -> str | None:
    """`mp3`, `m4a`, `ogg`, `wav`, `mp4`, `webm`, `weba`, `heic`, `avif`, or None where it is none of these."""
    if head[4:8] == b"ftyp":
        return _find_mp4(head, fileobj)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"OggS"):
        known = (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   ")
        return "ogg" if b"theora" not in head and any(mark in head for mark in known) else None
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"\x42\x82\x84webm" in head[:64]:
        return "webm" if re.search(rb"V_(?:VP8|VP9|AV1|MPEG4)", head) or b"A_" not in head else "weba"
    return "mp3" if _is_mp3(head, fileobj) else None


def _find_mp4(head: bytes, fileobj: BinaryIO) -> str | None:
    brand = head[8:12]
    if brand in _HEIC_BRANDS | _AVIF_BRANDS:
        return "avif" if _read_brands(head) & _AVIF_BRANDS else "heic"
    if brand not in _MP4_BRANDS | _SOUND_BRANDS:
        return None
    index = _read_index(fileobj)
    if _VIDEO_TRACK.search(index):
        return "mp4"
    if not _SOUND_TRACK.search(index):
        raise FileRefused("truncated", _("Cet enregistrement est incomplet : il a été coupé. Renvoyez-le."))
    return "m4a"


def _read_brands(head: bytes) -> set[bytes]:
    """The major brand and the compatible ones (ISO 14496-12 §4.3)."""
    end = min(struct.unpack(">L", head[:4])[0], len(head), 16 + 4 * _MAX_BRANDS)
    return {head[8:12], *(head[start : start + 4] for start in range(16, end - 3, 4))}


def _read_index(fileobj: BinaryIO) -> bytes:
    """The `moov` box of an MP4 file, as far as it is of a sane size; empty if none."""
    for box in list_boxes(fileobj):
        if box.kind == b"moov":
            fileobj.seek(box.start)
            return fileobj.read(min(box.length, _MAX_INDEX))
    return b""


def _is_mp3(head: bytes, fileobj: BinaryIO) -> bool:
    """Two frames in a row, after an ID3v2 tag where there is one: two bytes alone would also be found in a text."""
    start = 0
    if head.startswith(b"ID3") and len(head) > 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    fileobj.seek(start)
    frames = fileobj.read(8192)
    frames = frames.lstrip(b"\x00") if start else frames
    length = _frame_length(frames)
    return bool(length and _frame_length(frames[length:]))


def _frame_length(frame: bytes) -> int:
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:  # sync, layer III
        return 0
    version, rate, frequency = frame[1] >> 3 & 3, frame[2] >> 4, frame[2] >> 2 & 3
    if version == 1 or rate in (0, 15) or frequency == 3:
        return 0
    samples = 144 if version == 3 else 72
    bits = _BIT_RATES[3 if version == 3 else 2][rate] * 1000
    return samples * bits // _SAMPLE_RATES[version][frequency] + (frame[2] >> 1 & 1)
