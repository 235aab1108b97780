"""A heavy film as a camera writes it: Motion JPEG and plain sound in MOV, its index at the end. Cheap to make and to
read, since one short scene is shown again and again."""

import subprocess
from pathlib import Path

from tests.support.films import PLACE
from tests.support.needs import needs

WIDTH, HEIGHT, FPS = 1280, 720, 25
_SCENE_SECONDS = 2
_RATE = 8000  # bytes of sound per second


def make(folder: Path, size: int, canary: bytes) -> Path:
    """A film of at least `size` bytes, some 9 MB a second. The canary is in its tags and is what its sound is made
    of: it stands in clear all along the file."""
    ffmpeg = [needs("ffmpeg"), "-v", "error", "-nostdin", "-y"]
    scene, sound, film = folder / "scene.mov", folder / "sound.raw", folder / "film.mov"
    picture = f"testsrc2=s={WIDTH}x{HEIGHT}:r={FPS}:d={_SCENE_SECONDS}"
    coded = ["-vf", "noise=alls=10:allf=t", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"]
    _run([*ffmpeg, "-f", "lavfi", "-i", picture, *coded, str(scene)])
    sound.write_bytes((canary * (_RATE // len(canary) + 1))[:_RATE])
    tags = [f"comment={canary.decode()}", f"location={PLACE}", "creation_time=2024-01-02T03:04:05Z"]
    _run([
        *ffmpeg, "-stream_loop", "-1", "-i", str(scene),
        "-stream_loop", "-1", "-f", "u8", "-ar", str(_RATE), "-ac", "1", "-i", str(sound),
        "-map", "0:v", "-map", "1:a", "-c", "copy", *(part for tag in tags for part in ("-metadata", tag)),
        "-movflags", "use_metadata_tags", "-fs", str(size), str(film),
    ])  # fmt: skip
    scene.unlink()
    sound.unlink()
    return film


def length_of(film: Path) -> float:
    """How many seconds a film lasts, as it says itself."""
    entries = ["-show_entries", "format=duration", "-of", "csv=p=0"]
    command = [needs("ffprobe"), "-v", "error", *entries, str(film)]
    return float(subprocess.run(command, check=True, timeout=60, capture_output=True).stdout)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=600, stdin=subprocess.DEVNULL)
