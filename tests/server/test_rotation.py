"""A real server goes on while the master key is replaced under it, and after it is started again."""

import http.client
import re
from contextlib import closing
from urllib.parse import urlencode

import pytest

from tests.support.process import preau, serving

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("rotated") / "config.toml"
    assert preau("--config", path, "init", "--non-interactive").returncode == 0
    return path


def _ask(port, method, path, cookies, data=None):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(data) if data is not None else None, headers)
        with connection.getresponse() as answer:
            for line in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = line.split(";")[0].partition("=")
                cookies[name] = value
            return answer.status, answer.read().decode()


def test_a_session_and_the_forms_of_a_running_server_outlive_a_rotation(config):
    made = preau(
        "--config", config, "account", "create", "--first-name", "Anne", "--last-name", "Roux",
        "--email", "anne@demo.test", "--office", "admin",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    cookies: dict[str, str] = {}
    with serving(config) as server:
        _status, page = _ask(server.port, "GET", "/connexion", cookies)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
        rotated = preau("--config", config, "key", "rotate")
        assert rotated.returncode == 0, rotated.stderr
        wrong = {"csrf_token": token, "identifier": "anne@demo.test", "password": "pas le bon mot de passe"}
        status, page = _ask(server.port, "POST", "/connexion", cookies, wrong)
        assert status == 422, "the form of before the rotation is still taken, and the failure counted"
        assert _ask(server.port, "GET", "/healthz", {})[0] == 200
    assert preau("--config", config, "key", "rotate", "--forget-old").returncode == 0
    with serving(config) as server:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
        status, _page = _ask(server.port, "POST", "/connexion", cookies, {**wrong, "csrf_token": token})
        assert status == 422
    done = preau("--config", config, "doctor")
    assert done.returncode == 0, done.stdout
