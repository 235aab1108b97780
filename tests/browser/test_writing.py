"""A teacher writes on a telephone with a bad network: what was typed is never lost, never sent twice or wider."""

import re

import pytest

from tests.browser.school import PHONE, sign_in
from tests.browser.test_uploads import compose

pytestmark = pytest.mark.browser
TEXT, COMPOSER = "textarea[name=text]", "**/publications/nouvelle"
PASTE = """words => {
  const data = new DataTransfer();
  for (const [type, value] of Object.entries(words)) data.setData(type, value);
  data.items.add(new File([new Uint8Array(9)], "image.png", { type: "image/png" }));
  const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  return document.querySelector("textarea[name=text]").dispatchEvent(paste);
}"""


def ready(page):
    """The page, once its script listens to what is typed."""
    page.locator("[role=toolbar]:not([hidden])").wait_for()
    return page


def publish(page, **options):
    page.get_by_role("button", name="Publier", exact=True).click(**options)


def count(page, words):
    return page.locator(".post", has_text=words).count()


def test_what_was_typed_comes_back_with_its_readers_after_the_tab_was_lost(school):
    page = ready(compose(school, viewport=PHONE))
    address = page.url
    page.locator(TEXT).fill("Pour une seule famille")
    page.get_by_text("Certains enfants").click()
    page.locator("#students").click()
    page.locator("input[name=students]").first.check()
    page.reload()
    ready(page)
    assert page.locator(TEXT).input_value() == "Pour une seule famille"
    assert page.get_by_label("Certains enfants").is_checked()
    assert page.locator("input[name=students]:checked").count() == 1
    publish(page)
    page.wait_for_url(re.compile(r"/classes/\w+#"))
    page.goto(address)
    ready(page)
    assert page.locator(TEXT).input_value() == "", "what has arrived is not written a second time"


def test_what_was_begun_is_not_left_to_who_signs_in_next(school):
    page = school.visit(viewport=PHONE)
    sign_in(page, "teacher")  # a session of its own, since it ends here
    page.goto(school.class_of(page) + "/publications/nouvelle")
    ready(page).locator(TEXT).fill("Pour mes yeux")
    assert page.evaluate("sessionStorage.length") > 0
    page.evaluate("document.querySelector('form[action$=\"/deconnexion\"]').requestSubmit()")
    page.wait_for_url("**/connexion*")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_publication_lost_in_a_tunnel_is_found_again_and_is_one(school):
    page = ready(compose(school, viewport=PHONE))
    address = page.url
    page.locator(TEXT).fill("Dans le tunnel")
    swallowed = []

    def swallow(route):
        if route.request.method == "POST" and not swallowed:
            swallowed.append(route.fetch(max_redirects=0).status)  # it arrived, its answer did not
            return route.abort("connectionreset")
        return route.continue_()

    page.route(COMPOSER, swallow)
    publish(page, no_wait_after=True)
    page.wait_for_function("location.protocol === 'chrome-error:'")
    assert swallowed == [303]
    page.goto(address)
    ready(page)
    assert page.locator(TEXT).input_value() == "Dans le tunnel"
    publish(page)
    page.wait_for_url(re.compile(r"/classes/\w+#"))
    assert count(page, "Dans le tunnel") == 1


def test_without_network_the_publication_waits_on_the_page_and_leaves_by_itself(school):
    page = ready(compose(school, viewport=PHONE))
    page.locator(TEXT).fill("Sans réseau")
    page.context.set_offline(True)
    publish(page)
    page.get_by_text("Pas de connexion").wait_for()
    page.context.set_offline(False)
    page.wait_for_url(re.compile(r"/classes/\w+#"))
    assert count(page, "Sans réseau") == 1


def test_whoever_stopped_a_page_that_did_not_come_can_press_again(school):
    page = ready(compose(school, viewport=PHONE))
    line = page.context.new_cdp_session(page)
    page.clock.install()
    page.reload()
    ready(page).locator(TEXT).fill("Encore une fois")
    page.route(COMPOSER, lambda route: None if route.request.method == "POST" else route.continue_())
    with page.expect_request(lambda request: request.method == "POST"):
        publish(page, no_wait_after=True)
    line.send("Page.stopLoading")
    page.unroute(COMPOSER)
    page.clock.run_for(11_000)
    publish(page)
    page.wait_for_url(re.compile(r"/classes/\w+#"))
    assert count(page, "Encore une fois") == 1


def test_a_press_is_answered_at_once_however_slow_the_network(school):
    page = ready(compose(school, viewport=PHONE))
    page.clock.install()
    page.reload()
    ready(page).locator(TEXT).fill("Patience")
    button = page.get_by_role("button", name="Publier", exact=True)
    page.route(COMPOSER, lambda route: None if route.request.method == "POST" else route.continue_())
    line = page.context.new_cdp_session(page)
    rest = button.evaluate("each => getComputedStyle(each).opacity")
    with page.expect_request(lambda request: request.method == "POST"):
        publish(page, no_wait_after=True)
    line.send("Page.stopLoading")  # a page that is leaving cannot be asked
    assert button.get_attribute("aria-busy") == "true"
    assert button.evaluate("each => getComputedStyle(each).opacity") < rest
    page.clock.run_for(11_000)
    assert button.get_attribute("aria-busy") is None


def test_words_pasted_from_a_word_processor_are_words_and_a_copied_picture_is_a_file(school):
    page = compose(school)
    page.locator(".uploads__ways:not([hidden])").wait_for()
    assert page.evaluate(PASTE, {"text/plain": "Mot", "text/html": "<b>Mot</b>"}), "the browser pastes the words"
    assert page.locator(".upload").count() == 0
    assert not page.evaluate(PASTE, {"text/html": "<img src=x>"}) and page.locator(".upload").count() == 1
