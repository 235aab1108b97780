"""A film of any phone becomes one that every browser plays: H.264 and AAC in MP4, upright, at most 720p, without what
the device wrote, with an image to show before it is played."""

from collections.abc import Iterator
from pathlib import Path

from appliance.services import plans
from appliance.services.media import ffmpeg, pictures, programs, sound
from appliance.services.media.refusals import FileRefused
from appliance.storage import memory

MIME = "video/mp4"
LONG_SIDE, SHORT_SIDE = 1280, 720
REASONS = ffmpeg.REASONS
_POSTER = {"poster": LONG_SIDE, "thumb": pictures.SIZES["thumb"]}
_FPS = 30
_RATE, _LEAST_RATE, _SOUND_RATE = 2_500_000, 300_000, 128_000  # bits per second
_TOLERANCE = 1.0  # what phones call ten minutes lasts some frames more
_PACE = 30  # a slow machine may take that many seconds for one second of film
_PIECE = 256 * 1024

_limits = ffmpeg.Limits()
_minutes, _preset = 120, "veryfast"


def configure(processing) -> None:
    """Take the limits of the configuration."""
    global _limits, _minutes, _preset
    _minutes, _preset = processing.video_minutes, processing.preset
    _limits = ffmpeg.Limits(
        processing.threads, processing.memory_mb, processing.output_mb, processing.video_megapixels * 1_000_000
    )


def process_video(row, source, writer, lease, kind: str) -> dict:
    """The film, its poster and its thumb as renditions, and the values of its row; FileRefused with a code."""
    programs.find("ffmpeg"), programs.find("ffprobe")
    minutes = minutes_of(row.classroom_id)
    with memory.private_folder() as folder:
        recording = ffmpeg.Recording(source, kind, folder, _limits, lease.progress, plans.room_to_prepare(row))
        found = recording.probe()
        if found.picture is None:
            return sound.process_recording(recording, found, writer, lease)
        most = minutes * 60 + _TOLERANCE
        seconds = found.seconds or recording.measure(found.picture.index, most)
        if seconds > most:
            raise ffmpeg.too_long(minutes)
        lease.progress(5)
        done = _convert(recording, found, seconds, most, lease)
        if done > most:  # its header said less than it holds
            raise ffmpeg.too_long(minutes)
        film = folder / "film.mp4"
        width, height = fit(found.picture.width, found.picture.height)
        _draw_poster(recording, done, writer)
        writer.add("video", MIME, read(film, lease), width, height)
    return {"duration_ms": round(done * 1000)}


def minutes_of(classroom_id: int) -> int:
    """How long a film of this class may be."""
    return min(_minutes, plans.plan_of(classroom_id).video_minutes or _minutes)


def fit(width: int, height: int) -> tuple[int, int]:
    """The size of the film: within 1280 × 720 (or 720 × 1280), never enlarged, even as H.264 asks."""
    scale = min(1, LONG_SIDE / max(width, height), SHORT_SIDE / min(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _convert(recording, found: ffmpeg.Probe, seconds: float, most: float, lease) -> float:
    """Gives how many seconds of film were made."""
    total = recording.rate(seconds, _LEAST_RATE + _SOUND_RATE, _RATE + _SOUND_RATE)
    rate = total - _SOUND_RATE
    memory.require_room(recording.folder, min(recording.limits.output_mb * 1_000_000, total / 8 * seconds))

    def on_time(done: float) -> None:
        lease.progress(5 + int(85 * min(1, done / max(seconds, 0.1))))

    result = recording.convert(_arguments(found, rate, most), 300 + _PACE * seconds, on_time)
    film = recording.folder / "film.mp4"
    if not result.ok:
        full = film.exists() and film.stat().st_size >= (recording.limits.output_mb << 20) - 4096
        raise ffmpeg.refuse("too_long" if full else "too_slow" if result.reason == "too_slow" else "unreadable")
    return ffmpeg.require_whole(recording.examine("film.mp4").seconds, found.seconds)


def _arguments(found: ffmpeg.Probe, rate: int, most: float) -> list[str]:
    maps = ["-map", f"0:{found.picture.index}"]
    if found.sound is not None:
        maps += ["-map", f"0:{found.sound.index}", *sound.AAC, "-b:a", str(_SOUND_RATE)]
    return [
        *maps, *ffmpeg.ANONYMOUS, "-t", f"{most + 5:.0f}", "-max_muxing_queue_size", "200000",
        "-vf", ",".join(_filters(found.picture)), "-fps_mode", "vfr",
        "-c:v", "libx264", "-preset", _preset, "-crf", "23", "-maxrate", str(rate), "-bufsize", str(2 * rate),
        "-g", "60", "-pix_fmt", "yuv420p", "-profile:v", "high", "-a53cc", "0", "-threads", str(_limits.threads),
        "-movflags", "+faststart", "-f", "mp4", "film.mp4",
    ]  # fmt: skip


def _filters(picture: ffmpeg.Stream) -> Iterator[str]:
    """One size whatever the frames' own (a phone that is turned while it records changes it)."""
    width, height = fit(picture.width, picture.height)
    if not 0 < picture.fps <= _FPS + 0.5:
        yield f"fps={_FPS}"
    if picture.stretched:
        yield "scale=trunc(iw*sar/2)*2:ih,setsar=1"
    yield f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
    if picture.hdr and ffmpeg.has_filter("zscale"):
        yield "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0"
        yield "zscale=t=bt709:m=bt709:r=tv"
    yield f"format=yuv420p,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1"


def _draw_poster(recording, seconds: float, writer) -> None:
    """A film without a poster is a film all the same."""
    if not recording.draw("film.mp4", min(1.0, seconds / 3), "poster.png"):
        return
    try:
        with memory.open_made(recording.folder / "poster.png") as file:
            drawn = pictures.make_renditions(file, sizes=_POSTER)
    except (FileNotFoundError, FileRefused):
        return
    for each in drawn:
        writer.add(each.name, each.mime, (each.data,), each.width, each.height)


def read(path: Path, lease) -> Iterator[bytes]:
    """A file of the private folder, piece by piece, on its way to its encrypted place."""
    with memory.open_made(path) as file:
        while piece := file.read(_PIECE):
            lease.progress()
            yield piece
