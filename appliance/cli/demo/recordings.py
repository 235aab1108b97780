"""A film and a sound for the demo school, made by the program: a drawing that one walks towards, a few notes. Without
ffmpeg there is neither: what prepares them isn't there."""

import io
import math
import shutil
import struct
import tempfile
import wave
from pathlib import Path

from appliance.cli.demo import pictures
from appliance.services.media import programs

_RATE = 16000
_NOTES = (262, 294, 330, 262, 330, 392, 392)


def make_sound() -> bytes:
    """A few notes of a round, as WAV."""
    out, length = io.BytesIO(), _RATE // 2
    with wave.open(out, "wb") as sheet:
        sheet.setnchannels(1)
        sheet.setsampwidth(2)
        sheet.setframerate(_RATE)
        for note in _NOTES:
            samples = (
                int(9000 * math.sin(2 * math.pi * note * at / _RATE) * (1 - at / length)) for at in range(length)
            )
            sheet.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return out.getvalue()


def make_film() -> bytes:
    """A few seconds of a drawn landscape that comes nearer, as long as its sound: the notes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.jpg").write_bytes(pictures.draw_picture("farm", 3, (1280, 720)))
        (folder / "a.wav").write_bytes(make_sound())
        nearer = "zoompan=z='1+0.002*on':d=75:s=640x360:fps=15,format=yuv420p"
        argv = ["ffmpeg", "-v", "error", "-i", "a.jpg", "-i", "a.wav", "-vf", nearer, "-c:v", "libx264"]
        argv += ["-preset", "veryfast", "-c:a", "aac", "-t", "3.5", "-y", "film.mp4"]
        programs.run(argv, folder=folder, seconds=60)
        return (folder / "film.mp4").read_bytes()


def can_make() -> bool:
    """Whether what makes and prepares them is installed."""
    return bool(shutil.which("ffmpeg") and shutil.which("ffprobe"))
