"""Small films and recordings of every shape, made by the real ffmpeg when a test asks for them."""

import struct
import subprocess
from types import SimpleNamespace

from tests.support.needs import needs

PLACE = "+48.8566+002.3522/"
CANARY = "CANARY-PLACE-9f31"


def make(folder, name: str, *options: str, size="96x64", fps=10, seconds=1.0, sound=True, picture=True) -> bytes:
    """A film of moving bars and a tone; `options` are ffmpeg's, for the output."""
    inputs = []
    if picture:
        inputs += ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={fps}:d={seconds}"]
    if sound:
        inputs += ["-f", "lavfi", "-i", f"sine=440:d={seconds}"]
    path = folder / name
    command = [needs("ffmpeg"), "-v", "error", "-y", *inputs, *options, str(path)]
    subprocess.run(command, check=True, timeout=120, stdin=subprocess.DEVNULL)
    return path.read_bytes()


H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1", "-c:a", "aac")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")


def of_a_phone(folder, **values) -> bytes:
    """A MOV as a phone writes it: HEVC, its index at the end, with the place and the date, turned by a quarter."""
    where = [f"location={PLACE}", f"com.apple.quicktime.location.ISO6709={PLACE}", f"comment={CANARY}"]
    tags = [part for each in where for part in ("-metadata", each)]
    options = (*HEVC, *tags, "-metadata", "creation_time=2024-01-02T03:04:05Z", "-movflags", "use_metadata_tags")
    return turned(make(folder, "phone.mov", *options, **values))


def recorded(folder, **values) -> bytes:
    """A WebM as a browser's recorder writes it: no duration, no index, since it can't go back."""
    return make(folder, "recorded.webm", *VP8, "-f", "webm", "-live", "1", **values)


def turned(film: bytes) -> bytes:
    """The same film, to be shown turned by a quarter (ISO 14496-12 §8.3.2: the matrix of its first `tkhd`)."""
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    at = film.index(b"tkhd") + 4 + 40
    return film[:at] + matrix + film[at + 36 :]


def inspect(path, seconds=60) -> dict:
    """What ffprobe says of a finished film, its whole content decoded first to see that it plays."""
    import json

    played = subprocess.run(
        [needs("ffmpeg"), "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert played.returncode == 0 and not played.stderr, played.stderr
    done = subprocess.run(
        [needs("ffprobe"), "-v", "error", "-show_format", "-show_streams", "-show_chapters", "-of", "json", str(path)],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    found = json.loads(done.stdout)
    streams = {each["codec_type"]: each for each in found["streams"]}
    return {**found, "video": streams.get("video"), "audio": streams.get("audio"), "kinds": sorted(streams)}


class KeptWriter:
    """Stands for files.Writer: keeps what is added."""

    def __init__(self):
        self.files, self.sizes = {}, {}

    def add(self, rendition, mime, pieces, width=None, height=None):
        """Keep one rendition."""
        self.files[rendition], self.sizes[rendition] = b"".join(pieces), (width, height)


class KeptLease:
    """Stands for work.Lease: keeps the progress."""

    def __init__(self):
        self.percents = []

    def progress(self, percent=None):
        """Keep one announcement."""
        if percent is not None:
            self.percents.append(percent)


ROW = SimpleNamespace(classroom_id=1)
