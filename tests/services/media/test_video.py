"""Any phone's film becomes one that plays everywhere, and tells nothing of where and when it was made."""

import io
import struct

import pytest

from appliance.services import plans
from appliance.services.media import ffmpeg, programs, video
from appliance.services.media.refusals import FileRefused
from appliance.storage import memory
from tests.support import films


class Source(io.BytesIO):
    """Stands for files.open_source."""

    @property
    def size(self):
        """Its clear size."""
        return len(self.getvalue())


@pytest.fixture
def convert(needs, tmp_path, monkeypatch):
    """`convert(bytes, kind)` gives the writer with the renditions; `.values` of the row, `.found` by ffprobe."""
    needs("ffmpeg"), needs("ffprobe")
    monkeypatch.setattr(video, "minutes_of", lambda classroom_id: 10)
    monkeypatch.setattr(plans, "room_to_prepare", lambda row: None)

    def convert(film, kind="mp4", lease=None):
        writer = films.KeptWriter()
        writer.lease = lease or films.KeptLease()
        writer.values = video.process_video(films.ROW, Source(film), writer, writer.lease, kind)
        name = "video" if "video" in writer.files else "audio"
        path = tmp_path / f"made-{name}.mp4"
        path.write_bytes(writer.files[name])
        writer.found = films.inspect(path)
        return writer

    return convert


def refused(convert, *arguments) -> str:
    """The code of the refusal; no refusal leaves a file in memory."""
    with pytest.raises(FileRefused) as error:
        convert(*arguments)
    assert str(error.value.message)
    return error.value.reason


def test_a_phones_film_is_upright_anonymous_and_plays_in_every_browser(convert, tmp_path):
    film = films.of_a_phone(tmp_path)
    assert films.PLACE.encode() in film and film.index(b"moov") > film.index(b"mdat")
    made = convert(film)
    picture, sound = made.found["video"], made.found["audio"]
    assert (picture["codec_name"], picture["pix_fmt"], sound["codec_name"]) == ("h264", "yuv420p", "aac")
    assert (picture["width"], picture["height"]) == made.sizes["video"] == (64, 96)
    assert made.found["kinds"] == ["audio", "video"] and not made.found["chapters"]
    assert made.values["duration_ms"] == pytest.approx(1000, abs=60)
    for data in made.files.values():
        assert not any(mark in data for mark in (b"48.8566", films.CANARY.encode(), b"2024", b"location"))
    assert not any("creation" in tag or "rotate" in tag for tag in picture["tags"])
    assert made.files["video"].index(b"moov") < made.files["video"].index(b"mdat")
    assert set(made.files) == {"video", "poster", "thumb"} and made.files["poster"].startswith(b"\xff\xd8\xff")
    assert made.sizes["poster"] == (64, 96)


@pytest.mark.slow
def test_a_browsers_recording_without_duration_gets_one(convert, tmp_path):
    made = convert(films.recorded(tmp_path, seconds=1.5), "webm")
    assert made.values == {"duration_ms": pytest.approx(1500, abs=120)}
    assert made.found["video"]["codec_name"] == "h264"


@pytest.mark.slow
def test_odd_sizes_and_no_sound_are_no_obstacle(convert, tmp_path):
    film = films.make(tmp_path, "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p", size="101x57", sound=False)
    made = convert(film)
    assert made.sizes["video"] == (100, 56) and made.found["kinds"] == ["video"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "coded"),
    [
        ("a.mov", "mp4", (*films.H264, "-c:s", "mov_text")),
        ("a.webm", "webm", (*films.VP8, "-c:s", "webvtt")),
    ],
)
def test_subtitles_such_as_a_drone_writes_its_flight_in_are_left_out(convert, tmp_path, name, kind, coded):
    told = tmp_path / "told.srt"
    told.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{films.CANARY}\n")
    film = films.make(tmp_path, name, "-i", str(told), "-map", "0", "-map", "1", "-map", "2", *coded)
    assert films.CANARY.encode() in film
    made = convert(film, kind)
    assert made.found["kinds"] == ["audio", "video"] and films.CANARY.encode() not in made.files["video"]


@pytest.mark.slow
def test_a_recording_without_picture_is_a_sound(convert, tmp_path):
    film = films.make(tmp_path, "a.webm", "-c:a", "libopus", "-live", "1", picture=False)
    made = convert(film, "webm")
    assert made.values["family"] == "audio" and set(made.files) == {"audio"}


@pytest.mark.slow
def test_many_images_a_second_become_thirty(convert, tmp_path):
    made = convert(films.make(tmp_path, "a.mp4", *films.H264, fps=60))
    assert made.found["video"]["avg_frame_rate"] == "30/1"


@pytest.mark.slow
def test_ten_bits_and_wide_colours_become_what_every_screen_shows(convert, tmp_path):
    wide = ("-pix_fmt", "yuv420p10le", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc")
    made = convert(films.make(tmp_path, "a.mov", *films.HEVC, *wide, "-color_primaries", "bt2020"))
    assert (made.found["video"]["pix_fmt"], made.found["video"].get("color_transfer")) == ("yuv420p", "bt709")


@pytest.mark.slow
def test_progress_goes_up_to_the_end(convert, tmp_path):
    percents = convert(films.make(tmp_path, "a.mp4", *films.H264)).lease.percents
    assert percents == sorted(percents) and percents[0] == 5 and percents[-1] == 90


@pytest.mark.parametrize("start", [True, False], ids=["index first", "index last"])
def test_a_film_that_is_cut_is_refused(convert, tmp_path, start):
    film = films.make(tmp_path, "a.mp4", *films.H264, *(("-movflags", "+faststart") if start else ()))
    assert refused(convert, film[:-500]) == "truncated"


def test_what_is_no_film_inside_is_refused(convert, tmp_path):
    assert refused(convert, b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 20, "webm") == "unreadable"
    film = films.make(tmp_path, "a.mp4", *films.H264)
    at = film.index(b"stsd")
    assert refused(convert, film[:at] + b"\xff" * 90 + film[at + 90 :]) == "unreadable"


@pytest.mark.slow
def test_a_film_of_which_only_the_beginning_can_be_read_is_refused(convert, tmp_path):
    film = films.make(tmp_path, "a.webm", *films.VP8, seconds=20, fps=4, size="64x64", sound=False)
    assert refused(convert, film[: len(film) // 2], "webm") == "damaged"


def test_a_playlist_that_names_other_files_is_not_followed(convert, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(films.make(tmp_path, "a.mp4", *films.H264))
    playlist = f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/secret.mp4\n".encode()
    for kind in ("webm", "mp4"):
        assert refused(convert, playlist, kind) in ("unreadable", "truncated")


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_film_of_more_than_the_minutes_of_the_plan_is_refused(convert, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(video, "minutes_of", lambda classroom_id: 1)
    monkeypatch.setattr(ffmpeg.Recording, "convert", None)  # refused before anything is encoded
    long = {"seconds": 63, "fps": 1, "size": "32x32", "sound": False}
    film = films.recorded(tmp_path, **long) if kind == "webm" else films.make(tmp_path, "a.mp4", *films.H264, **long)
    assert refused(convert, film, kind) == "too_long"


@pytest.mark.slow
def test_a_film_that_lies_about_its_duration_is_found_out(convert, tmp_path, monkeypatch):
    monkeypatch.setattr(video, "minutes_of", lambda classroom_id: 1)
    film = films.make(tmp_path, "a.webm", *films.VP8, seconds=63, fps=1, size="32x32", sound=False)
    at = film.index(b"\x44\x89\x88") + 3
    assert struct.unpack(">d", film[at : at + 8])[0] == pytest.approx(63000, abs=1)
    assert refused(convert, film[:at] + struct.pack(">d", 2000.0) + film[at + 8 :], "webm") == "too_long"


@pytest.mark.slow
def test_ten_minutes_and_some_images_are_ten_minutes(convert, tmp_path, monkeypatch):
    monkeypatch.setattr(video, "minutes_of", lambda classroom_id: 1)
    film = films.make(tmp_path, "a.mp4", *films.H264, seconds=60.5, fps=2, size="32x32", sound=False)
    assert convert(film).values["duration_ms"] == 60500


def test_too_large_an_image_is_refused_before_it_is_decoded(convert, tmp_path, monkeypatch):
    monkeypatch.setattr(video, "_limits", ffmpeg.Limits(max_pixels=96 * 64 - 1))
    monkeypatch.setattr(ffmpeg.Recording, "convert", None)
    film = films.make(tmp_path, "a.mp4", *films.H264)
    assert refused(convert, film) in ("too_many_pixels", "unreadable")
    monkeypatch.setattr(video, "_limits", ffmpeg.Limits(max_pixels=96 * 64 * 3))
    stretched = films.make(tmp_path, "b.mp4", *films.H264, "-vf", "setsar=50/1")
    assert refused(convert, stretched) == "too_many_pixels"


def test_too_many_images_a_second_are_refused_before_they_are_decoded(convert, tmp_path, monkeypatch):
    monkeypatch.setattr(ffmpeg.Recording, "convert", None)
    film = films.make(tmp_path, "a.mp4", *films.H264, fps=480, seconds=0.2, size="32x32", sound=False)
    assert refused(convert, film) == "too_fast"


@pytest.mark.slow
def test_a_film_that_comes_out_too_heavy_is_refused(convert, tmp_path, monkeypatch):
    monkeypatch.setattr(video, "_limits", ffmpeg.Limits(output_mb=1))
    monkeypatch.setattr(video, "_LEAST_RATE", 80_000_000)
    monkeypatch.setattr(memory, "require_room", lambda folder, size: None)
    noise = ("-vf", "noise=alls=100:allf=t", *films.H264)
    film = films.make(tmp_path, "a.mp4", *noise, size="640x480", fps=10, seconds=2, sound=False)
    assert refused(convert, film) == "too_long"


@pytest.mark.slow
def test_a_film_of_a_class_that_has_no_more_room_is_made_to_fit(convert, tmp_path, monkeypatch):
    noise = ("-vf", "noise=alls=40:allf=t", *films.H264, "-crf", "40")
    film = films.make(tmp_path, "a.mp4", *noise, size="320x240", fps=10, seconds=12)
    freely = len(convert(film).files["video"])
    monkeypatch.setattr(plans, "room_to_prepare", lambda row: 900_000)
    made = convert(film)
    assert len(made.files["video"]) < 900_000 < freely
    assert abs(made.values["duration_ms"] - 12_000) < 300 and made.found["kinds"] == ["audio", "video"]


def test_a_task_that_is_stopped_leaves_no_program_and_no_file(convert, tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "_TURN_SECONDS", 0.01)

    class Stopped(films.KeptLease):
        def progress(self, percent=None):
            if percent and percent >= 5:
                raise KeyboardInterrupt

    before = set(memory.RAM_DISK.glob("preau-*"))
    with pytest.raises(KeyboardInterrupt):
        convert(films.make(tmp_path, "a.mp4", *films.H264), "mp4", Stopped())
    assert set(memory.RAM_DISK.glob(f"preau-*-{__import__('os').getpid()}-*")) <= before


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280)), ((3840, 2160), (1280, 720)), ((640, 480), (640, 480)),
        ((1440, 1440), (720, 720)), ((101, 57), (100, 56)), ((4000, 100), (1280, 32)), ((1, 1), (2, 2)),
    ],
)  # fmt: skip
def test_a_film_is_made_smaller_never_larger(size, fitted):
    assert video.fit(*size) == fitted
