"""Files for tests, made by code: nothing binary is kept in the project."""

import io

from PIL import Image
from werkzeug.datastructures import FileStorage


def jpeg(width: int = 640, height: int = 480, *, seed: int = 1, exif: Image.Exif | None = None) -> bytes:
    """A JPEG with some texture, so that its size is that of a photo."""
    small = Image.effect_noise((max(1, width // 8), max(1, height // 8)), 60 + seed).convert("RGB")
    out = io.BytesIO()
    small.resize((width, height), Image.BICUBIC).save(out, "JPEG", quality=88, **({"exif": exif} if exif else {}))
    return out.getvalue()


def pdf(size: int = 2000) -> bytes:
    """A PDF of one page and about so many bytes."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(200, 200), pageCompression=0)
    canvas.drawString(20, 100, "x" * max(1, size - 1400))
    canvas.save()
    return out.getvalue()


def upload(data: bytes, name: str) -> FileStorage:
    """The bytes as a form would bring them."""
    return FileStorage(io.BytesIO(data), filename=name)
