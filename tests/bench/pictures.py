"""A photo of 12 megapixels becomes three renditions: ours against Pillow's own draft decode and resize, bare.

Processor time, one after the other in turns and the best of each, so that other work on the machine counts little.
"""

import io
import time
from collections.abc import Callable

from PIL import Image, ImageFilter

from appliance.services.media.pictures import SIZES, make_renditions

SIZE = (4000, 3000)
TURNS = 7


def photo() -> bytes:
    """A JPEG file of about 4 MB, as a phone makes it: large shapes, fine grain, EXIF."""
    shapes = (
        Image.effect_noise((250, 188), 110).filter(ImageFilter.GaussianBlur(2)).resize(SIZE, Image.Resampling.BICUBIC)
    )
    grain = Image.effect_noise(SIZE, 60)
    mixed = Image.blend(shapes, grain, 0.3)
    block = Image.Exif()
    block[0x0112] = 6
    output = io.BytesIO()
    Image.merge("RGB", (mixed, shapes, mixed)).save(output, "JPEG", quality=90, exif=block.tobytes())
    return output.getvalue()


def bare(data: bytes) -> None:
    """What a short script would do: decode at half size, three thumbnails, three files."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.draft("RGB", (1600, 1200))
        picture.load()
        for longest in SIZES.values():
            picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
            picture.save(io.BytesIO(), "JPEG", quality=82)


def measure() -> tuple[float, float]:
    """Seconds of processor for the bare script, and for ours."""
    data = photo()
    ways = (lambda: bare(data), lambda: make_renditions(io.BytesIO(data)))
    best = [float("inf")] * len(ways)
    for _turn in range(TURNS):
        for number, way in enumerate(ways):
            best[number] = min(best[number], _seconds(way))
    return best[0], best[1]


def _seconds(way: Callable[[], object]) -> float:
    begun = time.process_time()
    way()
    return time.process_time() - begun


def report() -> float:
    """Print one line; gives how many times the bare script ours takes."""
    plain, ours = measure()
    compared = f"{ours / plain:6.2f} of the bare script ({plain * 1e3:.0f} ms)"
    print(f"{'12 MP to three renditions':34}{ours * 1e3:9.0f} ms   {compared}")
    return ours / plain
