"""The set-up in the browser: nothing without the secret, ten tries, forms of one's own, answers kept, one time only."""

import re

import jinja2
import pytest

from appliance.crypto.keyfile import load_kek
from installer import trials
from installer.door import PAUSE, TRIES, Door
from installer.shell import PREFIX, create_app
from installer.wizard import Wizard
from tests.support.waiting import wait_for

PLACE = {
    "responsible_body": "Commune d’Essai",
    "schools": "École Jules Ferry;0751234A;Paris",
    "admin_email": "mairie@ville.fr",
    "admin_password": "un préau sous la pluie",
}
NETWORK = {"public_url": "http://localhost:8080", "web_server": "none", "certificate": "self-signed"}


class Compiled(jinja2.BytecodeCache):
    """The templates as Python, compiled for the first application and kept for the others."""

    known: dict[str, bytes] = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket):
        self.known[bucket.key] = bucket.bytecode_to_string()


class Operator:
    """A browser before a set-up."""

    def __init__(self, wizard: Wizard, secrets: list[str]):
        self.wizard, self.secrets = wizard, secrets
        self.app = create_app(wizard)
        self.app.jinja_env.bytecode_cache = Compiled()
        self.client = self.app.test_client()
        self.page = self.get("/")

    def get(self, path: str):
        self.page = self.client.get(path, follow_redirects=True)
        return self.page

    def post(self, path: str, **fields):
        found = re.search(r'name="csrf_token" value="(\w+)"', self.page.text)
        self.page = self.client.post(PREFIX + path, data={"csrf_token": found[1], **fields}, follow_redirects=True)
        return self.page

    def enter(self):
        return self.post("/code", code=self.secrets[-1])

    def answer(self):
        self.post("/etablissement", **PLACE)
        self.post("/adresse", **NETWORK)
        self.post("/donnees")
        return self.post("/courrier")

    @property
    def where(self) -> str:
        return self.page.request.path.removeprefix(PREFIX)

    def read_back(self) -> dict[str, str]:
        """The groups asked of each sheet, as they are on its text."""
        found = {}
        for number, (text, asked) in enumerate(
            zip(self.wizard.ceremony.texts, self.wizard.ceremony.asked, strict=True)
        ):
            digits = re.findall(r"\b[0-9a-f]{8}\b", re.split("key:|data:", text)[1])
            found[f"groups{number}"] = " ".join(digits[at].upper() for at in asked)
        return found


@pytest.fixture
def operator(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "measure_ciphers", lambda: {1: 2.1e9, 2: 1.2e9})
    secrets: list[str] = []
    return Operator(Wizard(tmp_path / "etc/config.toml", data=tmp_path / "data", show=secrets.append), secrets)


@pytest.mark.parametrize(
    "path",
    ["/etablissement", "/adresse", "/donnees", "/courrier", "/resume", "/cle", "/cle/fiche.pdf", "/avancement", "/fin"],
)
def test_without_the_secret_there_is_nothing_but_the_door(operator, path):
    page = operator.get(PREFIX + path)
    assert operator.where == "/code" and "<form" in page.text and "responsible_body" not in page.text


@pytest.mark.parametrize("path", ["/etablissement", "/cle", "/cle/parts", "/avancement/reprendre", "/terminer"])
def test_without_the_secret_nothing_can_be_sent(operator, path):
    operator.post(path, **PLACE)
    assert operator.where == "/code" and operator.wizard.passed == set() and operator.wizard.work is None


def test_the_secret_opens_once_and_one_browser_at_a_time(operator):
    operator.enter()
    assert operator.where == "/etablissement"
    other = Operator(operator.wizard, operator.secrets)
    assert "déjà servi" in other.page.text
    other.post("/code", code=operator.secrets[-1])
    assert other.where == "/code"
    operator.get(f"{PREFIX}/resume")
    assert operator.where == "/etablissement"


def test_after_ten_wrong_tries_another_secret_is_shown_and_the_door_waits():
    now, shown = [100.0], []
    door = Door(shown.append, lambda: now[0])
    for number in range(TRIES):
        assert not door.open("AAAA-AAAA-AAAA" if number % 2 else "é")
    assert len(shown) == 2 and shown[0] != shown[1] and door.waits()
    assert not door.open(shown[1])
    now[0] += PAUSE
    assert not door.open(shown[0])
    token = door.open(shown[1].lower().replace("-", " "))
    assert door.knows(token) and not door.knows(token + "x") and door.is_used


def test_another_browser_may_ask_for_a_secret_but_not_all_the_time(operator):
    now = [0.0]
    door = Door(operator.secrets.append, lambda: now[0])
    first = door.open(operator.secrets[-1])
    assert not door.ask_again()
    now[0] += PAUSE
    assert door.ask_again()
    second = door.open(operator.secrets[-1])
    assert door.knows(second) and not door.knows(first)


def test_ten_wrong_codes_in_the_browser(operator):
    for _try in range(TRIES):
        page = operator.post("/code", code="K7QM-2XPA-94TD")
        assert page.status_code == 422
    assert len(operator.secrets) == 2 and "demi-minute" in operator.page.text
    assert "K7QM-2XPA-94TD" not in operator.page.text.split("</form>")[0].split("value=")[-1]


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_form_from_elsewhere_is_refused(operator, token):
    operator.enter()
    fields = dict(PLACE) if token is None else {**PLACE, "csrf_token": token}
    answer = operator.client.post(f"{PREFIX}/etablissement", data=fields)
    assert answer.status_code == 400 and operator.wizard.passed == set()


def test_a_form_of_another_browser_is_refused(operator):
    operator.enter()
    stranger = operator.app.test_client()
    found = re.search(r'csrf_token" value="(\w+)"', stranger.get(f"{PREFIX}/code").text)[1]
    assert operator.client.post(f"{PREFIX}/etablissement", data={**PLACE, "csrf_token": found}).status_code == 400


def test_the_cookie_and_the_headers_keep_others_out(operator):
    answer = operator.app.test_client().get(f"{PREFIX}/code", base_url="https://192.0.2.7")
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/"))
    assert "Secure" not in operator.app.test_client().get(f"{PREFIX}/code").headers["Set-Cookie"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in answer.headers  # the certificate is provisional


def test_what_was_typed_is_kept_and_the_error_is_beside_it(operator):
    operator.enter()
    page = operator.post("/etablissement", **{**PLACE, "admin_email": "mairie", "schools": "École;12"})
    assert page.status_code == 422 and 'value="mairie"' in page.text and "École;12</textarea>" in page.text
    assert 'id="admin_email-erreur"' in page.text and 'id="schools-erreur"' in page.text
    assert PLACE["admin_password"] not in page.text
    assert operator.wizard.passed == set()


def test_a_password_is_kept_without_being_shown_until_it_is_forgotten(operator):
    operator.enter()
    operator.post("/etablissement", **PLACE)
    page = operator.get(f"{PREFIX}/etablissement")
    assert PLACE["admin_password"] not in page.text and "forget_admin_password" in page.text
    operator.post("/etablissement", **{**PLACE, "admin_password": ""})
    assert operator.wizard.answers.admin_password == PLACE["admin_password"]
    operator.get(f"{PREFIX}/etablissement")
    operator.post("/etablissement", **{**PLACE, "admin_password": "", "forget_admin_password": "1"})
    assert operator.wizard.answers.admin_password == ""


def test_what_is_tried_in_vain_may_be_passed_if_it_can_wait(operator, monkeypatch):
    operator.enter()
    monkeypatch.setattr(trials, "try_group", lambda group, *_rest: [trials.Finding("mail_host", "Pas là", False)])
    operator.get(f"{PREFIX}/courrier")
    page = operator.post("/courrier", mail_host="smtp.ville.fr")
    assert "Pas là" in page.text and 'value="smtp.ville.fr"' in page.text and "mail" not in operator.wizard.passed
    operator.post("/courrier", mail_host="smtp.ville.fr", accept="1")
    assert operator.wizard.answers.mail_host == "smtp.ville.fr" and "mail" in operator.wizard.passed


def test_the_speed_of_the_ciphers_is_said_in_words(operator):
    operator.enter()
    assert "AES\u202f: 2,1\u202fGo/s, ChaCha20\u202f: 1,2\u202fGo/s → AES" in operator.get(f"{PREFIX}/donnees").text


def test_nothing_is_written_before_the_sheet_was_read_back(operator, tmp_path):
    operator.enter()
    operator.answer()
    assert operator.where == "/resume" and "un préau" not in operator.page.text
    operator.get(f"{PREFIX}/cle")
    assert operator.client.get(f"{PREFIX}/cle/fiche.pdf").data.startswith(b"%PDF")
    assert list(tmp_path.iterdir()) == []
    page = operator.post("/cle", groups0="0" * 16)
    assert page.status_code == 422 and "Ce n’est pas ce que porte cette fiche" in page.text
    page = operator.post("/cle", groups0="12")
    assert page.status_code == 422 and operator.wizard.work is None and list(tmp_path.iterdir()) == []


def test_each_share_is_read_back(operator):
    operator.enter()
    operator.answer()
    operator.get(f"{PREFIX}/cle")
    assert "2 à 16" in operator.post("/cle/parts", shares="3/2").text
    operator.post("/cle/parts", shares="2/3")
    assert operator.page.text.count('name="groups') == 3
    right = operator.read_back()
    page = operator.post("/cle", **{**right, "groups1": right["groups0"]})
    assert page.status_code == 422 and 'id="groups1-erreur"' in page.text and 'id="groups0-erreur"' not in page.text


def wait_for_the_end(operator) -> None:
    def is_over() -> bool:
        operator.get(f"{PREFIX}/avancement?fragment=1")
        return operator.wizard.work.state != "running"

    wait_for(is_over)


@pytest.mark.slow
def test_the_whole_way_ends_with_a_school_and_a_closed_door(operator, tmp_path, monkeypatch):
    operator.enter()
    operator.answer()
    operator.get(f"{PREFIX}/cle")
    kek = operator.wizard.ceremony.kek
    operator.post("/cle", **operator.read_back())
    wait_for_the_end(operator)
    page = operator.get(f"{PREFIX}/fin")
    assert operator.wizard.work.state == "done", operator.wizard.work
    assert page.text.count("en ordre") > 5 and "http://localhost:8080" in page.text
    assert load_kek(tmp_path / "etc/keys/kek") == kek
    assert 'default = "standard"' in (tmp_path / "etc/config.toml").read_text()
    assert (tmp_path / "data/preau.db").exists()
    monkeypatch.setattr(operator.wizard, "finish", lambda: setattr(operator.wizard, "is_over", True))
    assert "Installation terminée" in operator.post("/terminer").text
    assert operator.get("/").status_code == 410


@pytest.mark.slow
def test_a_set_up_that_fails_says_why_and_can_be_taken_up_again(operator, tmp_path):
    operator.enter()
    operator.answer()
    operator.get(f"{PREFIX}/cle")
    (tmp_path / "data").write_text("in the way")
    operator.post("/cle", **operator.read_back())
    wait_for_the_end(operator)
    page = operator.get(f"{PREFIX}/avancement")
    assert operator.wizard.work.state == "failed" and "Réessayer" in page.text
    assert not (tmp_path / "etc/config.toml").exists()
    (tmp_path / "data").unlink()
    operator.post("/avancement/reprendre")
    wait_for_the_end(operator)
    assert operator.wizard.work.state == "done", operator.wizard.work


def test_a_machine_set_up_elsewhere_closes_the_door(operator, tmp_path):
    operator.enter()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/config.toml").write_text("")
    assert operator.get(f"{PREFIX}/resume").status_code == 410
