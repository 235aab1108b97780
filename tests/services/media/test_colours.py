"""Wide colours and ink are brought to sRGB; the profile goes, what one sees stays."""

import pytest
from PIL import Image

from tests.services.media import profiles, samples
from tests.services.media.test_pictures import make, opened, same

COLOURS = [(200, 60, 40), (60, 180, 90), (70, 80, 190), (128, 128, 128), (0, 255, 0), (250, 240, 230)]
SPACES = {"Display P3": profiles.DISPLAY_P3, "Adobe RGB": profiles.ADOBE_RGB}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_wide_colour_is_shown_as_it_was_meant(kind, colour, space):
    options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    flat = Image.new("RGB", (200, 150), colour)
    data = samples.saved(flat, kind, icc_profile=profiles.rgb(SPACES[space], space), **options)
    for item in make(data):
        assert same([opened(item).getpixel((100, 75))], [profiles.to_srgb(colour, SPACES[space])], 6)
        assert not opened(item).info.get("icc_profile")


def test_a_wide_profile_that_mentions_srgb_is_applied_all_the_same():
    colour, space = (200, 60, 40), profiles.DISPLAY_P3
    profile = profiles.rgb(space, "Display P3, curve of sRGB")
    data = samples.saved(Image.new("RGB", (64, 64), colour), "PNG", icc_profile=profile)
    assert same([opened(make(data)["large"]).getpixel((30, 30))], [profiles.to_srgb(colour, space)], 6)


def test_the_usual_profile_changes_nothing():
    data = samples.saved(Image.new("RGB", (64, 64), (200, 60, 40)), "PNG", icc_profile=samples.srgb_profile())
    assert same([opened(make(data)["large"]).getpixel((30, 30))], [(200, 60, 40)], 3)


def test_the_ink_of_a_printer_is_shown_as_its_profile_says():
    cyan = Image.new("CMYK", (200, 150), (255, 0, 0, 0))
    with_profile = samples.saved(cyan, "JPEG", quality=98, icc_profile=profiles.cmyk())
    red, green, blue = opened(make(with_profile)["large"]).getpixel((100, 75))
    assert red < 60 and 135 < green < 185 and 205 < blue < 245
    without = samples.saved(cyan, "JPEG", quality=98)
    assert same([opened(make(without)["large"]).getpixel((100, 75))], [(0, 255, 255)], 4)


@pytest.mark.parametrize("where", [0, 16, 128, 140, 200])
def test_a_damaged_profile_does_not_hide_the_picture(where):
    profile = bytearray(profiles.rgb(profiles.ADOBE_RGB))
    profile[where : where + 4] = b"\xff\xff\xff\xff"
    data = samples.saved(samples.scene(), "PNG", icc_profile=bytes(profile))
    assert make(data)["large"].width == 400
