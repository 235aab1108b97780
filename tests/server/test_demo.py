"""`make run`: a living school on loopback, seeded once, kept, and refused to the outside."""

import hashlib
import http.client
import re
from contextlib import closing
from urllib.parse import urlencode

import pytest

from tests.support.process import preau, serving

pytestmark = pytest.mark.server
PASSWORD = "preau-demo-password"
LOGINS = ("teacher", "guardian1", "guardian2", "contact", "principal", "dpo", "admin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("demo") / "school"
    done = preau("demo", "--folder", made, "--seed-only")
    assert done.returncode == 0, done.stderr
    return made


class Visitor:
    """A person with a cookie jar, at the real server."""

    def __init__(self, port: int):
        self.port, self.cookie = port, ""

    def ask(self, method: str, path: str, form: dict | None = None):
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, path, urlencode(form) if form else None, headers)
            with connection.getresponse() as answer:
                for value in answer.headers.get_all("Set-Cookie") or ():
                    self.cookie = value.split(";")[0]
                return answer.status, answer.read().decode(), answer.headers

    def sign_in(self, login: str):
        page = self.ask("GET", "/connexion")[1]
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
        form = {"csrf_token": token, "identifier": f"{login}@demo.test", "password": PASSWORD}
        return self.ask("POST", "/connexion", form)[0]


def test_the_demo_listens_on_loopback_only(folder):
    done = preau("demo", "--folder", folder, "--host", "192.0.2.1")
    assert done.returncode == 1 and "loopback only" in done.stderr


def test_everyone_who_is_printed_can_sign_in_and_sees_what_is_theirs(folder):
    with serving(folder / "config.toml", "demo", "--folder", str(folder), "--port", "0") as server:
        pages = {}
        for login in LOGINS:
            visitor = Visitor(server.port)
            assert visitor.sign_in(login) == 303, login
            status, pages[login], _headers = visitor.ask("GET", "/")
            assert status == 200, login
        assert "ferme" in pages["guardian1"] and "ferme" in pages["guardian2"]
        assert "ferme" not in pages["contact"]
        assert "Lefort" not in pages["guardian1"] and "Anne" not in pages["guardian2"]


def test_started_again_it_keeps_its_data(folder):
    before = hashlib.sha256((folder / "keys/kek").read_bytes()).hexdigest()
    done = preau("demo", "--folder", folder, "--seed-only")
    assert done.returncode == 0 and "Making" not in done.stdout
    assert hashlib.sha256((folder / "keys/kek").read_bytes()).hexdigest() == before


def test_a_seeding_that_was_cut_short_begins_again(folder, tmp_path):
    half = tmp_path / "school"
    half.mkdir()
    (half / "begun").touch()
    (half / "config.toml").write_text("[server]\n")
    done = preau("demo", "--folder", half, "--seed-only")
    assert done.returncode == 0 and "Making" in done.stdout and (half / "complete").exists()


def test_the_doctor_finds_nothing_in_the_demo_but_that_nobody_backs_it_up(folder):
    done = preau("--config", folder / "config.toml", "doctor")
    problems = [line for line in done.stdout.splitlines() if line.startswith("problem")]
    assert [line.split(":")[1].strip() for line in problems] == ["no backup was made yet"], done.stdout + done.stderr


def test_nothing_of_the_demo_is_readable_on_the_disk(folder):
    """Neither posts, nor comments, nor file names, nor pictures: only names and identifiers are plain columns."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in ("config.toml", "kek"):
            content = path.read_bytes()
            for secret in ("moutons", "Programme de la sortie", "pique-nique", "rue des Lilas"):
                assert secret.encode() not in content, path
            assert not content.startswith((b"\xff\xd8\xff", b"%PDF")), path
