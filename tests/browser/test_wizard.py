"""The first set-up in a real browser: on a phone and on a desk, light and dark, without a script, with keys alone.

`take_pictures(browser, folder)` gives the pictures of docs/screenshots.
"""

import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.axe import look_all_ways
from tests.browser.keys import Keyboard
from tests.browser.school import DESKTOP, PHONE, School
from tests.support.process import PREAU, ROOT

pytestmark = pytest.mark.browser
CONTINUE = "main form button[type=submit].button--primary"


class Console:
    """A set-up that waits for its operator: its address, and the last secret that it showed."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen):
        self.folder, self.port, self.process = folder, port, process
        self.url = f"http://127.0.0.1:{port}"
        self.shown = ""
        self.secret = self.read_secret()

    def read_secret(self) -> str:
        """The next secret on the console."""
        for line in self.process.stdout:
            self.shown += line
            if found := re.fullmatch(r"\s+([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})\s+", line):
                return found[1]
        raise RuntimeError(f"no secret was shown:\n{self.shown}")


@contextmanager
def waiting(folder: Path):
    """A machine that was just installed, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (folder / "elsewhere").mkdir(parents=True)
    command = [sys.executable, "-c", PREAU, "--config", str(folder / "etc/config.toml"), "setup", "--web"]
    command += ["--data", str(folder / "data"), "--port", str(port)]
    with (folder / "errors.log").open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield Console(folder, port, process)
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture
def console(tmp_path):
    """A set-up of this test's own."""
    with waiting(tmp_path / "machine") as found:
        yield found


@pytest.fixture
def operator(chromium, console):
    """Whoever sits at a desk; none of the pages may have broken a rule."""
    visits = School(chromium, console.url)
    yield visits
    visits.close_visits()
    assert not visits.watch.faults, "\n".join(visits.watch.faults)


def read_groups(page, question: str, folder: Path) -> str:
    """The groups that a question asks for, from the printed sheet."""
    pdf = folder / "sheet.pdf"
    pdf.write_bytes(page.request.get("/installation/cle/fiche.pdf").body())
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pdf.unlink()
    pages = [each for each in text.split("\f") if each.strip()]
    part = re.search(r"Part (\d+)", question)
    sheet = pages[int(part[1]) - 1 if part else 0]
    digits = re.findall(r"\b[0-9a-f]{8}\b", re.split(r"(?:key|data):", sheet)[1])
    first, second = (int(number) for number in re.findall(r"[Gg]roupes (\d) et (\d)", question)[0])
    return f"{digits[first - 1]} {digits[second - 1]}"


def enter(page, console) -> None:
    """Type the secret."""
    page.goto("/")
    page.get_by_label("Code de la console").fill(console.secret)
    page.locator(CONTINUE).first.click()
    page.wait_for_url("**/etablissement")


def fill_place(page, console) -> None:
    page.get_by_label("Organisme responsable").fill("Commune de Trifouilly")
    page.get_by_label("Écoles, une par ligne").fill("École Jules Ferry ; 0751234A ; Trifouilly")
    page.get_by_label("Votre adresse e-mail").fill("mairie@trifouilly.fr")


def fill_network(page, console) -> None:
    page.get_by_label("Adresse que taperont les familles").fill("http://localhost:8080")
    page.get_by_label("Aucun").check()


def fill_data(page, console) -> None:
    page.get_by_label("Où vont les sauvegardes").fill(str(console.folder / "elsewhere"))


def fill_mail(page, console) -> None:
    """No relay."""


FILLED = (("etablissement", fill_place), ("adresse", fill_network), ("donnees", fill_data), ("courrier", fill_mail))


def answer(page, console, see=lambda: None) -> None:
    """All the questions, up to the summary; `see` is called on each page."""
    for _slug, fill in FILLED:
        fill(page, console)
        see()
        with page.expect_navigation():
            page.locator(CONTINUE).click()
    page.wait_for_url("**/resume")


def read_back(page, console) -> None:
    """Type the groups that are asked of each sheet."""
    for box in page.locator("input[name^=groups]").all():
        question = page.locator(f"label[for={box.get_attribute('id')}]").inner_text()
        box.fill(read_groups(page, question, console.folder))


def go_through(page, console, see=lambda: None) -> None:
    """The whole set-up; `see` is called on each page."""
    page.goto("/")
    see()
    enter(page, console)
    answer(page, console, see)
    see()
    page.get_by_role("link", name="la fiche de secours").click()
    page.wait_for_url("**/cle")
    see()
    read_back(page, console)
    page.get_by_role("button", name="Vérifier et installer").click()
    page.wait_for_url("**/fin")
    see()
    page.get_by_role("button", name="Terminer").click()
    page.get_by_role("heading", name="Installation terminée").wait_for()
    see()


@pytest.fixture(autouse=True)
def _reader(needs):
    needs("pdftotext")


def test_an_operator_sets_the_machine_up_and_no_page_has_a_fault(operator, console):
    page, faults = operator.visit(phone=True), []

    def see() -> None:
        faults.extend(f"{page.url}: {fault}" for fault in look_all_ways(page, PHONE, DESKTOP))
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url

    go_through(page, console, see)
    assert not faults, "\n".join(faults)
    assert (console.folder / "etc/config.toml").exists() and (console.folder / "data/preau.db").exists()
    assert console.process.wait(15) == 0  # it never comes back
    assert (console.folder / "errors.log").read_text() == ""


def test_the_set_up_needs_no_script(operator, console):
    page = operator.visit(phone=True, javascript=False)
    go_through(page, console)
    assert console.process.wait(15) == 0


def test_a_wrong_answer_is_shown_beside_its_field_and_kept(operator, console):
    page = operator.visit(phone=True)
    enter(page, console)
    fill_place(page, console)
    page.get_by_label("Votre adresse e-mail").fill("mairie")
    page.locator(CONTINUE).click()
    page.locator("#admin_email-erreur").wait_for()
    assert page.get_by_label("Votre adresse e-mail").input_value() == "mairie"
    assert page.get_by_label("Organisme responsable").input_value() == "Commune de Trifouilly"
    faults = look_all_ways(page, PHONE, DESKTOP)
    fill_place(page, console)
    page.locator(CONTINUE).click()
    page.wait_for_url("**/adresse")
    fill_network(page, console)
    page.locator(CONTINUE).click()
    page.wait_for_url("**/donnees")
    page.get_by_label("Où vont les sauvegardes").fill("/nulle/part")
    page.locator(CONTINUE).click()
    page.locator("#backup_to-erreur").wait_for()
    fill_data(page, console)
    page.locator(CONTINUE).click()
    page.wait_for_url("**/courrier")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    page.get_by_label("Relais de courrier").fill("127.0.0.1")
    page.get_by_label("Port du relais").fill(str(port))
    page.locator(CONTINUE).click()
    page.get_by_label("Continuer quand même").check()
    faults += look_all_ways(page, PHONE, DESKTOP)
    page.locator(CONTINUE).click()
    page.wait_for_url("**/resume")
    assert not faults, "\n".join(faults)


def test_keys_alone_lead_from_the_door_to_the_list(operator, console):
    page = operator.visit(phone=False)
    page.goto("/")
    keys = Keyboard(page)
    keys.reach("input[name=code]")
    keys.type(console.secret)
    keys.follow(CONTINUE)
    keys.reach("[name=admin_email]")
    keys.type("mairie@trifouilly.fr")
    keys.follow(CONTINUE)
    keys.reach("input[name=public_url]")
    keys.press("Control+a")
    keys.type("http://localhost:8080")
    keys.reach("input[name=web_server]")
    keys.press("ArrowUp")  # the list is a ring: nginx, Apache, none
    assert page.get_by_label("Aucun").is_checked()
    keys.follow(CONTINUE)
    keys.reach("input[name=backup_to]")
    keys.press("Control+a")
    keys.type(str(console.folder / "elsewhere"))
    keys.follow(CONTINUE)
    keys.follow(CONTINUE)
    keys.follow("a[href$='/cle']")
    keys.reach("input[name=groups0]")
    keys.type(read_groups(page, page.locator("label[for=groups0]").inner_text(), console.folder))
    keys.reach("button", "Vérifier et installer")
    keys.press("Enter")
    page.wait_for_url("**/fin")
    keys.reach("button", "Terminer")
    assert not keys.unseen


def take_pictures(browser, folder: Path) -> dict[str, bytes]:
    """{name: PNG} of the pages that the documentation shows; `folder` is a scratch one."""
    pictures = {}
    for device, phone, scheme in (("phone", True, "light"), ("desktop", False, "light"), ("phone", True, "dark")):
        with waiting(folder / f"{device}-{scheme}") as console:
            visits = School(browser, console.url)
            page = visits.visit(phone=phone, scheme=scheme, reduced_motion="reduce")

            def see(page=page, device=device, scheme=scheme) -> None:
                page.wait_for_function("() => document.fonts.status === 'loaded'")
                page.evaluate("document.activeElement.blur()")
                name = page.url.rstrip("/").rsplit("/", 1)[1]
                pictures[f"wizard-{name}-{device}-{scheme}"] = page.screenshot(full_page=True)

            go_through(page, console, see)
            visits.close_visits()
    return pictures
