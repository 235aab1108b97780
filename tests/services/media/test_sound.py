"""A recording of any kind becomes one that every browser plays."""

import io

import pytest

from appliance.services import plans
from appliance.services.media import sound
from appliance.services.media.refusals import FileRefused
from tests.support import films

TAG = ("-metadata", f"comment={films.CANARY}")


class Source(io.BytesIO):
    """Stands for files.open_source."""

    @property
    def size(self):
        """Its clear size."""
        return len(self.getvalue())


@pytest.fixture
def convert(needs, tmp_path, monkeypatch):
    """`convert(bytes, kind)` gives the finished file as ffprobe sees it, with its bytes and the values of the row."""
    needs("ffmpeg"), needs("ffprobe")
    monkeypatch.setattr(plans, "room_to_prepare", lambda row: None)

    def convert(recording, kind):
        writer = films.KeptWriter()
        values = sound.process_sound(films.ROW, Source(recording), writer, films.KeptLease(), kind)
        (tmp_path / "made.m4a").write_bytes(writer.files["audio"])
        return films.inspect(tmp_path / "made.m4a"), writer.files["audio"], values

    return convert


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("a.mp3", "mp3", ("-c:a", "libmp3lame")),
        pytest.param("a.ogg", "ogg", ("-c:a", "libopus"), marks=pytest.mark.slow),
        pytest.param("a.wav", "wav", (), marks=pytest.mark.slow),
        pytest.param("a.m4a", "m4a", ("-c:a", "aac"), marks=pytest.mark.slow),
        pytest.param("a.webm", "weba", ("-c:a", "libopus", "-live", "1"), marks=pytest.mark.slow),
    ],
)
def test_each_kind_becomes_aac_without_what_the_device_wrote(convert, tmp_path, name, kind, options):
    recording = films.make(tmp_path, name, *options, *TAG, picture=False)
    assert films.CANARY.encode() in recording
    found, data, values = convert(recording, kind)
    assert found["kinds"] == ["audio"] and found["audio"]["codec_name"] == "aac"
    assert films.CANARY.encode() not in data and data.index(b"moov") < data.index(b"mdat")
    assert values == {"family": "audio", "duration_ms": pytest.approx(1000, abs=60)}


@pytest.mark.slow
@pytest.mark.parametrize("picture", [("mjpeg", "-pix_fmt", "yuvj420p"), ("png",)])
def test_the_picture_of_a_cover_is_left_out(convert, tmp_path, picture):
    cover = ("-map", "1:a", "-map", "0:v", "-frames:v", "1", "-c:v", *picture)
    recording = films.make(tmp_path, "a.m4a", *cover, "-c:a", "aac", "-disposition:v", "attached_pic", "-f", "mp4")
    found, _data, _values = convert(recording, "m4a")
    assert found["kinds"] == ["audio"]


@pytest.mark.slow
def test_a_recording_of_more_than_the_minutes_allowed_is_refused(convert, tmp_path, monkeypatch):
    monkeypatch.setattr(sound, "_minutes", 1)
    recording = films.make(tmp_path, "a.ogg", "-c:a", "libopus", picture=False, seconds=62)
    with pytest.raises(FileRefused) as refused:
        convert(recording, "ogg")
    assert refused.value.reason == "too_long" and "1" in str(refused.value.message)


@pytest.mark.slow
def test_a_recording_of_a_class_that_has_no_more_room_is_made_to_fit(convert, tmp_path, monkeypatch):
    recording = films.make(tmp_path, "a.ogg", "-c:a", "libopus", "-b:a", "16k", picture=False, seconds=20)
    freely = len(convert(recording, "ogg")[1])
    monkeypatch.setattr(plans, "room_to_prepare", lambda row: 150_000)
    assert len(convert(recording, "ogg")[1]) < 150_000 < freely


def test_noise_is_no_recording(convert):
    with pytest.raises(FileRefused) as refused:
        convert(b"OggS" + bytes(range(256)) * 10, "ogg")
    assert refused.value.reason == "unreadable"
