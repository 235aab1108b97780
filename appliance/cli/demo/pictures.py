"""Pictures for the demo school: landscapes and still lifes drawn by the program, so that no real child is ever
shown."""

import io
import math
import random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1600, 1200)


def draw_picture(scene: str, seed: int, size: tuple[int, int] = SIZE) -> bytes:
    """A JPEG of one of SCENES; the same seed gives the same picture."""
    rng = random.Random(f"{scene}{seed}")  # noqa: S311 - a drawing, not a secret
    image = SCENES[scene](rng, *size)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def _sky(width: int, height: int, top: tuple, bottom: tuple) -> Image.Image:
    column = Image.new("RGB", (1, height))
    for y in range(height):
        share = y / height
        column.putpixel((0, y), tuple(int(a + (b - a) * share) for a, b in zip(top, bottom, strict=True)))
    return column.resize((width, height))


def _hills(draw: ImageDraw.ImageDraw, rng, width: int, height: int, colours: list, start: float) -> None:
    for layer, colour in enumerate(colours):
        base = height * (start + layer * (1 - start) / len(colours))
        waves = [(rng.uniform(0.6, 2.2), rng.uniform(0, 6.3), rng.uniform(0.02, 0.06)) for _ in range(3)]
        line = [
            (x, base + sum(math.sin(x / width * 6.3 * f + p) * a * height for f, p, a in waves))
            for x in range(0, width + 8, 8)
        ]
        draw.polygon([(0, height), *line, (width, height)], fill=colour)


def farm(rng, width: int, height: int) -> Image.Image:
    """Hills, a barn, trees and sheep."""
    image = _sky(width, height, (154, 203, 232), (246, 232, 205))
    draw = ImageDraw.Draw(image)
    sun = min(width, height) * 0.08
    draw.ellipse([width * 0.8 - sun, height * 0.16 - sun, width * 0.8 + sun, height * 0.16 + sun], fill=(252, 224, 138))
    _hills(draw, rng, width, height, [(150, 186, 132), (122, 167, 104), (95, 146, 84)], 0.45)
    x, y, unit = width * rng.uniform(0.12, 0.5), height * 0.58, width * 0.16
    draw.rectangle([x, y, x + unit, y + unit * 0.7], fill=(178, 74, 58))
    draw.polygon([(x - 14, y), (x + unit / 2, y - unit * 0.4), (x + unit + 14, y)], fill=(92, 62, 54))
    draw.rectangle([x + unit * 0.38, y + unit * 0.28, x + unit * 0.62, y + unit * 0.7], fill=(247, 238, 222))
    for _ in range(7):
        sx, sy, s = width * rng.uniform(0.05, 0.95), height * rng.uniform(0.78, 0.94), width * rng.uniform(0.02, 0.034)
        for leg in (-0.5, -0.2, 0.2, 0.5):
            draw.line([sx + leg * s, sy, sx + leg * s, sy + s * 1.1], fill=(60, 56, 54), width=max(3, int(s / 8)))
        draw.ellipse([sx - s, sy - s * 0.7, sx + s, sy + s * 0.6], fill=(250, 247, 240))
        draw.ellipse([sx + s * 0.7, sy - s * 0.6, sx + s * 1.4, sy + s * 0.1], fill=(70, 64, 62))
    return image


def leaves(rng, width: int, height: int) -> Image.Image:
    """Autumn leaves on paper."""
    image = Image.new("RGB", (width, height), (244, 236, 220))
    palette = [(201, 93, 49), (224, 160, 58), (160, 62, 46), (122, 128, 58), (233, 190, 98), (140, 84, 44)]
    for _ in range(90):
        length = int(width * rng.uniform(0.06, 0.13))
        leaf = Image.new("RGBA", (length * 2, length * 2))
        pen, colour = ImageDraw.Draw(leaf), rng.choice(palette)
        half = [
            (length + math.sin(t / 20 * math.pi) ** 0.8 * length * 0.32, length * (0.2 + 1.5 * t / 20))
            for t in range(21)
        ]
        pen.polygon(half + [(2 * length - x, y) for x, y in reversed(half)], fill=(*colour, 255))
        dark = tuple(int(part * 0.72) for part in colour)
        pen.line([length, length * 0.2, length, length * 1.9], fill=(*dark, 255), width=max(3, length // 24))
        leaf = leaf.rotate(rng.uniform(0, 360), resample=Image.BICUBIC)
        image.paste(leaf, (int(rng.uniform(-0.1, 0.95) * width), int(rng.uniform(-0.1, 0.9) * height)), leaf)
    return image


def paint(rng, width: int, height: int) -> Image.Image:
    """A wall of children's paintings."""
    image = Image.new("RGB", (width, height), (228, 221, 208))
    draw = ImageDraw.Draw(image)
    columns, rows = 3, 2
    for column in range(columns):
        for row in range(rows):
            x, y = width * (0.05 + column * 0.32), height * (0.07 + row * 0.47)
            w, h = width * 0.27, height * 0.39
            draw.rectangle([x + 8, y + 10, x + w + 8, y + h + 10], fill=(196, 188, 174))
            draw.rectangle([x, y, x + w, y + h], fill=(252, 250, 244))
            for _ in range(9):
                colour = rng.choice([(231, 111, 81), (244, 162, 97), (233, 196, 106), (42, 157, 143), (69, 123, 157)])
                cx, cy, r = x + w * rng.uniform(0.18, 0.82), y + h * rng.uniform(0.2, 0.8), w * rng.uniform(0.04, 0.16)
                draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill=colour)
            for petal in range(8):
                angle = petal * math.pi / 4
                cx, cy, r = x + w / 2, y + h / 2, w * 0.05
                px, py = cx + math.cos(angle) * w * 0.09, cy + math.sin(angle) * w * 0.09
                draw.ellipse([px - r, py - r, px + r, py + r], fill=(255, 255, 255))
    return image


def garden(rng, width: int, height: int) -> Image.Image:
    """Rows of a school garden with flowers."""
    image = _sky(width, height, (188, 222, 236), (240, 240, 226))
    draw = ImageDraw.Draw(image)
    _hills(draw, rng, width, height, [(168, 198, 150)], 0.32)
    draw.rectangle([0, height * 0.45, width, height], fill=(122, 88, 62))
    for row in range(6):
        y, scale = height * (0.5 + row * 0.085), 0.5 + row * 0.2
        draw.line([0, y + 26 * scale, width, y + 26 * scale], fill=(98, 69, 48), width=int(14 * scale))
        x = rng.uniform(0, 60)
        while x < width:
            h = 62 * scale * rng.uniform(0.6, 1.2)
            draw.line([x, y + 20 * scale, x, y + 20 * scale - h], fill=(74, 124, 70), width=max(3, int(6 * scale)))
            colour, r = rng.choice([(226, 87, 76), (244, 186, 72), (240, 240, 236), (176, 108, 178)]), 15 * scale
            draw.ellipse([x - r, y + 20 * scale - h - r, x + r, y + 20 * scale - h + r], fill=colour)
            x += 84 * scale * rng.uniform(0.8, 1.2)
    return image


def books(rng, width: int, height: int) -> Image.Image:
    """Shelves of a class library."""
    image = Image.new("RGB", (width, height), (112, 80, 58))
    draw = ImageDraw.Draw(image)
    palette = [
        (190, 78, 66),
        (46, 94, 110),
        (224, 176, 84),
        (92, 128, 92),
        (232, 222, 202),
        (122, 96, 140),
        (58, 66, 82),
    ]
    for shelf in range(4):
        bottom = height * (0.24 + shelf * 0.25)
        draw.rectangle([0, bottom - height * 0.225, width, bottom], fill=(86, 60, 44))
        x = 10.0
        while x < width - 30:
            w, h = width * rng.uniform(0.014, 0.036), height * rng.uniform(0.14, 0.215)
            colour = rng.choice(palette)
            draw.rectangle([x, bottom - h, x + w, bottom], fill=colour)
            light = tuple(min(255, part + 40) for part in colour)
            draw.rectangle([x + w * 0.2, bottom - h * 0.8, x + w * 0.8, bottom - h * 0.68], fill=light)
            x += w + rng.choice([2, 2, 3, 18])
        draw.rectangle([0, bottom, width, bottom + height * 0.025], fill=(150, 112, 82))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def sea(rng, width: int, height: int) -> Image.Image:
    """A beach with sails, for the class trip."""
    image = _sky(width, height, (120, 186, 224), (250, 236, 208))
    draw = ImageDraw.Draw(image)
    draw.rectangle([0, height * 0.5, width, height * 0.78], fill=(58, 128, 150))
    for _ in range(60):
        x, y = rng.uniform(0, width), height * rng.uniform(0.52, 0.76)
        draw.line([x, y, x + rng.uniform(20, 90), y], fill=(120, 176, 188), width=4)
    for _ in range(4):
        x, y, s = width * rng.uniform(0.08, 0.9), height * rng.uniform(0.5, 0.6), width * rng.uniform(0.03, 0.06)
        sail, hull = rng.choice([(250, 246, 236), (222, 96, 74), (244, 190, 88)]), (70, 54, 48)
        draw.polygon([(x, y - 2 * s), (x, y), (x + s, y)], fill=sail)
        keel = y + s * 0.4
        draw.polygon([(x - s * 0.6, y + 4), (x + s, y + 4), (x + s * 0.6, keel), (x - s * 0.2, keel)], fill=hull)
    draw.polygon([(0, height * 0.8), (width, height * 0.72), (width, height), (0, height)], fill=(236, 210, 160))
    for _ in range(40):
        x, y, r = rng.uniform(0, width), height * rng.uniform(0.82, 0.98), rng.uniform(4, 14)
        draw.ellipse([x - r, y - r * 0.6, x + r, y + r * 0.6], fill=rng.choice([(214, 186, 140), (250, 240, 222)]))
    return image


SCENES = {"farm": farm, "leaves": leaves, "paint": paint, "garden": garden, "books": books, "sea": sea}
