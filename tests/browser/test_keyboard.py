"""With the keyboard alone, every journey of a class can be made, and one always sees where one is."""

import pytest

from tests.browser.keys import Keyboard
from tests.browser.pictures import make_photos
from tests.browser.school import PASSWORD
from tests.browser.sending import choose, send_as_they_are, wait_for

pytestmark = pytest.mark.browser


def begin(school, login=None, address="/"):
    page = school.visit(login, phone=False)
    page.goto(address)
    return page, Keyboard(page)


def test_a_guardian_signs_in(school):
    page, keys = begin(school, address="/connexion")
    keys.reach("input[name=identifier]")
    keys.type("guardian2@demo.test")
    keys.reach("input[name=password]")
    keys.type(PASSWORD)
    with page.expect_navigation(url="**/"):
        keys.press("Enter")
    assert page.locator("h1").inner_text() == "Bonjour Marc"
    assert not keys.unseen


def test_the_first_stop_leads_past_the_menus(school):
    page, keys = begin(school, "guardian2")
    keys.tab()
    assert keys.is_on("a.skip"), page.evaluate("document.activeElement.outerHTML")
    assert page.locator(".skip").bounding_box()["x"] >= 0
    keys.press("Enter")
    assert keys.is_on("main")
    keys.tab()
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert not keys.unseen


def test_a_guardian_says_that_a_post_is_read_and_goes_on_with_the_rest(school):
    page, keys = begin(school, "guardian2")
    keys.reach("button[formaction$='/lu']")
    card = page.evaluate("document.activeElement.closest('article').id")
    with page.expect_navigation():
        keys.press("Enter")
    assert page.locator(f"#{card}").get_by_text("Lu", exact=True).count() == 1
    keys.tab()
    assert page.evaluate("document.querySelector('#lecture article').contains(document.activeElement)")
    assert not keys.unseen


def test_the_photos_are_looked_at_one_after_the_other(school):
    page, keys = begin(school, "guardian1")
    keys.follow("a.gallery__item")
    if "/photos/" not in page.url:
        keys.follow("a.gallery__item")
    assert page.url.endswith("/photos/1")
    keys.follow("a[rel=next]")
    assert page.url.endswith("/photos/2")
    keys.follow("a[rel=prev]")
    assert page.url.endswith("/photos/1")
    assert not keys.unseen


def test_a_guardian_comments(school):
    page, keys = begin(school, "guardian4")
    keys.follow(".post__when a")
    keys.reach("form[action$=commentaires] textarea")
    keys.type("Merci, écrit au clavier.")
    keys.follow("form[action$=commentaires] button")
    assert page.get_by_text("Merci, écrit au clavier.").is_visible()
    keys.tab()
    assert page.evaluate("document.querySelector('#commentaires').contains(document.activeElement)")
    assert not keys.unseen


def test_the_menu_of_a_post_closes_and_gives_the_focus_back(school):
    page, keys = begin(school, "teacher")
    page.goto(school.class_of(page))
    keys.reach("article summary")
    keys.press("Enter")
    keys.tab()
    assert keys.is_on(".menu__item")
    keys.press("Escape")
    assert keys.is_on("summary")
    assert page.locator("details.menu[open]").count() == 0
    assert not keys.unseen


def write_a_post(school, page, keys, folder, text):
    page.goto(school.class_of(page))
    keys.follow("a[href$='/publications/nouvelle']")
    keys.reach("textarea[name=text]")
    keys.type(text)
    keys.reach("[data-way=choose]")
    choose(page, make_photos(folder))
    wait_for(page, "look", "look")
    send_as_they_are(page)
    wait_for(page, "done", "done")
    keys.reach("[data-way=choose]")


def test_a_teacher_publishes_two_photos_pins_the_post_and_opens_its_readers(school, tmp_path):
    page, keys = begin(school, "teacher")
    write_a_post(school, page, keys, tmp_path, "Un mot écrit au clavier.")
    keys.follow("button[value=publish]")
    post = page.locator("article", has_text="Un mot écrit au clavier.")
    post.locator(".gallery img").nth(1).wait_for()
    card = post.get_attribute("id")
    keys.reach(f"#{card} summary")
    keys.press("Enter")
    keys.follow(f"#{card} .menu__item", "Épingler")
    assert page.locator(f"#{card}").get_by_text("Épinglée", exact=True).is_visible()
    keys.reach(f"#{card} summary")
    keys.press("Enter")
    keys.follow(f"#{card} .menu__item", "Qui a lu")
    assert page.locator("h1").inner_text() == "Qui a lu"
    assert not keys.unseen


def test_taking_a_file_back_keeps_the_focus_in_the_list(school, tmp_path):
    page, keys = begin(school, "teacher")
    write_a_post(school, page, keys, tmp_path, "Deux photos, puis une.")
    for left in (1, 0):
        keys.reach(".upload > [data-act=remove]")
        keys.press("Enter")
        assert page.locator(".upload").count() == left
    assert keys.is_on("[data-way=choose]")
    assert not keys.unseen


def test_the_toolbar_is_one_stop_and_arrows_move_inside_it(school):
    page, keys = begin(school, "teacher")
    page.goto(school.class_of(page) + "/publications/nouvelle")
    keys.reach("[role=toolbar] button")
    keys.press("ArrowRight")
    assert keys.is_on("[data-mark=italic]")
    keys.press("Enter")
    assert keys.is_on("textarea[name=text]")
    assert page.locator("textarea[name=text]").input_value() == "*texte*"
    keys.reach("[role=toolbar] button", key="Shift+Tab")
    assert keys.is_on("[data-mark=italic]")
    assert not keys.unseen


ANSWER = '<p id="swapped" data-focus data-announce="C’est noté.">C’est noté.</p>'


def test_what_htmx_swaps_is_announced_and_takes_the_focus(school):
    page, keys = begin(school, address="/styleguide")
    page.wait_for_function("() => 'htmx' in window")
    page.route("**/*", lambda route: route.fulfill(body=ANSWER) if route.request.method == "POST" else route.fallback())
    page.locator("form[hx-post] button").first.focus()
    keys.press("Enter")
    page.locator("#swapped").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'swapped'")
    page.wait_for_function("() => document.getElementById('annonces').textContent === 'C’est noté.'")


def test_a_refusal_takes_the_focus_and_leads_to_its_field(school):
    page, keys = begin(school, "teacher")
    page.goto(school.class_of(page) + "/publications/nouvelle")
    keys.follow("button[value=publish]")
    assert keys.is_on(".errors")
    keys.reach(".errors a")
    keys.press("Enter")
    assert keys.is_on("textarea[name=text]")
    assert not keys.unseen
