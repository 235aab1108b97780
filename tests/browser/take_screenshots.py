"""Takes the pictures of docs/screenshots from a fresh demo school, each as large as the screen.

python -m tests.browser.take_screenshots [folder]
"""

import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser import faces, retouching
from tests.browser.pictures import make_photos
from tests.browser.school import School, chromium, make_seed, served_copy
from tests.browser.sending import choose
from tests.browser.test_wizard import take_pictures
from tests.support.process import ROOT

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 150_000
NOTE = """Bonjour à toutes et à tous,

Ce matin, les **CM1** ont semé les radis et les soucis. Pensez à :

- des bottes pour jeudi,
- une gourde."""


def home(page, school, folder):
    """A parent of two children."""
    page.goto("/")


def arabic_home(page, school, folder):
    """The same parent, who reads from right to left."""
    page.goto("/compte/affichage")
    page.locator("select[name=language]").select_option("ar")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/compte")
    page.goto("/")


def feed(page, school, folder):
    """The teacher's class."""
    page.goto(school.class_of(page))
    page.locator("article:not(.post--pinned)").first.scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 0)")


def composer(page, school, folder):
    """A note being written, with two photos."""
    page.goto(school.class_of(page) + "/publications/nouvelle")
    page.get_by_label("Votre message").fill(NOTE)
    choose(page, make_photos(folder))
    page.locator(".upload img").nth(1).wait_for()


def progress(page, school, folder):
    """A film on its way, which somebody has paused."""
    page.goto(school.class_of(page) + "/publications/nouvelle")
    page.get_by_label("Votre message").fill("Le spectacle de la chorale.")
    film = folder / "chorale.mp4"
    film.write_bytes(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + os.urandom(9 << 20))
    page.route("**/televersements/*", lambda route: hold(route, page))
    choose(page, [film])
    page.wait_for_function("() => document.querySelector('.upload progress')?.value > 0")
    page.locator(".upload [data-act=pause]").click()


def hold(route, page):
    """Let one piece through and no more."""
    if route.request.method == "PATCH" and page.evaluate("(window.pieces = (window.pieces || 0) + 1) > 1"):
        return route.abort("connectionreset")
    return route.continue_()


def album(page, school, folder):
    """The photos and films of a class, by month."""
    page.goto(school.class_of(page) + "/album")


def film(page, school, folder):
    """A post with a film, for a family."""
    page.goto("/")
    page.goto(page.locator("article:has(video) .post__when a").first.get_attribute("href"))


def retouch(page, school, folder):
    """Faces found on the device, about to be blurred."""
    page.goto("/styleguide/composer")
    page.locator("input[name=files]").set_input_files(faces.PORTRAIT)
    page.locator(".files__retouch").wait_for()
    retouching.open_photo(page)
    retouching.find_faces(page)


def post(page, school, folder):
    """One post, for a family."""
    page.goto("/")
    page.goto(page.locator("article:has(.gallery) .post__when a").first.get_attribute("href"))


def readers(page, school, folder):
    """Who has read, who has not."""
    page.goto(school.class_of(page))
    page.goto(page.locator("article:has(.gallery) .reach a").first.get_attribute("href"))


def members(page, school, folder):
    """Pupils and their guardians."""
    page.goto(school.class_of(page) + "/membres")


def health(page, school, folder):
    """How the machine is, for whoever runs it."""
    page.goto("/administration/sante")


def signin(page, school, folder):
    """The door."""
    page.goto("/connexion")


# page, who, phone, theme; the last one changes that person's language
SHOTS = [
    *(
        (scene, login, phone, "light")
        for scene, login in (
            (home, "guardian3"),
            (feed, "teacher"),
            (composer, "teacher"),
            (post, "guardian1"),
            (readers, "teacher"),
            (members, "teacher"),
            (progress, "teacher"),
            (album, "teacher"),
            (film, "guardian1"),
            (health, "admin"),
            (signin, None),
        )
        for phone in (True, False)
    ),
    (home, "guardian3", True, "dark"),
    (feed, "teacher", False, "dark"),
    (readers, "teacher", True, "dark"),
    (retouch, "teacher", True, "light"),
    (retouch, "teacher", False, "dark"),
    (arabic_home, "guardian3", True, "light"),
]


WIZARD = {
    f"wizard-{page}-{device}-light"
    for page, device in (
        ("etablissement", "phone"),
        ("etablissement", "desktop"),
        ("donnees", "desktop"),
        ("resume", "desktop"),
        ("cle", "phone"),
        ("cle", "desktop"),
        ("fin", "phone"),
        ("fin", "desktop"),
    )
}


def take(school: School, shot, scratch: Path) -> tuple[str, bytes]:
    """The name and the PNG of one picture."""
    scene, login, phone, theme = shot
    page = school.visit(login, phone=phone, scheme=theme, reduced_motion="reduce")
    scene(page, school, scratch)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement.blur()")
    page.wait_for_function(
        "() => document.fonts.status === 'loaded' && [...document.images].every(each => each.complete "
        "|| !each.getClientRects().length || each.getBoundingClientRect().top > innerHeight)"
    )
    picture = page.screenshot()
    school.close_visits()
    device = "phone" if phone else "desktop"
    return f"{scene.__name__.replace('_', '-')}-{device}-{theme}", picture


def pack(picture: bytes) -> bytes:
    """The same picture in as many colours as its weight allows."""
    with Image.open(io.BytesIO(picture)) as image:
        image = image.convert("RGB")
        for colours in (256, 128, 64, 32):
            out = io.BytesIO()
            image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
            if out.tell() < LARGEST:
                break
    return out.getvalue()


def main(folder: Path) -> None:
    """Every picture, with its weight."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        seed = make_seed(scratch / "seed")
        with chromium() as browser:
            with served_copy(seed, scratch / "demo") as url:
                for shot in SHOTS:
                    keep(folder, *take(School(browser, url), shot, scratch))
            (scratch / "wizard").mkdir()
            for name, picture in take_pictures(browser, scratch / "wizard").items():
                if name in WIZARD:
                    keep(folder, name, picture)


def keep(folder: Path, name: str, picture: bytes) -> None:
    """Write one picture, packed."""
    packed = pack(picture)
    (folder / f"{name}.png").write_bytes(packed)
    print(f"{len(packed) // 1000:4} kB  {name}.png", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
