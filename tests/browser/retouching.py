"""Somebody retouches a photo: choosing it, opening the dialog, finding the faces, finishing."""

from PIL import Image

from tests.browser import faces

STATUS = "#retouch [role=status]"


def compose(school, path, **options):
    """Somebody who has chosen a photo, in a list that offers to retouch it."""
    page = school.visit(reduced_motion="reduce", **options)
    page.goto("/styleguide/composer")
    page.locator("input[name=files]").set_input_files(path)
    page.locator(".files__retouch").wait_for()
    return page


def open_photo(page):
    """Open the dialog on the first photo, and wait until it is drawn."""
    page.locator(".files__retouch").first.click()
    page.locator("#retouch[open][aria-busy=false]").wait_for()


def find_faces(page) -> int:
    """Ask for the faces; how many zones there are then."""
    page.locator("[data-act=find]").click()
    wait_said(page, "trouvé")
    return page.locator(".retouch__box--zone").count()


def wait_said(page, words: str) -> str:
    """What the dialog says, once it holds these words."""
    page.wait_for_function(
        "([where, words]) => document.querySelector(where).textContent.includes(words)", arg=[STATUS, words]
    )
    return page.locator(STATUS).inner_text()


def finish(page) -> Image.Image:
    """Press “Terminer”; the photo that the form would send now."""
    page.locator("[data-act=done]").click()
    page.locator("#retouch:not([open])").wait_for(state="attached")
    content, name, kind = faces.chosen(page)
    assert name.endswith(".jpg") and kind == "image/jpeg"
    return faces.picture_of(content)


def drag(page, start, end):
    """Drag over the photo, between two places given as shares of its width and height."""
    box = page.locator("#retouch canvas").bounding_box()
    (x, y), (to_x, to_y) = ((box["x"] + box["width"] * a, box["y"] + box["height"] * b) for a, b in (start, end))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=5)
    page.mouse.up()
