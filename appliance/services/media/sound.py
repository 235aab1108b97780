"""A recording of any kind becomes AAC in MP4, which every browser plays, without what the device wrote."""

from appliance.services import plans
from appliance.services.media import ffmpeg, programs
from appliance.storage import memory

MIME = "audio/mp4"
REASONS = ffmpeg.REASONS
AAC = ("-c:a", "aac", "-ac", "2", "-ar", "48000", "-af", "aresample=async=1:first_pts=0")
_LEAST_RATE, _RATE = 48_000, 128_000  # bits per second
_TOLERANCE = 1.0
_PACE = 5
_PIECE = 256 * 1024

_limits = ffmpeg.Limits()
_minutes = 120


def configure(processing) -> None:
    """Take the limits of the configuration."""
    global _limits, _minutes
    _minutes = processing.sound_minutes
    _limits = ffmpeg.Limits(processing.threads, processing.memory_mb, processing.output_mb)


def process_sound(row, source, writer, lease, kind: str) -> dict:
    """The recording as a rendition, and the values of its row; FileRefused with a code."""
    programs.find("ffmpeg"), programs.find("ffprobe")
    with memory.private_folder() as folder:
        recording = ffmpeg.Recording(source, kind, folder, _limits, lease.progress, plans.room_to_prepare(row))
        return process_recording(recording, recording.probe(), writer, lease)


def process_recording(recording, found: ffmpeg.Probe, writer, lease) -> dict:
    """The sound of a file whose streams are known."""
    if found.sound is None:
        raise ffmpeg.refuse("unreadable")
    most = _minutes * 60 + _TOLERANCE
    seconds = found.seconds or recording.measure(found.sound.index, most)
    if seconds > most:
        raise ffmpeg.too_long(_minutes)

    def on_time(done: float) -> None:
        lease.progress(5 + int(90 * min(1, done / max(seconds, 0.1))))

    output = ["-map", f"0:{found.sound.index}", "-vn", *AAC, *ffmpeg.ANONYMOUS, "-t", f"{most + 5:.0f}"]
    rate = str(recording.rate(seconds, _LEAST_RATE, _RATE))
    output += ["-b:a", rate, "-movflags", "+faststart", "-f", "mp4", "sound.m4a"]
    memory.require_room(recording.folder, 20_000 * seconds)
    result = recording.convert(output, 120 + _PACE * seconds, on_time)
    if not result.ok:
        raise ffmpeg.refuse("too_slow" if result.reason == "too_slow" else "unreadable")
    made = ffmpeg.require_whole(recording.examine("sound.m4a").seconds, found.seconds)
    if made > most:
        raise ffmpeg.too_long(_minutes)
    with memory.open_made(recording.folder / "sound.m4a") as file:
        writer.add("audio", MIME, iter(lambda: file.read(_PIECE), b""))
    return {"family": "audio", "duration_ms": round(made * 1000)}
