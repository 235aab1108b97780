"""Files go by themselves while a teacher writes: seen, stopped, resumed, never sent before a photo was looked at."""

import os
import re

import pytest

from tests.browser.axe import look_all_ways
from tests.browser.keys import Keyboard
from tests.browser.pictures import make_document, make_photos
from tests.browser.school import DESKTOP, PHONE
from tests.browser.sending import choose, send_as_they_are, states, wait_for, wait_ready
from tests.support import films

pytestmark = pytest.mark.browser
PIECES = "**/televersements/*"


def compose(school, login="teacher", **options):
    page = school.visit(login, **options)
    page.goto(school.class_of(page) + "/publications/nouvelle")
    return page


def large(folder, megabytes=9):
    """A film that takes several pieces: one second, and a box of the rest that players skip (ISO 14496-12 §8.1.2)."""
    path = folder / "film.mp4"
    film, rest = films.make(folder, "short.mp4", *films.H264), os.urandom(megabytes << 20)
    path.write_bytes(film + (len(rest) + 8).to_bytes(4, "big") + b"free" + rest)
    return path


class Line:
    """The line between the page and the server: cut, or slow."""

    def __init__(self, page):
        self.page, self.cut, self.sent = page, False, 0
        page.route(PIECES, self.answer)

    def answer(self, route):
        if route.request.method == "PATCH":
            if self.cut:
                return route.abort("connectionreset")
            self.sent += 1
        return route.continue_()


def test_a_photo_leaves_only_after_somebody_has_looked_at_it(school, tmp_path):
    page = compose(school)
    asked = []
    page.on("request", lambda request: asked.append(request.method) if "televersements" in request.url else None)
    choose(page, [*make_photos(tmp_path)])
    wait_for(page, "look", "look")
    page.locator("textarea[name=text]").fill("Deux photos")
    page.get_by_role("button", name="Publier", exact=True).click()
    assert page.get_by_text("Des photos attendent votre regard").is_visible() and not asked
    assert page.evaluate("document.activeElement.dataset.act") == "retouch"
    page.get_by_role("button", name=re.compile("Rien à flouter")).click()
    wait_for(page, "done", "done")


def test_a_post_is_published_with_what_was_sent_and_waits_for_what_was_not(school, tmp_path):
    page = compose(school)
    line = Line(page)
    choose(page, [make_document(tmp_path), large(tmp_path)])
    line.cut = True
    page.locator("textarea[name=text]").fill("Un document et un film")
    page.get_by_role("button", name="Publier", exact=True).click()
    assert page.get_by_text("la publication partira ensuite toute seule").is_visible()
    page.locator('.upload[data-state="waiting"]').first.wait_for()
    assert "rien n’est perdu" in page.locator('.upload[data-state="waiting"] .upload__state').first.inner_text()
    line.cut = False
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_text("Votre publication est en ligne.").wait_for()
    assert page.locator("article", has_text="Un document et un film").locator(".document, .file-state").count() == 2


def test_an_upload_is_paused_resumed_and_taken_back(school, tmp_path):
    page = compose(school)
    line = Line(page)
    choose(page, [large(tmp_path)])
    page.wait_for_function("() => document.querySelector('.upload progress').value > 0")
    page.get_by_role("button", name="Mettre en pause").click()
    wait_for(page, "paused")
    assert re.search(r"En pause à \d+", page.locator(".upload__state").inner_text())
    before = line.sent
    page.wait_for_timeout(600)
    assert line.sent <= before + 1
    page.get_by_role("button", name="Reprendre").click()
    wait_for(page, "done")
    page.get_by_role("button", name=re.compile("^Retirer")).click()
    assert states(page) == [] and page.evaluate("document.activeElement.dataset.way") == "choose"


def test_after_a_reload_what_arrived_is_there_and_what_was_cut_goes_on_where_it_stood(school, tmp_path):
    page = compose(school)
    line = Line(page)
    film = large(tmp_path, 12)
    choose(page, [make_document(tmp_path)])
    wait_for(page, "done")
    choose(page, [film])
    page.wait_for_function("() => [...document.querySelectorAll('.upload progress')].pop().value > 20")
    line.cut = True
    page.locator('.upload[data-state="waiting"]').wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    wait_for(page, "done", "again")
    assert "Choisissez de nouveau ce fichier" in page.locator(".upload__state").last.inner_text()
    line.cut, line.sent = False, 0
    choose(page, [film])
    wait_for(page, "done", "done")
    assert 0 < line.sent < 12, "the file began again"
    assert page.locator("input[name=uploads]").count() == 2


def test_a_file_that_cannot_be_accepted_says_why_beside_it(school, tmp_path):
    page = compose(school)
    program = tmp_path / "jeu.exe"
    program.write_bytes(b"MZ" + bytes(6000))
    choose(page, [program])
    page.locator('.upload[data-state="failed"], .upload[data-state="refused"]').wait_for()
    assert "programmes" in page.locator(".upload__state").inner_text()


def test_a_tagged_child_without_rights_brings_the_question_before_publishing(school, tmp_path):
    page = compose(school)
    choose(page, [make_photos(tmp_path)[0]])
    send_as_they_are(page)
    wait_for(page, "done")
    wait_ready(page)
    page.get_by_text("Qui voit-on").click()
    page.locator(".upload__seen").get_by_label("Hugo Petit").check()
    page.locator("textarea[name=text]").fill("Hugo à la ferme")
    page.get_by_role("button", name="Publier", exact=True).click()
    page.get_by_role("heading", name=re.compile("Qui voit-on")).wait_for()
    assert look_all_ways(page, PHONE, DESKTOP) == []
    page.get_by_label("Publier quand même").check()
    page.get_by_role("button", name="Publier", exact=True).click()
    page.get_by_text("Votre publication est en ligne.").wait_for()


def test_everything_is_done_with_the_keyboard(school, tmp_path):
    page = compose(school)
    keys = Keyboard(page)
    choose(page, [make_photos(tmp_path)[0], make_document(tmp_path)])
    wait_for(page, "look", "done")
    keys.reach(".upload [data-act=send]")
    keys.press("Enter")
    wait_for(page, "done", "done")
    keys.reach(".upload__seen summary")
    keys.press("Enter")
    keys.reach(".upload__children input")
    keys.press("Space")
    assert page.locator(".upload__seen .count").first.inner_text() == "1"
    keys.reach(".upload > [data-act=remove]")
    keys.press("Enter")
    assert len(states(page)) == 1


def test_the_composer_keeps_the_rules_of_accessibility_with_files_in_every_state(school, tmp_path):
    page = compose(school)
    line = Line(page)
    choose(page, [*make_photos(tmp_path), make_document(tmp_path)])
    wait_for(page, "look", "look", "done")
    page.locator(".upload [data-act=send]:visible").first.click()
    wait_for(page, "done", "look", "done")
    line.cut = True
    choose(page, [large(tmp_path)])
    page.locator('.upload[data-state="waiting"]').wait_for()
    assert look_all_ways(page, PHONE, DESKTOP) == []


def test_without_a_script_the_plain_field_sends_the_same_files(school, tmp_path):
    page = compose(school, javascript=False)
    page.locator("input[name=files]").set_input_files([*make_photos(tmp_path), make_document(tmp_path)])
    page.locator("textarea[name=text]").fill("Sans script")
    page.get_by_role("button", name="Garder en brouillon et dire qui l’on voit").click()
    page.get_by_role("heading", name=re.compile("Qui voit-on")).wait_for()
    page.get_by_label("Hugo Petit").first.check()
    page.get_by_role("button", name="Publier", exact=True).click()
    page.get_by_label("Retirer la photo").check()
    page.get_by_role("button", name="Publier", exact=True).click()
    assert page.get_by_text("Votre publication est en ligne.").is_visible()
