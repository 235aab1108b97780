"""Pictures with real faces, and measures of what is left of them: one portrait, set as often as a test needs."""

import base64
import io
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

PORTRAIT = Path(__file__).parent / "vendor" / "astronaut" / "astronaut.png"
FACE = (182, 68, 266, 180)  # left, top, right, bottom in the portrait: from the brows to the chin
EXIF_ORIENTATION, EXIF_GPS = 0x0112, 0x8825
# Where the portrait stands in the group, and how large: its face is a fifth of that.
GROUP = (
    (20, 30, 420),
    (460, 20, 360),
    (860, 40, 300),
    (1200, 20, 380),
    (60, 560, 260),
    (420, 500, 200),
    (700, 480, 340),
)


def portrait(factor: float = 1) -> Image.Image:
    """One person, from the waist up."""
    picture = Image.open(PORTRAIT).convert("RGB")
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)


def group() -> Image.Image:
    """Seven people, large and small, some of them looking the other way."""
    scene = Image.new("RGB", (1600, 1000), "#b9a98c")
    for number, (x, y, side) in enumerate(GROUP):
        one = portrait(side / 512)
        scene.paste(ImageOps.mirror(one) if number % 2 else one, (x, y))
    return scene


def save(picture: Image.Image, path: Path, **options) -> Path:
    """A photo as a phone writes it, with the place it was taken at."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = options.pop("orientation", 1)
    exif.get_ifd(EXIF_GPS).update({1: "N", 2: (48.0, 51.0, 30.0)})
    picture.save(path, "JPEG", quality=93, exif=exif, **options)
    return path


def lying(picture: Image.Image) -> Image.Image:
    """The pixels of a photo whose orientation tag (6) says: turn me by a quarter to the right."""
    return picture.transpose(Image.Transpose.ROTATE_90)


def chosen(page, at: int = 0) -> tuple[bytes, str, str]:
    """The bytes, name and type of a file that the form would send."""
    found = page.evaluate(
        """async (at) => {
          const file = document.querySelector("input[type=file]").files[at];
          const bytes = new Uint8Array(await file.arrayBuffer());
          let text = "";
          for (const each of bytes) text += String.fromCharCode(each);
          return [btoa(text), file.name, file.type];
        }""",
        at,
    )
    return base64.b64decode(found[0]), found[1], found[2]


def picture_of(content: bytes) -> Image.Image:
    """The picture in these bytes."""
    return Image.open(io.BytesIO(content))


def detail(picture: Image.Image, box: tuple[int, int, int, int]) -> float:
    """How much edge there is in a part of a picture."""
    edges = picture.convert("L").crop(box).filter(ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 4, -1, 0, -1, 0), 1, 0))
    inner = edges.crop((1, 1, edges.width - 1, edges.height - 1))  # the filter leaves the border as it was
    return ImageStat.Stat(inner).sum2[0] / (inner.width * inner.height)


def difference(one: Image.Image, other: Image.Image, box=None) -> float:
    """The mean difference of two pictures, in steps of 255."""
    apart = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return sum(ImageStat.Stat(apart.crop(box) if box else apart).mean) / 3
