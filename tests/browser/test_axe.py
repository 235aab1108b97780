"""axe finds nothing on any page, for any role, width, theme, language, nor when something was refused."""

import pytest

from appliance.core import i18n
from tests.browser.axe import look, look_all_ways
from tests.browser.school import DESKTOP, PHONE, ROLES, pages_of
from tests.browser.sending import choose, send_as_they_are

pytestmark = pytest.mark.browser
SIGNED_OUT = ("/connexion", "/mot-de-passe-oublie/envoye")


def complain(faults: list[str]) -> str:
    return f"{len(faults)} faults:\n" + "\n".join(faults[:40])


def test_axe_sees_a_fault_under_our_policy(school):
    page = school.visit()
    page.goto("/connexion")
    page.evaluate("document.querySelector('main').append(new Image())")
    assert any(fault.startswith("image-alt") for fault in look(page))


@pytest.mark.parametrize("role", ROLES)
def test_axe_finds_nothing_on_any_page_of_any_role(school, role):
    page = school.visit(ROLES[role])
    start = SIGNED_OUT if ROLES[role] is None else ("/",)
    faults = [
        f"{address}: {fault}" for address in pages_of(page, start) for fault in look_all_ways(page, PHONE, DESKTOP)
    ]
    assert not faults, complain(faults)


@pytest.mark.parametrize("part", ("", "/home", "/composer", "/reach", "/signin"))
def test_axe_finds_nothing_in_the_style_guide(school, part):
    page = school.visit()
    assert page.goto(f"/styleguide{part}").status == 200
    faults = look_all_ways(page, PHONE, DESKTOP)
    assert not faults, complain(faults)


def wrong_password(school, folder):
    page = school.visit()
    page.goto("/connexion")
    page.get_by_label("Identifiant").fill("guardian1@demo.test")
    page.get_by_label("Mot de passe", exact=True).fill("ce n’est pas le bon")
    page.get_by_role("button", name="Se connecter").click()
    page.locator("[role=alert]").wait_for()
    return page


def unknown_invitation(school, folder):
    page = school.visit()
    page.goto("/invitation")
    page.locator("main input:not([type=hidden])").first.fill("AAAA-AAAA-AAAA")
    page.locator("main form button[type=submit]").first.click()
    page.locator(".field__error").first.wait_for()
    return page


def composer(school):
    page = school.visit("teacher")
    page.goto(school.class_of(page) + "/publications/nouvelle")
    return page


def empty_composer(school, folder):
    page = composer(school)
    page.get_by_role("button", name="Publier", exact=True).click()
    page.locator(".errors").wait_for()
    return page


def refused_file(school, folder):
    page = composer(school)
    picture = folder / "photo.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(5000))
    page.locator("textarea[name=text]").fill("Un mot avec un fichier abîmé")
    choose(page, picture)
    send_as_they_are(page)
    page.locator('.upload[data-state="refused"]').wait_for()
    page.get_by_role("button", name="Publier", exact=True).click()
    assert page.locator("textarea[name=text]").input_value() == "Un mot avec un fichier abîmé"
    return page


def no_such_page(school, folder):
    page = school.visit("guardian1")
    assert page.goto("/publications/0000000000000000").status == 404
    return page


def no_such_page_signed_out(school, folder):
    page = school.visit()
    assert page.goto("/nulle-part").status == 404
    return page


def forbidden(school, folder):
    page = school.visit("guardian1")
    assert page.goto("/administration").status in (403, 404)
    return page


def empty_comment(school, folder):
    page = school.visit("guardian4")
    page.goto("/")
    page.goto(page.locator(".post__when a").first.get_attribute("href"))
    page.locator("form[action$=commentaires]").evaluate("form => { form.noValidate = true; }")
    page.get_by_role("button", name="Envoyer").click()
    page.locator(".field__error").wait_for()
    return page


def wrong_present_password(school, folder):
    page = school.visit("guardian4")
    page.goto("/compte/mot-de-passe")
    for number, box in enumerate(page.locator("main input[type=password]").all()):
        box.fill(f"ce n’est pas le bon {number}")
    page.locator("main form button[type=submit]").click()
    page.locator(".field__error").first.wait_for()
    return page


STATES = (
    wrong_password,
    unknown_invitation,
    empty_composer,
    refused_file,
    no_such_page,
    no_such_page_signed_out,
    forbidden,
    empty_comment,
    wrong_present_password,
)


@pytest.mark.parametrize("reach", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_when_something_was_refused(school, tmp_path, reach):
    page = reach(school, tmp_path)
    faults = look_all_ways(page, PHONE, DESKTOP)
    assert not faults, complain(faults)


@pytest.mark.parametrize("login", ("guardian7", "assistant"))
@pytest.mark.parametrize("language", i18n.languages())
def test_axe_finds_nothing_in_any_language(school, language, login):
    page = school.visit(login, reduced_motion="reduce")
    page.goto("/compte/affichage")
    page.locator("select[name=language]").select_option(language)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/compte")
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("html").get_attribute("dir") == i18n.direction(language)
    faults = [f"{address}: {fault}" for address in pages_of(page) for fault in look(page)]
    assert not faults, complain(faults)


@pytest.mark.parametrize("login", ("guardian3", "teacher"))
def test_axe_finds_nothing_when_a_page_reads_from_right_to_left(school, login):
    page = school.visit(login, reduced_motion="reduce")
    faults = []
    for address in pages_of(page):
        page.evaluate("document.documentElement.dir = 'rtl'")
        faults += [f"{address}: {fault}" for fault in look(page)]
    assert not faults, complain(faults)
