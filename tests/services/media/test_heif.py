import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.services.media import heif, kinds
from appliance.services.media.pictures import Limits
from appliance.services.media.refusals import FileRefused
from tests.services.media import heic, profiles, samples
from tests.services.media.test_pictures import SCENE, SECRETS, corners, opened, same
from tests.support.needs import needs


@pytest.fixture(scope="module")
def photo():
    needs("heif-convert")
    return heic.photo()


def make(data, **limits):
    return heif.make_renditions(io.BytesIO(data), limits=Limits(**limits))


def reason_of(data, **limits):
    with pytest.raises(FileRefused) as refusal:
        make(data, **limits)
    assert refusal.value.message.endswith(".")
    return refusal.value.reason


def test_a_photo_of_a_phone_becomes_three_jpeg_files(photo):
    made = make(heic.photo((2400, 1800)))
    assert [(item.name, item.width, item.height) for item in made] == [
        ("large", 1600, 1200),
        ("medium", 800, 600),
        ("thumb", 320, 240),
    ]
    for item in made:
        assert opened(item).format == "JPEG"
        assert same(corners(item), SCENE, 16)


def test_its_kind_is_told_by_its_brands(photo):
    assert kinds.identify(io.BytesIO(photo)).name == "heic"
    assert kinds.identify(io.BytesIO(photo)).family == "picture"
    avif = heic.photo((200, 150), "-A")
    assert kinds.identify(io.BytesIO(avif)).name == "avif"
    assert same(corners(make(avif)["large"]), SCENE, 16)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turn_in_the_container_is_applied_once(photo, quarters):
    made = make(heic.turned(photo, quarters))["large"]
    assert (made.width, made.height) == ((400, 300), (300, 400))[quarters % 2]
    assert same(corners(made), SCENE[quarters:] + SCENE[:quarters], 16)


def test_place_device_and_author_are_gone(photo):
    data = heic.encode(samples.saved(samples.scene(), "JPEG", exif=samples.exif(), quality=90), "jpg")
    assert b"AppareilSecret" in data
    for item in make(data):
        assert not [secret for secret in SECRETS if secret in item.data]


def test_an_orientation_in_its_exif_counts_for_nothing():
    """The container's own turn is the one that counts: ISO 23000-22 §7.3.6.7."""
    needs("heif-convert")
    turned = samples.saved(samples.scene((400, 200)), "JPEG", exif=samples.exif(6))
    from appliance.services.media.pictures import make_renditions

    assert make_renditions(io.BytesIO(turned), upright=True)["large"].width == 400
    assert make_renditions(io.BytesIO(turned))["large"].width == 200


def test_the_wide_colours_of_a_phone_are_brought_to_srgb():
    needs("heif-convert")
    colour = (200, 60, 40)
    from PIL import Image

    data = heic.encode(
        samples.saved(Image.new("RGB", (400, 300), colour), "PNG", icc_profile=profiles.rgb(profiles.DISPLAY_P3)),
        "png", "-q", "95",
    )  # fmt: skip
    assert same([opened(make(data)["large"]).getpixel((200, 150))], [profiles.to_srgb(colour, profiles.DISPLAY_P3)], 6)


def test_too_many_pixels_are_refused_from_the_container_before_anything_runs(photo, monkeypatch):
    monkeypatch.setattr(heif.programs, "run", None)
    assert reason_of(heic.resized(photo, 30_000, 1)) == "too_large"
    assert reason_of(heic.resized(photo, 15_000, 15_000)) == "too_large"
    assert reason_of(photo, max_pixels=100_000) == "too_large"
    assert reason_of(heic.resized(photo, 0, 300)) == "damaged"


@pytest.mark.slow
def test_a_photo_that_lies_about_its_size_is_stopped_by_the_limits_of_the_tool(photo):
    data = heic.photo((2000, 1500))
    assert reason_of(heic.resized(data, 10, 10), max_pixels=1000, max_side=100) in ("damaged", "too_large")


@pytest.mark.parametrize("keep", [30, 200, 500, 0.5, 0.9])
def test_a_photo_that_was_cut_is_refused(photo, keep):
    length = int(len(photo) * keep) if keep < 1 else keep
    assert reason_of(photo[:length]) == "damaged"


def test_without_the_tool_the_refusal_says_so(photo, monkeypatch):
    monkeypatch.setattr(heif, "find_tool", lambda: None)
    assert reason_of(photo) == "heic_unavailable"
    with pytest.raises(FileRefused, match="JPEG"):
        make(photo)


def test_without_its_decoder_the_refusal_says_so_too(photo, monkeypatch):
    failed = heif.programs.Result(1, b"", b"Could not decode image: Unsupported feature: Unsupported codec", "failed")
    monkeypatch.setattr(heif.programs, "run", lambda *_arguments, **_options: failed)
    assert reason_of(photo) == "heic_unavailable"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"]))
def test_any_container_is_measured_or_refused(data, start):
    try:
        found = heif.read_sizes(io.BytesIO(start + data))
    except FileRefused:
        return
    assert found


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), min_size=1, max_size=20))
def test_every_size_in_a_container_is_seen(sizes):
    boxes = b"".join(samples.box(b"ispe", bytes(4) + struct.pack(">2L", *size)) for size in sizes)
    meta = samples.box(b"meta", bytes(4) + samples.box(b"iprp", samples.box(b"ipco", boxes)))
    assert heif.read_sizes(io.BytesIO(samples.box(b"ftyp", b"heic" + bytes(4)) + meta)) == sizes


def _photo_with(*boxes: bytes) -> io.BytesIO:
    return io.BytesIO(samples.box(b"ftyp", b"heic" + bytes(4)) + b"".join(boxes))


def _meta(inside: bytes) -> bytes:
    return samples.box(b"meta", bytes(4) + samples.box(b"iprp", samples.box(b"ipco", inside)))


def _size(width: int, height: int) -> bytes:
    return bytes(4) + struct.pack(">2L", width, height)


def test_boxes_within_boxes_without_end_are_refused():
    inside = b""
    for _level in range(2000):
        inside = samples.box(b"ipco", inside)
    with pytest.raises(FileRefused):
        heif.read_sizes(_photo_with(_meta(inside)))


def test_a_size_in_a_box_of_a_long_header_or_after_many_others_is_seen():
    long = struct.pack(">L4sQ", 1, b"ispe", 28) + _size(30_000, 1)
    many = samples.box(b"pixi") * 5000
    found = heif.read_sizes(_photo_with(_meta(samples.box(b"ispe", _size(10, 10)) + many + long)))
    assert found == [(10, 10), (30_000, 1)]


def test_a_list_too_large_to_be_read_is_not_passed_over_for_the_next_one():
    """The tool reads the first one."""
    large = _meta(samples.box(b"ispe", _size(30_000, 30_000)) + samples.box(b"free", bytes(heif._MAX_META)))
    with pytest.raises(FileRefused):
        heif.read_sizes(_photo_with(large, _meta(samples.box(b"ispe", _size(10, 10)))))
