"""An A4 page drawn by hand: text that wraps and never spills, names in any European script, a QR code, the mark.

A word that the product's face lacks is set whole in DejaVu; a sign that neither has prints as a box and never fails.
"""

import functools
from bisect import bisect_right
from pathlib import Path

import segno
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FOLDER = Path(__file__).parent / "data"
FACES = ("AtkinsonHyperlegible", "DejaVuSans")
HEIGHT = 297 * mm
SLATE = (0.122, 0.302, 0.294)
INK = (0.1, 0.12, 0.12)
# Narrow and figure spaces are drawn as an ordinary fixed one, the hyphen that forbids a break as a hyphen.
_SIMPLER = str.maketrans({"\u202f": "\u00a0", "\u2007": "\u00a0", "\u2009": " ", "\u2011": "-", "\u2212": "-"})
_BOX = "\u25a1"


@functools.cache
def glyphs(name: str) -> frozenset[int]:
    """The code points of a font, which is read and registered at its first use."""
    font = TTFont(name, str(FOLDER / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def choose_font(word: str, bold: bool) -> tuple[str, str]:
    """The font for one word, and the word as that font can draw it."""
    style = "Bold" if bold else "Regular"
    for face in FACES:
        known = glyphs(f"{face}-{style}")
        if all(ord(sign) in known for sign in word):
            return f"{face}-{style}", word
    known = glyphs(f"{FACES[-1]}-{style}")
    return f"{FACES[-1]}-{style}", "".join(sign if ord(sign) in known else _BOX for sign in word)


class Page:
    """Draws on one page of a canvas; positions are millimetres from the top left corner."""

    def __init__(self, canvas: Canvas):
        self.canvas = canvas

    def line(self, x: float, y: float, text: str, *, size: float = 11, bold: bool = False, colour=INK) -> float:
        """Write one line and give its width in millimetres."""
        at, self_x = x * mm, x * mm
        self.canvas.setFillColorRGB(*colour)
        for word in _pieces(text):
            font, drawn = choose_font(word, bold)
            self.canvas.setFont(font, size)
            self.canvas.drawString(at, HEIGHT - y * mm, drawn)
            at += pdfmetrics.stringWidth(drawn, font, size)
        return (at - self_x) / mm

    def text(
        self, x: float, y: float, text: str, width: float, *, size: float = 11, bold: bool = False, lead: float = 1.4,
        most: int = 40, colour=INK,
    ) -> float:  # fmt: skip
        """Write a paragraph within a width, at most so many lines, and give the height of the line below it."""
        step = size * lead / mm
        for row in wrap(text, width * mm, size, bold)[:most]:
            self.line(x, y, row, size=size, bold=bold, colour=colour)
            y += step
        return y

    def qr(self, x: float, y: float, side: float, content: str) -> None:
        """Draw a QR code (ISO/IEC 18004, level M) as black runs in a square with its quiet zone."""
        rows = list(segno.make(content, error="m", micro=False).matrix_iter(border=4))
        module = side * mm / len(rows)
        path = self.canvas.beginPath()
        for number, row in enumerate(rows):
            bottom, start = HEIGHT - y * mm - (number + 1) * module, None
            for column, dark in enumerate([*row, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    path.rect(x * mm + start * module, bottom, (column - start) * module, module * 1.01)
                    start = None
        self.canvas.setFillColorRGB(0, 0, 0)
        self.canvas.drawPath(path, stroke=0, fill=1)

    def mark(self, x: float, y: float, side: float) -> None:
        """Draw the product's mark: a roof, two posts and a line of chalk."""
        canvas, unit = self.canvas, side * mm / 32
        canvas.saveState()
        canvas.translate(x * mm, HEIGHT - y * mm)
        canvas.scale(unit, -unit)
        canvas.setStrokeColorRGB(*SLATE)
        canvas.setLineCap(1)
        canvas.setLineJoin(1)
        for width, points in (
            (3.4, [(3, 13.2), (16, 6), (29, 13.2)]),
            (2, [(8, 13.5), (8, 24)]),
            (2, [(24, 13.5), (24, 24)]),
        ):
            canvas.setLineWidth(width)
            path = canvas.beginPath()
            path.moveTo(*points[0])
            for point in points[1:]:
                path.lineTo(*point)
            canvas.drawPath(path)
        canvas.setLineWidth(2.2)
        canvas.bezier(3.5, 26.9, 9, 26, 11, 27.4, 16, 26.8)
        canvas.bezier(16, 26.8, 21, 26, 24, 27.2, 28.5, 26.9)
        canvas.restoreState()

    def rule(self, x: float, y: float, width: float) -> None:
        """Draw a thin line."""
        self.canvas.setStrokeColorRGB(*SLATE)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(x * mm, HEIGHT - y * mm, (x + width) * mm, HEIGHT - y * mm)


def measure(text: str, size: float, bold: bool) -> float:
    """The width of a line in points."""
    total = 0.0
    for word in _pieces(text):
        font, drawn = choose_font(word, bold)
        total += pdfmetrics.stringWidth(drawn, font, size)
    return total


def wrap(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """Lines of a paragraph that fit a width in points; a word longer than a line is cut where it must be."""
    rows, row = [], ""
    for word in text.translate(_SIMPLER).split(" "):
        longer = f"{row} {word}" if row else word
        if measure(longer, size, bold) <= width:
            row = longer
            continue
        if row:
            rows.append(row)
        while word and measure(word, size, bold) > width:
            lengths = range(1, len(word) + 1)
            cut = max(1, bisect_right(lengths, width, key=lambda n, whole=word: measure(whole[:n], size, bold)))
            rows.append(word[:cut])
            word = word[cut:]
        row = word
    return [*rows, row] if row else rows


def _pieces(text: str) -> list[str]:
    """Words, each with the space after it, so that a font is chosen a word at a time."""
    words = text.translate(_SIMPLER).split(" ")
    return [word + " " for word in words[:-1]] + words[-1:]
