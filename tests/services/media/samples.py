"""Files of every kind, made here: small, valid, and hostile ones from them."""

import io
import random
import struct
import zipfile
import zlib

from PIL import Image, ImageCms, PngImagePlugin

ODF = "application/vnd.oasis.opendocument."
OOXML = "application/vnd.openxmlformats-officedocument."
SCRIPT = b"<html><body><script>alert(document.cookie)</script></body></html>"


def scene(size=(400, 300)) -> Image.Image:
    """A picture whose corners are red, green, blue and white, clockwise from the top left."""
    width, height = size
    image = Image.new("RGB", size, (128, 128, 128))
    half = (width // 2, height // 2)
    image.paste((220, 0, 0), (0, 0, *half))
    image.paste((0, 180, 0), (half[0], 0, width, half[1]))
    image.paste((0, 0, 220), (half[0], half[1], width, height))
    image.paste((255, 255, 255), (0, half[1], half[0], height))
    return image


def noise(size=(640, 480)) -> Image.Image:
    """A picture that does not compress, so that each byte of its file counts."""
    data = random.Random(3).randbytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, data)


def saved(image: Image.Image, kind: str, **options) -> bytes:
    output = io.BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def jpeg(size=(400, 300), **options) -> bytes:
    return saved(scene(size), "JPEG", quality=90, **options)


def exif(orientation=1) -> bytes:
    """EXIF with a place (Paris), a device, an author and an orientation."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "AppareilSecret"
    block[0x013B] = "AuteurSecret"
    block[0x8825] = {1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 8.0), 29: "2025:09:15"}
    return block.tobytes()


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """An RGB profile in which red and blue are exchanged, so that applying it is visible; its name hides sRGB."""
    profile = bytearray(srgb_profile().replace(b"sRGB", b"xRGB"))
    count = int.from_bytes(profile[128:132], "big")
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    profile[red + 4 : red + 12], profile[blue + 4 : blue + 12] = (
        profile[blue + 4 : blue + 12],
        profile[red + 4 : red + 12],
    )
    return bytes(profile)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def png_bomb(width=30_000, height=30_000) -> bytes:
    """900 megapixels of one colour in about 100 kB."""
    header = struct.pack(">2L5B", width, height, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8) * 500) for _ in range(height // 500)) + packer.flush()
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg_scan_bomb(scans=20_000) -> bytes:
    """A progressive JPEG that goes over the picture again and again."""
    data = saved(scene((64, 64)), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + b"\xff\xd9"


def with_comment_chunk(data: bytes) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", data.decode())
    info.add_itxt("XML:com.adobe.xmp", data.decode(), zip=True)
    return info


def pdf(body=b"") -> bytes:
    start = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + body + b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    start += b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    return start + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(
        start
    )


def zipped(entries, *, stored=("mimetype",)) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=kind)
    return output.getvalue()


def odf(kind="text", *more) -> bytes:
    entries = [("mimetype", ODF + kind), ("content.xml", "<x/>"), ("META-INF/manifest.xml", "<x/>"), *more]
    return zipped(entries)


PARTS = {
    "wordprocessingml.document": "word/document.xml",
    "spreadsheetml.sheet": "xl/workbook.xml",
    "presentationml.presentation": "ppt/presentation.xml",
}


def ooxml(kind="wordprocessingml.document", *more, types="", stored=()) -> bytes:
    part = PARTS[kind]
    listed = (
        '<?xml version="1.0"?><Types><Default Extension="rels" ContentType="application/x"/>'
        f'<Override PartName="/{part}" ContentType="{OOXML}{kind}.main+xml"/>{types}</Types>'
    )
    return zipped([("[Content_Types].xml", listed), ("_rels/.rels", "<x/>"), (part, "<x/>"), *more], stored=stored)


def box(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">L", 8 + len(data)) + kind + data


def mp4(brand=b"isom", tracks=(b"vide", b"soun")) -> bytes:
    handlers = b"".join(box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + track + bytes(13)))) for track in tracks)
    start = box(b"ftyp", brand + bytes(4) + brand)
    return start + box(b"mdat", bytes(500)) + box(b"moov", box(b"mvhd", bytes(100)) + handlers)


def mp3(tag=b"") -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    size = len(tag)
    head = b"ID3\x04\x00\x00" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + tag if tag else b""
    return head + frame * 4


OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead\x01" + bytes(60)
WAV = b"RIFF\x24\x08\x00\x00WAVEfmt " + bytes(60)
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm" + bytes(40)
