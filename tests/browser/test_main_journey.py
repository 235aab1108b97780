"""What the appliance is for: a teacher publishes photos, both guardians of a child see them, neither sees the other."""

import io
import re
import subprocess

import pytest
from PIL import Image

from tests.browser.pictures import make_photos
from tests.browser.school import DESKTOP, pages_of
from tests.browser.sending import choose, send_as_they_are, wait_for, wait_ready

pytestmark = pytest.mark.browser
TEXT = "Nous avons semé des radis et peint des fleurs."
# What would betray a guardian of Léa Dubois; the child's own name is not among it.
TRACES = {
    "guardian1": (r"\bAnne\b", "guardian1@", r">\s*AD\s*<", "Quelle joie"),
    "guardian2": (r"\bMarc\b", r"\bLefort\b", "guardian2@", r">\s*ML\s*<", "Faut-il prévoir aussi"),
    "contact": (r"\bPaul\b", r"\bGirard\b", "contact@", r">\s*PG\s*<"),
}


def publish(school, folder) -> str:
    page = school.visit("teacher")
    page.goto(school.class_of(page))
    page.get_by_role("link", name="Nouvelle publication").click()
    page.get_by_label("Votre message").fill(TEXT)
    page.locator("[data-mark=bold]").click()
    choose(page, make_photos(folder))
    assert page.locator(".upload img").count() == 2
    send_as_they_are(page)
    wait_for(page, "done", "done")
    wait_ready(page)
    page.get_by_role("button", name="Publier", exact=True).click()
    page.get_by_text("Votre publication est en ligne.").wait_for()
    card = page.locator("article", has_text=TEXT[:20]).first
    return card.locator(".post__when a").get_attribute("href")


def test_both_guardians_of_a_child_see_the_photos_and_the_contact_nothing(school, tmp_path):
    address = publish(school, tmp_path)
    for login in ("guardian1", "guardian2"):
        page = school.visit(login)
        page.goto("/")
        card = page.locator("article", has_text=TEXT[:20])
        assert card.locator(".child", has_text="Léa").is_visible()
        pictures = card.locator(".gallery img")
        assert pictures.count() == 2
        for picture in pictures.all():
            picture.scroll_into_view_if_needed()
            page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=picture.element_handle())
        assert page.goto(address).status == 200
        sent = page.request.get(page.locator(".gallery img").first.get_attribute("src"))
        with Image.open(io.BytesIO(sent.body())) as image:
            assert not image.getexif()
        assert "public" not in sent.headers.get("cache-control", "")
        picture_address = page.locator(".gallery img").first.get_attribute("src")
    contact = school.visit("contact")
    contact.goto("/")
    assert contact.locator("article").count() == 0
    assert contact.goto(address).status == 404
    assert contact.request.get(picture_address).status == 404
    assert school.visit().request.get(picture_address, max_redirects=0).status in (303, 401, 403, 404)


def all_pages(school, login: str) -> dict[str, str]:
    page = school.visit(login)
    return {address: page.content() for address in pages_of(page)}


@pytest.mark.parametrize(
    ("login", "others"), [("guardian1", ("guardian2", "contact")), ("guardian2", ("guardian1", "contact"))]
)
def test_no_page_of_a_guardian_holds_a_trace_of_another(school, login, others):
    other = school.visit("guardian1")
    other.goto("/")
    other.goto(other.locator(".post__when a").first.get_attribute("href"))
    other.get_by_label("Votre commentaire").fill("Quelle joie pour nous !")
    other.get_by_role("button", name="Envoyer").click()
    other.get_by_text("Quelle joie pour nous !").first.wait_for()
    pages = all_pages(school, login)
    assert len(pages) > 10
    assert any("Léa" in text for text in pages.values())
    found = [
        f"{address}: {trace}"
        for address, text in pages.items()
        for other in others
        for trace in TRACES[other]
        if re.search(trace, text)
    ]
    assert not found, "\n".join(found)
    own = "\n".join(pages.values())
    assert all(re.search(trace, own) for trace in TRACES[login][:1]), (
        "the traces are not looked for as they are written"
    )


def test_the_letters_to_families_are_printed_one_page_a_guardian(school, tmp_path, needs):
    needs("pdftotext")
    page = school.visit("teacher")
    page.goto(school.class_of(page) + "/invitations")
    chosen = page.locator("input[name=guardians]:checked").count()
    assert chosen >= 2
    with page.expect_download() as download:
        page.get_by_role("button", name="Imprimer les courriers").click()
    path = tmp_path / "letters.pdf"
    download.value.save_as(path)
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    letters = text.split("\f")[:-1]
    assert len(letters) == chosen
    for name in ("Omar", "Éric"):
        assert sum(name in letter for letter in letters) == 1


def test_a_printed_post_holds_the_post_and_no_menus(school):
    page = school.visit("guardian1", viewport=DESKTOP)
    page.goto("/")
    page.goto(page.locator(".post__when a").first.get_attribute("href"))
    assert page.locator(".nav").is_visible()
    page.emulate_media(media="print")
    assert page.locator("article.post .rich").is_visible()
    for part in (".nav", ".top details", ".talk__form", "article form button", ".skip"):
        assert not any(each.is_visible() for each in page.locator(part).all()), part
