"""The dialog that retouches a photo can be used by everyone: keyboard, finger, large letters, both directions."""

import pytest
from PIL import Image

from tests.browser import faces
from tests.browser.axe import look
from tests.browser.keys import Keyboard
from tests.browser.retouching import STATUS, compose, drag, finish, open_photo, wait_said
from tests.browser.school import DESKTOP, PHONE

pytestmark = pytest.mark.browser
TOOLS = ("faces", "crop", "turn", "draw")


def test_with_the_keyboard_alone_one_blurs_crops_turns_and_draws(school, tmp_path):
    original = faces.portrait()
    page = compose(school, faces.save(original, tmp_path / "photo.jpg"), phone=False)
    keys = Keyboard(page)
    keys.reach(".files__retouch")
    keys.press("Enter")
    page.locator("#retouch[open][aria-busy=false]").wait_for()
    keys.reach("[data-act=find]")
    keys.press("Enter")
    wait_said(page, "trouvés")
    keys.reach("[data-act=add]")
    keys.press("Enter")
    assert keys.is_on(".retouch__box--zone")
    place = "document.activeElement.getBoundingClientRect().toJSON()"
    before = page.evaluate(place)
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowDown"):
        keys.press(key)
    after = page.evaluate(place)
    assert all(after[side] > before[side] + 6 for side in ("x", "y", "width", "height"))
    keys.press("Enter")
    assert wait_said(page, "montrée")
    keys.press("Delete")
    assert wait_said(page, "retirée") and page.locator(".retouch__box--zone").count() == 1
    keys.reach("[data-tool=crop]")
    keys.press("Enter")
    keys.reach(".retouch__box--frame", key="Shift+Tab")
    for _press in range(10):
        keys.press("Shift+ArrowUp")
    keys.press("Enter")
    assert wait_said(page, "recadrée")
    keys.reach("[data-tool=turn]")
    keys.press("Enter")
    keys.reach("[data-act=left]", key="Shift+Tab")
    keys.press("Enter")
    assert wait_said(page, "tournée")
    keys.reach("[data-tool=draw]")
    keys.press("Enter")
    keys.reach("canvas", key="Shift+Tab")
    keys.press(" ")
    assert wait_said(page, "posé")
    for _press in range(5):
        keys.press("ArrowRight")
    keys.press(" ")
    assert wait_said(page, "levé")
    keys.reach("[data-act=done]", key="Shift+Tab")
    keys.press("Enter")
    page.locator("#retouch:not([open])").wait_for(state="attached")
    assert keys.is_on(".files__retouch")
    made = faces.picture_of(faces.chosen(page)[0])
    assert made.height == 512 and 350 < made.width < 512
    upright = made.transpose(Image.Transpose.ROTATE_270)
    assert faces.detail(upright, faces.FACE) < faces.detail(original, faces.FACE) / 50
    assert not keys.unseen


@pytest.mark.parametrize("direction", ("ltr", "rtl"))
def test_axe_finds_nothing_in_the_dialog(school, tmp_path, direction):
    page = compose(school, faces.save(faces.portrait(), tmp_path / "photo.jpg"))
    page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
    open_photo(page)
    page.locator("[data-act=add]").click()
    faults = []
    for tool in TOOLS:
        page.locator(f"[data-tool={tool}]").click()
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                faults += [f"{tool}, {scheme}, {size['width']}: {fault}" for fault in look(page)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("width", (320, 360, 390, 844))
def test_the_dialog_fits_a_phone_and_a_finger_meets_each_button(school, tmp_path, width):
    page = compose(school, faces.save(faces.portrait(), tmp_path / "photo.jpg"))
    page.set_viewport_size({"width": width, "height": 390 if width > 800 else 640})
    open_photo(page)
    for tool in TOOLS:
        page.locator(f"[data-tool={tool}]").click()
        small = page.evaluate(
            """() => [...document.querySelectorAll("#retouch .button, #retouch .retouch__tool, #retouch label")]
              .filter((each) => each.checkVisibility()).map((each) => [each.getBoundingClientRect(), each.outerHTML])
              .filter(([box]) => box.width < 43.5 || box.height < 43.5 || box.left < 0 || box.right > innerWidth)
              .map(([box, html]) => `${box.width}×${box.height} at ${box.left}: ${html.slice(0, 100)}`)"""
        )
        assert not small, (tool, small)
        assert page.evaluate("document.querySelector('#retouch').scrollWidth <= innerWidth")
        assert page.locator("#retouch canvas").bounding_box()["height"] > 100


def test_letters_twice_as_large_still_fit_in_the_dialog(school, tmp_path):
    page = compose(school, faces.save(faces.portrait(), tmp_path / "photo.jpg"))
    open_photo(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for tool in TOOLS:
        page.locator(f"[data-tool={tool}]").click()
        cut = page.evaluate(
            """() => [...document.querySelectorAll("#retouch :is(button, label, p)")]
              .filter((each) => !each.matches(".button--icon, [data-act=add], .retouch__box, p.hidden-visually"))
              .filter((each) => each.checkVisibility())
              .filter((each) => each.scrollWidth > each.clientWidth + 2
                || each.getBoundingClientRect().right > innerWidth + 1)
              .map((each) => each.outerHTML.slice(0, 120))"""
        )
        assert not cut, (tool, cut)


def test_a_file_that_cannot_be_opened_stays_as_it_is_and_the_dialog_says_so(school, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    page = compose(school, path)
    open_photo(page)
    assert "ne sait pas ouvrir" in page.locator(STATUS).inner_text()
    assert not page.locator("[data-act=done]").is_visible()
    assert not look(page)
    page.locator("[data-act=cancel]").click()
    page.locator("#retouch:not([open])").wait_for(state="attached")
    assert faces.chosen(page)[0] == path.read_bytes()


def test_a_zone_that_was_cut_away_counts_for_nothing(school, tmp_path):
    page = compose(school, faces.save(faces.portrait(), tmp_path / "photo.jpg"))
    open_photo(page)
    drag(page, (0.05, 0.05), (0.2, 0.2))
    drag(page, (0.6, 0.6), (0.8, 0.8))
    page.locator("[data-tool=crop]").click()
    for _press in range(12):
        page.locator(".retouch__box--frame").press("Shift+ArrowLeft")
    page.locator(".retouch__box--frame").press("Shift+ArrowUp")
    canvas, frame = (page.locator(f"#retouch {each}").bounding_box() for each in ("canvas", ".retouch__box--frame"))
    assert frame["width"] > canvas["width"] * 0.5
    drag(page, (0.01, 0.01), (0.3, 0.3))
    assert finish(page).width < 400
    page.wait_for_function("() => document.getElementById('annonces').textContent.includes('Zones floutées')")
    assert page.locator("#annonces").text_content().endswith(": 1.")
