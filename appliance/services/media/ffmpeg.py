"""ffmpeg and ffprobe, told what the content is and fed through a pipe: they open no file, no address and no decoder but
those named here."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from appliance.core.i18n import _, lazy_
from appliance.services.media import programs
from appliance.services.media.forward import Forward, straighten
from appliance.services.media.refusals import FileRefused

# What each kind of content is read with; never guessed, since a playlist could name other files.
_DEMUXERS = {
    "mp4": "mov", "m4a": "mov", "webm": "matroska", "weba": "matroska", "mp3": "mp3", "ogg": "ogg", "wav": "wav",
}  # fmt: skip
_DECODERS = (
    "h264,hevc,vp8,libvpx,vp9,libvpx-vp9,av1,libdav1d,mpeg4,h263,mjpeg,prores,aac,mp3,mp3float,opus,libopus,vorbis,"
    "alac,amrnb,amrwb,flac,speex,libspeex,ac3,eac3,adpcm_ima_wav,adpcm_ms,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s16le,"
    "pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le"
    # Left out of the result, but ffprobe gives up on a file with a cover or subtitles that it may not open.
    ",png,mov_text,webvtt"
)
_ENTRIES = (
    "format=duration:stream=index,codec_type,width,height,color_transfer,sample_aspect_ratio,avg_frame_rate,duration"
    ":stream_disposition=attached_pic:stream_tags=rotate:stream_side_data=rotation"
)
_MAX_FPS = 250
_PROBE_SECONDS = 120
_MARGIN = 0.9  # the container, the poster, an encoder that is late to slow down
# Nothing of what the device wrote: place, date, model, chapters, subtitles, data.
ANONYMOUS = (
    "-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn",
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
)  # fmt: skip
REASONS = {
    "unreadable": lazy_("Cet enregistrement n’a pas pu être lu. Vérifiez qu’il s’ouvre sur votre appareil."),
    "too_many_pixels": lazy_("L’image de cette vidéo est trop grande. Filmez en 4K au plus, ou réduisez-la."),
    "too_fast": lazy_("Cette vidéo a trop d’images par seconde. Filmez à 60 images par seconde au plus."),
    "too_long": lazy_("Cet enregistrement est trop long. Coupez-le, puis renvoyez-le."),
    "too_slow": lazy_("Cet enregistrement demande trop de travail au serveur. Coupez-le, puis renvoyez-le."),
}


@dataclass(frozen=True)
class Limits:
    """What one program may take, and what a film may be."""

    threads: int = 2
    memory_mb: int = 4096
    output_mb: int = 512
    max_pixels: int = 17_000_000


class Stream(NamedTuple):
    """The picture or the sound of a file."""

    index: int
    width: int = 0
    height: int = 0
    fps: float = 0.0
    stretched: bool = False
    hdr: bool = False


class Probe(NamedTuple):
    """What a file says that it holds; the first picture and the first sound."""

    seconds: float | None
    picture: Stream | None
    sound: Stream | None


def refuse(reason: str, message: str | None = None) -> FileRefused:
    """The refusal of a film or a sound."""
    return FileRefused(reason, message or str(REASONS[reason]))


def too_long(minutes: int) -> FileRefused:
    """The refusal of what lasts longer than it may."""
    return refuse(
        "too_long",
        _("Cet enregistrement dure plus de %(minutes)s minutes. Coupez-le, puis renvoyez-le.", minutes=minutes),
    )


def require_whole(made: float | None, announced: float | None) -> float:
    """How long the result is; refused when much of what the file announces could not be read (ffmpeg itself is
    content with a part)."""
    if not made:
        raise refuse("unreadable")
    if announced and made < 0.9 * announced - 2:
        raise refuse(
            "damaged", _("Une partie de cet enregistrement n’a pas pu être lue. Vérifiez-le, puis renvoyez-le.")
        )
    return made


class Recording:
    """A film or a sound being read: its encrypted source, its kind, and the private folder of the programs; `room` is
    how many bytes the result should take at most."""

    def __init__(self, source, kind: str, folder: Path, limits: Limits, tick: Callable[[], object], room=None):
        self.source, self.folder, self.limits, self.tick = source, folder, limits, tick
        self.demuxer = _DEMUXERS[kind]
        self.room = min(limits.output_mb * 1_000_000, room or limits.output_mb * 1_000_000)

    def rate(self, seconds: float, least: int, most: int) -> int:
        """The bits per second with which a result of that length fits into its room, within bounds."""
        return int(max(least, min(most, self.room * 8 * _MARGIN / max(seconds, 1))))

    def stream(self) -> Forward:
        """All of it, from the start, in an order that needs no seeking."""
        if self.demuxer == "mov":
            return straighten(self.source, self.source.size)
        self.source.seek(0)
        return self.source

    def probe(self) -> Probe:
        """What it holds; FileRefused where that can't be read or is more than what may be decoded."""
        return self._read_probe(self._ffprobe(("-show_entries", _ENTRIES, "-of", "json")))

    def examine(self, film: str) -> Probe:
        """The same of a file that was made here."""
        argv = ["ffprobe", "-v", "error", "-show_entries", _ENTRIES, "-of", "json"]
        argv += ["-protocol_whitelist", "file", "-f", "mov", film]
        return self._read_probe(self._run(argv, None, _PROBE_SECONDS))

    def _read_probe(self, done: programs.Result) -> Probe:
        try:
            found = json.loads(done.output or b"{}")
        except ValueError:
            found = {}
        if not done.ok or not found.get("streams"):
            raise refuse("unreadable")
        return _read_probe(found, self.limits)

    def measure(self, index: int, most: float) -> float:
        """How long it lasts, by the time of its last packet; stops as soon as that is more than `most` seconds."""
        last = 0.0

        def on_line(line: str) -> None:
            nonlocal last
            last = max(last, _number(line.strip(" ,")))
            if last > most:
                raise too_long(round(most / 60))

        entries = ("-select_streams", str(index), "-show_entries", "packet=pts_time", "-of", "csv=p=0")
        self._ffprobe(entries, on_line)
        return last

    def _ffprobe(self, entries: tuple[str, ...], on_line=None) -> programs.Result:
        argv = ["ffprobe", "-v", "error", *entries, *self._input()]
        return self._run(argv, self.stream(), _PROBE_SECONDS if on_line is None else 4 * _PROBE_SECONDS, on_line)

    def _input(self) -> tuple[str, ...]:
        limits = ("-max_pixels", str(self.limits.max_pixels), "-threads", str(self.limits.threads))
        safe = ("-protocol_whitelist", "pipe", "-codec_whitelist", _DECODERS)
        return (*safe, *limits, "-f", self.demuxer, "-i", "pipe:0")

    def convert(self, output: list[str], seconds: float, on_time: Callable[[float], object]) -> programs.Result:
        """Decode and encode into files of the folder; `on_time` learns how many seconds are done."""

        def on_line(line: str) -> None:
            name, _equal, value = line.partition("=")
            if name == "out_time_us":
                on_time(_number(value) / 1_000_000)

        argv = ["ffmpeg", "-v", "error", "-nostdin", "-progress", "pipe:1", "-nostats", "-filter_threads", "1"]
        argv += [*self._input(), *output]
        return self._run(argv, self.stream(), seconds, on_line)

    def _run(self, argv: list[str], source: Forward | None, seconds: float, on_line=None) -> programs.Result:
        return programs.run(
            argv, folder=self.folder, seconds=seconds, input=source, on_line=on_line, tick=self.tick,
            memory_mb=self.limits.memory_mb, output_mb=self.limits.output_mb,
        )  # fmt: skip

    def draw(self, film: str, at: float, picture: str) -> bool:
        """One telling image of a film that was made here."""
        argv = ["ffmpeg", "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-ss", f"{at:.3f}", "-f", "mov"]
        argv += ["-i", film, "-an", "-vf", "thumbnail=24", "-frames:v", "1", "-update", "1", picture]
        return self._run(argv, None, _PROBE_SECONDS).ok


def _read_probe(found: dict, limits: Limits) -> Probe:
    picture = sound = None
    seconds = _number(found.get("format", {}).get("duration"))
    for each in found["streams"]:
        seconds = max(seconds, _number(each.get("duration")))
        if each.get("codec_type") == "audio" and sound is None:
            sound = Stream(each["index"])
        if each.get("codec_type") == "video" and picture is None and not each["disposition"]["attached_pic"]:
            picture = _read_picture(each, limits)
    return Probe(seconds or None, picture, sound)


def _read_picture(each: dict, limits: Limits) -> Stream:
    width, height = int(each.get("width") or 0), int(each.get("height") or 0)
    if not width or not height:
        raise refuse("unreadable")
    across, down = map(_number, (each.get("sample_aspect_ratio") or "1:1").split(":"))
    shape = across / down if across and down else 1
    if width * max(shape, 1) * height > limits.max_pixels:
        raise refuse("too_many_pixels")
    frames, per = map(_number, (each.get("avg_frame_rate") or "0/0").split("/"))
    fps = frames / per if per else 0.0
    if fps > _MAX_FPS:
        raise refuse("too_fast")
    turns = [_number(side.get("rotation")) for side in each.get("side_data_list", ())]
    turns.append(_number(each.get("tags", {}).get("rotate")))
    seen = (max(1, round(width * shape)), height)
    if any(round(turn) % 180 for turn in turns):
        seen = seen[::-1]
    hdr = each.get("color_transfer") in ("smpte2084", "arib-std-b67")
    return Stream(each["index"], *seen, fps=fps, stretched=shape != 1, hdr=hdr)


def _number(text: object) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):  # N/A, or absent
        return 0.0


@functools.cache
def has_filter(name: str) -> bool:
    """Whether this ffmpeg was built with a filter."""
    with programs.private_folder() as folder:
        done = programs.run(["ffmpeg", "-hide_banner", "-filters"], folder=folder, seconds=20)
    return f" {name} ".encode() in done.output
