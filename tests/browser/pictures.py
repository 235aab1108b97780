"""Small files to send: photos that were drawn here, and a document."""

import io
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from appliance.cli.demo.pictures import draw_picture


def make_photos(folder: Path, count: int = 2) -> list[Path]:
    """Photos as a phone makes them, each with a scene of its own."""
    made = []
    for number, scene in enumerate(("garden", "paint", "leaves")[:count], 1):
        path = folder / f"IMG_{number:04}.jpg"
        path.write_bytes(draw_picture(scene, number, (800, 600) if number % 2 else (600, 800)))
        made.append(path)
    return made


def make_document(folder: Path, name: str = "Liste de matériel.pdf") -> Path:
    """One page of PDF."""
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(72, 720, "Liste de matériel")
    canvas.save()
    (folder / name).write_bytes(out.getvalue())
    return folder / name
