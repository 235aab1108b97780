import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from appliance.services.media.pictures import Limits, make_renditions
from appliance.services.media.refusals import FileRefused
from tests.services.media import samples

RED, GREEN, BLUE, WHITE = (220, 0, 0), (0, 180, 0), (0, 0, 220), (255, 255, 255)
SCENE = [RED, GREEN, BLUE, WHITE]


def make(data, **options):
    return make_renditions(io.BytesIO(data), **options)


def reason_of(data, **options):
    with pytest.raises(FileRefused) as refusal:
        make(data, **options)
    assert refusal.value.message.endswith(".")
    return refusal.value.reason


def opened(rendition):
    image = Image.open(io.BytesIO(rendition.data))
    image.load()
    return image


def corners(rendition):
    """The colours clockwise from the top left."""
    image = opened(rendition).convert("RGB")
    right, bottom = image.width - image.width // 5, image.height - image.height // 5
    places = [(image.width // 5, image.height // 5), (right, image.height // 5), (right, bottom)]
    return [image.getpixel(place) for place in [*places, (image.width // 5, bottom)]]


def same(colours, expected, tolerance=12):
    return all(
        abs(a - b) <= tolerance
        for one, other in zip(colours, expected, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def markers(data):
    """The segments of a JPEG file before its pixels."""
    found, position = [], 2
    while data[position + 1] != 0xDA:
        found.append(data[position + 1])
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return found


def test_a_photo_becomes_three_upright_jpeg_files_largest_first():
    made = make(samples.jpeg((4000, 3000)))
    assert [(item.name, item.width, item.height) for item in made] == [
        ("large", 1600, 1200),
        ("medium", 800, 600),
        ("thumb", 320, 240),
    ]
    for item in made:
        image = opened(item)
        assert (image.format, item.mime, image.size) == ("JPEG", "image/jpeg", (item.width, item.height))
        assert same(corners(item), SCENE)
    assert made["thumb"].data == made.items[2].data
    assert len(made["thumb"].data) < len(made["medium"].data) < len(made["large"].data)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_exif_orientation_is_applied(orientation, kind):
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what undoes it, as numbers of Image.Transpose
    stored = samples.scene((2000, 1000))
    if orientation != 1:
        stored = stored.transpose(Image.Transpose(turn[orientation]))
    made = make(samples.saved(stored, kind, exif=samples.exif(orientation)))
    for item in made:
        assert item.width == 2 * item.height
        assert same(corners(item), SCENE)
    assert made["large"].width == 1600


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_impossible_orientation_is_ignored(value):
    block = Image.Exif()
    block[0x0112] = value
    data = samples.saved(samples.scene((200, 100)), "JPEG", exif=block.tobytes())
    assert same(corners(make(data)["large"]), SCENE)


@pytest.mark.parametrize("cut", [4, 20, 40, 100])
def test_a_damaged_exif_block_does_not_hide_the_picture(cut):
    data = samples.saved(samples.scene((200, 100)), "JPEG", exif=samples.exif(3)[:cut])
    assert make(data)["large"].width == 200


SECRETS = [
    b"AppareilSecret",
    b"AuteurSecret",
    b"CommentaireSecret",
    b"Exif",
    b"ICC_PROFILE",
    b"http://ns.adobe.com",
    b"GPS",
]


def with_metadata(kind):
    image, comment = samples.scene((1000, 800)), b"CommentaireSecret"
    profile, exif = samples.srgb_profile(), samples.exif()
    if kind == "PNG":
        return samples.saved(image, "PNG", pnginfo=samples.with_comment_chunk(comment), exif=exif, icc_profile=profile)
    if kind == "WEBP":
        return samples.saved(image, "WEBP", exif=exif, xmp=b"http://ns.adobe.com " + comment, icc_profile=profile)
    if kind == "GIF":
        return samples.saved(image, "GIF", comment=comment)
    data = samples.saved(image, "JPEG", exif=exif, icc_profile=profile)

    def segment(code, body):
        return bytes([0xFF, code]) + (len(body) + 2).to_bytes(2, "big") + body

    extra = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>AuteurSecret</x:xmpmeta>")
    extra += segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x0f\x1c\x02\x50\x00\x0cAuteurSecret")
    return data[:2] + extra + segment(0xFE, comment) + data[2:]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_no_metadata_survives(kind):
    data = with_metadata(kind)
    assert b"Secret" in data
    for item in make(data):
        assert set(markers(item.data)) <= {0xE0, 0xDB, 0xC2, 0xC4}
        assert not any(secret in item.data for secret in SECRETS)
        image = opened(item)
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


def test_what_hides_behind_a_picture_is_lost():
    for data in (samples.jpeg(), samples.saved(samples.scene(), "GIF"), samples.saved(samples.scene(), "PNG")):
        for tail in (samples.SCRIPT, samples.zipped([("x.txt", b"x")]), samples.pdf()):
            for item in make(data + tail):
                assert not any(mark in item.data for mark in (b"<script", b"PK\x03\x04", b"%PDF"))
                assert item.data.endswith(b"\xff\xd9")


def test_a_comment_with_a_script_is_lost():
    data = samples.saved(samples.scene(), "GIF", comment=samples.SCRIPT)
    assert all(b"<script" not in item.data for item in make(data))


def palette(transparent=False):
    image = samples.scene().quantize(8)
    return samples.saved(image, "PNG", **({"transparency": image.getpixel((0, 0))} if transparent else {}))


def test_a_transparent_picture_is_put_on_white():
    image = samples.scene().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 200, 150))
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        assert same(corners(make(samples.saved(image, kind, **options))["large"]), [WHITE, GREEN, BLUE, WHITE])
    half = Image.new("RGBA", (100, 100), (0, 0, 0, 128))
    assert same([opened(make(samples.saved(half, "PNG"))["thumb"]).convert("RGB").getpixel((50, 50))], [(127,) * 3])
    assert same(corners(make(palette(transparent=True))["large"]), [WHITE, GREEN, BLUE, WHITE])


@pytest.mark.parametrize(
    "data",
    [
        palette(),
        samples.saved(samples.scene().quantize(8), "GIF"),
        samples.saved(samples.scene().convert("CMYK"), "JPEG", quality=95),
        samples.saved(samples.scene(), "WEBP", quality=95),
        samples.saved(samples.scene(), "JPEG", progressive=True, quality=95),
    ],
)
def test_every_way_to_store_colours_gives_the_same_picture(data):
    assert same(corners(make(data)["large"]), SCENE, 24)


def test_black_and_white_pictures_of_any_depth_keep_their_greys():
    ramp = Image.linear_gradient("L")
    deep = Image.frombytes("I;16", (256, 256), b"".join(bytes([value, value]) for value in ramp.tobytes()))
    for image in (ramp, deep, ramp.convert("LA")):
        made = make(samples.saved(image, "PNG"))
        grey = opened(made["large"]).convert("L")
        assert [abs(grey.getpixel((128, y)) - y) <= 4 for y in (0, 64, 128, 192, 255)] == [True] * 5
    assert opened(make(samples.saved(ramp.convert("1"), "PNG"))["large"]).mode == "L"


def test_the_colour_profile_is_applied_then_dropped():
    data = samples.saved(samples.scene(), "JPEG", icc_profile=samples.swapped_profile(), quality=95)
    assert same(corners(make(data)["large"])[:1], [BLUE], 40)


@pytest.mark.parametrize("profile", [b"x", b"\x00" * 200, samples.srgb_profile()[:300], b"x" * 5_000_000])
def test_a_damaged_profile_does_not_hide_the_picture(profile):
    profile = profile.replace(b"sRGB", b"xRGB")
    assert same(corners(make(samples.saved(samples.scene(), "JPEG", icc_profile=profile))["large"]), SCENE)


def test_a_profile_of_another_space_is_ignored():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert same(corners(make(samples.saved(samples.scene(), "JPEG", icc_profile=lab))["large"]), SCENE)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "MPO"])
def test_only_the_first_image_of_an_animation_is_kept(kind):
    others = [Image.new("RGB", (400, 300), "black")]
    made = make(samples.saved(samples.scene(), kind, save_all=True, append_images=others))
    assert same(corners(made["large"]), SCENE, 24)


def test_the_file_stays_open_for_whoever_opened_it():
    source = io.BytesIO(samples.jpeg())
    make_renditions(source)
    assert not source.closed


def test_a_small_picture_is_never_enlarged_and_made_once():
    made = make(samples.jpeg((200, 100)))
    assert {(item.width, item.height) for item in made} == {(200, 100)}
    assert len({id(item.data) for item in made}) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (1601, 1600), (20_000, 3), (1600, 1200)])
def test_extreme_shapes_work(size):
    for item in make(samples.saved(Image.new("RGB", size), "PNG")):
        assert max(item.width, item.height) <= 1600 and min(item.width, item.height) >= 1
    assert make(samples.saved(Image.new("RGB", size), "JPEG"))["large"].width == min(size[0], 1600) or size[1] > size[0]


def test_the_sizes_can_be_chosen():
    made = make(samples.jpeg((400, 300)), sizes={"a": 100, "b": 200})
    assert [(item.name, item.width) for item in made] == [("b", 200), ("a", 100)]


def test_a_bomb_is_refused_from_its_header():
    data = samples.png_bomb()
    assert len(data) < 200_000
    began = time.process_time()
    assert reason_of(data) == "too_large"
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("size", "limits"),
    [
        ((400, 300), Limits(max_pixels=119_999)),
        ((400, 300), Limits(max_side=399)),
        ((400, 300), Limits(max_bytes=100)),
        ((20_001, 1), Limits()),
    ],
)
def test_pictures_over_a_limit_are_refused(size, limits):
    assert reason_of(samples.saved(Image.new("RGB", size), "PNG"), limits=limits) == "too_large"


def in_single_scans(data):
    """A sequential JPEG whose scan says that it holds one component of three, so that a decoder keeps everything."""
    start = data.index(b"\xff\xda")
    return data[:start] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + data[start + 14 :]


@pytest.mark.parametrize(
    ("data", "bytes_per_pixel"),
    [
        (samples.jpeg(), 1),
        (samples.saved(samples.scene(), "JPEG", progressive=True), 6),
        (samples.saved(samples.scene().convert("CMYK"), "JPEG", progressive=True), 8),
        (samples.saved(samples.scene(), "PNG"), 6),
        (samples.saved(samples.scene(), "GIF"), 6),
        (samples.saved(samples.scene(), "WEBP"), 16),
    ],
)
def test_the_memory_that_a_format_takes_is_limited(data, bytes_per_pixel):
    assert make(data, limits=Limits(max_memory=400 * 300 * bytes_per_pixel))
    assert reason_of(data, limits=Limits(max_memory=400 * 300 * bytes_per_pixel - 1)) == "too_large"


def test_a_jpeg_of_one_component_a_scan_counts_as_kept_whole():
    assert reason_of(in_single_scans(samples.jpeg()), limits=Limits(max_memory=400 * 300 * 5)) == "too_large"


WIDE, HIGH = (6400, 3200), (3333, 7001)
IN_THE_UNIT_SUITE = {("RGB", WIDE), ("L", HIGH), ("CMYK", WIDE)}


@pytest.mark.parametrize(
    ("mode", "size"),
    [
        pytest.param(mode, size, marks=() if (mode, size) in IN_THE_UNIT_SUITE else pytest.mark.slow)
        for mode in ("RGB", "RGBA", "L", "LA", "P", "CMYK", "1")
        for size in (WIDE, HIGH)
    ],
)
def test_a_large_picture_is_reduced_without_seams(mode, size):
    image = Image.linear_gradient("L").resize(size).convert("RGB").convert(mode)
    made = make(samples.saved(image, "JPEG") if mode == "CMYK" else samples.saved(image, "PNG", compress_level=1))
    grey = opened(made["large"]).convert("L")
    assert max(grey.size) == 1600
    column = [grey.getpixel((grey.width // 2, y)) for y in range(grey.height)]
    if mode != "1":
        assert all(abs(value - 255 * y / grey.height) <= (20 if mode == "P" else 9) for y, value in enumerate(column))


def test_a_gif_whose_image_is_larger_than_its_screen_is_measured_by_its_image():
    data = bytearray(samples.saved(samples.scene((64, 64)).quantize(4), "GIF"))
    image = data.index(b"\x2c\x00\x00\x00\x00\x40\x00\x40\x00")
    data[image + 5 : image + 9] = (65_000).to_bytes(2, "little") * 2
    assert reason_of(bytes(data)) == "too_large"


def test_a_jpeg_of_many_scans_is_refused_before_decoding():
    began = time.process_time()
    assert reason_of(samples.jpeg_scan_bomb()) == "too_large"
    assert time.process_time() - began < 1


def test_scans_of_what_is_embedded_or_follows_do_not_count():
    thumbnails = b"\xff\xda" * 1000
    inside = b"\xff\xe2" + (len(thumbnails) + 2).to_bytes(2, "big") + thumbnails
    data = samples.saved(samples.scene(), "JPEG", progressive=True)
    assert make(data[:2] + inside + data[2:])
    assert make(data + thumbnails)
    restarts = samples.saved(samples.noise(), "JPEG", quality=90)
    assert make(restarts + thumbnails)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_cut_anywhere_is_refused_or_whole(kind):
    image = samples.noise() if kind != "GIF" else samples.noise((200, 200)).quantize(64)
    data = samples.saved(image, kind)
    whole = opened(make(data)["large"]).convert("RGB")
    lengths = {*range(0, 64, 3), *range(64, len(data), len(data) // 40), *range(len(data) - 40, len(data), 3)}
    for length in sorted(lengths):
        try:
            made = make(data[:length])
        except FileRefused as refusal:
            assert refusal.reason in ("damaged", "too_large")
        else:
            assert length > len(data) * 0.97
            difference = opened(made["large"]).convert("RGB")
            assert difference.size == whole.size


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"BM" + bytes(100), samples.pdf()]
)
def test_what_is_no_picture_is_refused(data):
    assert reason_of(data) == "damaged"


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM", "PCX", "TGA"])
def test_other_formats_are_refused_even_if_they_could_be_read(kind):
    assert reason_of(samples.saved(samples.scene((64, 64)), kind)) == "damaged"


seeds = st.sampled_from(
    [
        samples.saved(samples.scene((60, 40)), "JPEG", exif=samples.exif(6), icc_profile=samples.swapped_profile()),
        samples.saved(samples.scene((60, 40)), "JPEG", progressive=True),
        samples.saved(samples.scene((60, 40)), "PNG", exif=samples.exif(6), icc_profile=samples.swapped_profile()),
        samples.saved(samples.scene((60, 40)), "WEBP", exif=samples.exif(6), icc_profile=samples.swapped_profile()),
        samples.saved(
            samples.scene((60, 40)).quantize(16), "GIF", save_all=True, append_images=[samples.scene((60, 40))]
        ),
        palette(transparent=True),
    ]
)


@settings(deadline=None)
@given(seeds, st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), max_size=6))
def test_a_damaged_file_is_refused_or_drawn_and_nothing_else(data, changes):
    data = bytearray(data)
    for position, replacement in changes:
        position %= len(data)
        data[position : position + len(replacement)] = replacement
    try:
        made = make(bytes(data))
    except FileRefused as refusal:
        assert refusal.reason in ("damaged", "too_large")
    else:
        for item in made:
            assert opened(item).size == (item.width, item.height)


@pytest.mark.bench
def test_three_sizes_of_a_photo_cost_little_more_than_a_bare_script():
    noisy = Image.effect_noise((500, 375), 60).resize((4000, 3000), Image.Resampling.BICUBIC)
    data = samples.saved(
        Image.merge("RGB", (noisy, noisy.transpose(Image.Transpose.ROTATE_180), noisy)), "JPEG", quality=90
    )

    def bare():
        image = Image.open(io.BytesIO(data))
        image.draft("RGB", (1600, 1200))
        for side in (1600, 800, 320):
            image = image.resize((side, side * 3 // 4), Image.Resampling.LANCZOS)
            image.save(io.BytesIO(), "JPEG", quality=82, progressive=True, optimize=True)

    def seconds(work):
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    times = [(seconds(bare), seconds(lambda: make(data))) for _ in range(9)]
    assert min(ours for _, ours in times) <= 1.3 * min(script for script, _ in times)
