"""Without a script, the main journey is the same: everything is a link, a form and a page that comes back."""

import re

import pytest

from tests.browser.pictures import make_document, make_photos
from tests.browser.school import sign_in

pytestmark = pytest.mark.browser


class Plain:
    """Someone whose browser runs no script."""

    def __init__(self, school, login: str):
        self.page = school.visit(login, javascript=False)
        self.school = school

    def post(self, text: str):
        """The card on the first page of whoever looks."""
        self.page.goto("/")
        return self.page.locator("article", has_text=text)

    def open(self, text: str, address: str) -> None:
        """Open the post itself, found by its text on the page of its class or of the home."""
        self.page.goto(address)
        card = self.page.locator("article", has_text=text)
        self.page.goto(card.locator(".post__when a").first.get_attribute("href"))


def test_one_signs_in_and_out(school):
    page = school.visit(javascript=False)
    sign_in(page, "guardian5")
    page.locator(".top summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    assert page.url.endswith("/connexion?sorti=1")
    page.goto("/compte")
    assert "/connexion" in page.url


def publish(teacher: Plain, folder, text: str) -> str:
    page = teacher.page
    room = teacher.school.class_of(page)
    page.goto(room)
    page.get_by_role("link", name="Nouvelle publication").click()
    assert not page.locator("[role=toolbar]").is_visible()
    page.get_by_label("Votre message").fill(text)
    page.locator("input[name=files]").set_input_files([*make_photos(folder), make_document(folder)])
    page.get_by_role("button", name="Publier", exact=True).click()
    assert page.get_by_text("Votre publication est en ligne.").is_visible()
    return room


def test_a_post_lives_from_its_publication_to_its_withdrawal(school, tmp_path):
    text = "La classe découverte, sans script."
    teacher = Plain(school, "teacher")
    room = publish(teacher, tmp_path, text)
    one, other, contact = (Plain(school, login) for login in ("guardian1", "guardian2", "contact"))
    for guardian in (one, other):
        card = guardian.post(text)
        assert card.locator(".gallery img").count() == 2
        assert card.get_by_text("Liste de matériel").is_visible()
    contact.page.goto("/")
    assert contact.page.get_by_text("Aucune classe n’est ouverte à votre compte").is_visible()
    assert contact.page.goto(room).status == 404

    one.post(text).get_by_role("button", name="J’ai lu").click()
    assert one.page.locator("article", has_text=text).get_by_text("Lu", exact=True).is_visible()
    one.page.locator("article", has_text=text).get_by_role("button", name="Merci").click()
    card = one.page.locator("article", has_text=text)
    assert card.get_by_role("button", name="Merci").get_attribute("aria-pressed") == "true"
    one.open(text, "/")
    one.page.get_by_label("Votre commentaire").fill("Quelle belle journée !")
    one.page.get_by_role("button", name="Envoyer").click()
    assert one.page.get_by_text("Quelle belle journée !").is_visible()
    other.open(text, "/")
    assert other.page.get_by_text("Quelle belle journée !").count() == 0

    teacher.open(text, room)
    assert teacher.page.get_by_text("Quelle belle journée !").is_visible()
    correct(teacher.page)
    other.open("La classe découverte, corrigée.", "/")
    other.page.get_by_role("link", name="Modifié").click()
    for mark in ("ins", "del"):
        other.page.locator(mark).first.wait_for()

    teacher.open("La classe découverte, corrigée.", room)
    teacher.page.locator("article summary").click()
    teacher.page.get_by_role("link", name=re.compile("Retirer")).click()
    teacher.page.get_by_role("button", name="Retirer").click()
    assert one.post("La classe découverte").count() == 0


def correct(page) -> None:
    page.locator("article summary").click()
    page.get_by_role("link", name="Modifier").click()
    page.get_by_label("Votre message").fill("La classe découverte, corrigée.")
    page.get_by_role("button", name="Enregistrer").click()
    assert page.get_by_text("La classe découverte, corrigée.").is_visible()


def test_what_was_typed_stays_when_it_is_refused(school):
    teacher = Plain(school, "teacher")
    page = teacher.page
    page.goto(school.class_of(page) + "/publications/nouvelle")
    page.get_by_label("Votre message").fill("x" * 30)
    page.locator("summary", has_text="Publier plus tard").click()
    page.get_by_role("button", name="Programmer").click()
    assert page.locator(".errors").is_visible()
    assert page.get_by_label("Votre message").input_value() == "x" * 30
    assert page.locator("input[name=publish_on]").is_visible()


def test_a_teacher_sees_who_has_not_read(school):
    teacher = Plain(school, "teacher")
    page = teacher.page
    page.goto(school.class_of(page))
    page.locator(".reach a").first.click()
    assert page.get_by_role("heading", name="Qui a lu").is_visible()
    assert page.get_by_text("Pas encore lu").count() > 0
