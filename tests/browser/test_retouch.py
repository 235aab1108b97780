"""A photo is retouched on the device: what is blurred is gone before anything leaves, with the model or by hand."""

import pytest
from PIL import Image, ImageOps

from tests.browser import faces
from tests.browser.retouching import STATUS, compose, drag, find_faces, finish, open_photo, wait_said

pytestmark = pytest.mark.browser
LITTLE = 5.0  # what a JPEG written twice may differ by, of 255


def quarters() -> Image.Image:
    """Four colours, so that one sees how a picture was turned."""
    scene = Image.new("RGB", (400, 200))
    for box, colour in (
        ((0, 0, 200, 100), "red"),
        ((200, 0, 400, 100), "lime"),
        ((0, 100, 200, 200), "blue"),
        ((200, 100, 400, 200), "white"),
    ):
        scene.paste(colour, box)
    return scene


def corners(picture) -> list[str]:
    """The colours of a picture's corners: left and right above, left and right below."""
    names = {(255, 0, 0): "red", (0, 255, 0): "lime", (0, 0, 255): "blue", (255, 255, 255): "white"}
    w, h = picture.size
    places = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))
    colours = [picture.convert("RGB").getpixel((int(w * x), int(h * y))) for x, y in places]
    return [names[tuple(255 if part > 128 else 0 for part in colour)] for colour in colours]


def test_a_face_is_found_and_destroyed_and_the_rest_stays(school, tmp_path):
    original = faces.portrait(2)
    page = compose(school, faces.save(original, tmp_path / "photo.jpeg"))
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    open_photo(page)
    assert find_faces(page) == 1
    made = finish(page)
    face = tuple(2 * side for side in faces.FACE)
    assert made.size == original.size
    # Of the edges that make a face hardly anything is left; what is far from it was written again, and no more.
    assert faces.detail(made, face) < faces.detail(original, face) / 30
    assert faces.difference(made, original, face) > 10
    for rest in ((0, 0, 1024, 60), (0, 520, 1024, 1024), (0, 0, 240, 1024), (660, 0, 1024, 1024)):
        assert faces.difference(made, original, rest) < LITTLE
    assert not made.getexif() and "exif" not in made.info
    assert set(asked) <= {"GET"}


def test_who_gets_the_photo_finds_no_face_in_it(school, tmp_path):
    page = compose(school, faces.save(faces.group(), tmp_path / "photo.jpg"))
    open_photo(page)
    find_faces(page)
    finish(page)
    (tmp_path / "sent.jpg").write_bytes(faces.chosen(page)[0])
    page = compose(school, tmp_path / "sent.jpg")
    open_photo(page)
    assert find_faces(page) == 0
    assert "Aucun visage" in page.locator(STATUS).inner_text()


@pytest.mark.parametrize("factor", (1, 0.5))
def test_each_face_of_a_group_is_found_at_full_and_half_size(school, tmp_path, factor):
    scene = faces.group()
    scene = scene.resize((int(scene.width * factor), int(scene.height * factor)), Image.Resampling.LANCZOS)
    page = compose(school, faces.save(scene, tmp_path / "photo.jpg"))
    open_photo(page)
    assert find_faces(page) == len(faces.GROUP)
    assert f"Visages trouvés\u202f: {len(faces.GROUP)}" in page.locator(STATUS).text_content()
    # A second look finds the same ones, and sets no zone twice.
    page.locator("[data-tool=turn]").click()
    page.locator("[data-tool=faces]").click()
    assert find_faces(page) == len(faces.GROUP)


def test_a_face_can_be_shown_again_and_the_others_stay_blurred(school, tmp_path):
    scene = faces.group()
    page = compose(school, faces.save(scene, tmp_path / "photo.jpg"))
    open_photo(page)
    find_faces(page)
    page.locator("[data-act=all]").click()
    assert page.locator(".retouch__box[aria-pressed=true]").count() == 0
    # The portrait at the left above: its face is found by its place.
    x, y, side = faces.GROUP[0]
    face = tuple(round(each * side / 512) for each in faces.FACE)
    face = (x + face[0], y + face[1], x + face[2], y + face[3])
    canvas = page.locator("#retouch canvas").bounding_box()
    scale = canvas["width"] / scene.width
    page.mouse.click(canvas["x"] + (face[0] + face[2]) / 2 * scale, canvas["y"] + (face[1] + face[3]) / 2 * scale)
    assert wait_said(page, "floutée") == "Zone floutée."
    made = finish(page)
    assert faces.detail(made, face) < faces.detail(scene, face) / 50
    assert faces.difference(made, scene, (440, 0, 1600, 1000)) < LITTLE
    assert "Zones floutées\u202f: 1" in page.locator("#annonces").text_content()


def test_a_photo_taken_sideways_is_upright_before_anything_else(school, tmp_path):
    upright = faces.portrait(2).crop((0, 0, 1024, 800))
    page = compose(school, faces.save(faces.lying(upright), tmp_path / "photo.jpg", orientation=6))
    open_photo(page)
    assert find_faces(page) == 1
    made = finish(page)
    face = tuple(2 * side for side in faces.FACE)
    assert made.size == (1024, 800) and not made.getexif()
    assert faces.detail(made, face) < faces.detail(upright, face) / 30
    assert faces.difference(made, upright, (0, 520, 1024, 800)) < LITTLE


def test_a_photo_larger_than_the_bound_is_made_smaller(school, tmp_path):
    page = compose(school, faces.save(Image.new("RGB", (5000, 1000), "#446"), tmp_path / "photo.jpg"))
    open_photo(page)
    page.locator("[data-tool=turn]").click()
    page.locator("[data-act=left]").click()
    assert finish(page).size == (819, 4096)


def test_escape_leaves_the_file_as_it_was_and_loses_no_work(school, tmp_path):
    path = faces.save(faces.portrait(), tmp_path / "photo.jpg")
    page = compose(school, path)
    open_photo(page)
    drag(page, (0.3, 0.1), (0.6, 0.4))
    page.keyboard.press("Escape")
    page.locator("#retouch:not([open])").wait_for(state="attached")
    assert faces.chosen(page)[0] == path.read_bytes()
    assert page.evaluate("document.activeElement.matches('.files__retouch')")
    open_photo(page)
    assert page.locator(".retouch__box--zone").count() == 1
    assert "laissée" in page.locator(STATUS).inner_text()


def test_nothing_done_is_nothing_changed(school, tmp_path):
    path = faces.save(faces.portrait(), tmp_path / "photo.jpg")
    page = compose(school, path)
    open_photo(page)
    drag(page, (0.3, 0.1), (0.6, 0.4))
    page.locator("[data-act=undo]").click()
    page.locator("[data-act=done]").click()
    page.locator("#retouch:not([open])").wait_for(state="attached")
    assert faces.chosen(page)[0] == path.read_bytes()


def test_a_retouched_photo_is_opened_again_from_its_original(school, tmp_path):
    original = faces.portrait()
    page = compose(school, faces.save(original, tmp_path / "photo.jpg"))
    open_photo(page)
    drag(page, (0.3, 0.1), (0.6, 0.4))
    assert faces.difference(finish(page), original, faces.FACE) > 10
    open_photo(page)
    page.locator(".retouch__box--zone").focus()
    page.keyboard.press("Delete")
    assert faces.difference(finish(page), original, faces.FACE) < LITTLE


@pytest.mark.parametrize("lacking", ("**/*.onnx*", "**/*.wasm*", "**/retouch/worker.js*", "**/ort.wasm.min.js*"))
def test_without_the_model_zones_set_by_hand_blur_as_well(school, tmp_path, lacking):
    original = faces.portrait()
    page = compose(school, faces.save(original, tmp_path / "photo.jpg"), service_workers="block")
    page.context.route(lacking, lambda route: route.abort())
    open_photo(page)
    page.locator("[data-act=find]").click()
    wait_said(page, "à la main")
    page.locator("[data-act=add]").click()
    zone = page.locator(".retouch__box--zone")
    box, canvas = zone.bounding_box(), page.locator("#retouch canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(canvas["x"] + canvas["width"] * 0.44, canvas["y"] + canvas["height"] * 0.25, steps=5)
    page.mouse.up()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown") * 5:
        page.keyboard.press(key)
    place = zone.bounding_box()
    covered = [round((place[a] - canvas[a]) * 512 / canvas["width"]) for a in ("x", "y")]
    covered += [
        round((place[a] - canvas[a] + place[b]) * 512 / canvas["width"]) for a, b in (("x", "width"), ("y", "height"))
    ]
    made = finish(page)
    inner = (covered[0] + 8, covered[1] + 8, covered[2] - 8, covered[3] - 8)
    assert faces.detail(made, inner) < faces.detail(original, inner) / 50
    assert faces.difference(made, original, (0, 300, 512, 512)) < LITTLE


def test_turning_mirroring_and_cropping_give_what_is_seen(school, tmp_path):
    path = tmp_path / "photo.png"
    quarters().save(path)
    page = compose(school, path, phone=False)
    open_photo(page)
    page.locator("[data-tool=turn]").click()
    page.locator("[data-act=right]").click()
    page.locator("[data-act=mirror]").click()
    seen = finish(page)
    assert seen.size == (200, 400)
    assert corners(seen) == corners(ImageOps.mirror(quarters().transpose(Image.Transpose.ROTATE_270)))
    open_photo(page)
    page.locator("[data-tool=crop]").click()
    frame = page.locator(".retouch__box--frame").bounding_box()
    page.mouse.move(frame["x"] + frame["width"], frame["y"] + frame["height"])
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.45, frame["y"] + frame["height"] * 0.45, steps=5)
    page.mouse.up()
    cut = finish(page)
    assert abs(cut.width - 90) <= 2 and abs(cut.height - 180) <= 2
    assert set(corners(cut)) == {corners(seen)[0]}


def test_the_pen_draws_and_the_last_stroke_can_be_undone(school, tmp_path):
    page = compose(school, faces.save(Image.new("RGB", (600, 400), "#888"), tmp_path / "photo.jpg"))
    open_photo(page)
    page.locator("[data-tool=draw]").click()
    page.locator(".retouch__ink--blue input").check()
    drag(page, (0.2, 0.5), (0.8, 0.5))
    drag(page, (0.5, 0.1), (0.5, 0.4))
    page.keyboard.press("Control+z")
    made = finish(page).convert("RGB")
    red, _green, blue = made.getpixel((300, 200))
    assert blue > red + 100
    assert max(made.getpixel((300, 80))) - min(made.getpixel((300, 80))) < 12
