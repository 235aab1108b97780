"""The real server: it keeps connections, finishes what it began, spools nothing to the disk and survives slow
readers."""

import http.client
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from tests.support.process import preau, serving

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "config.toml"
    done = preau("--config", path, "init", "--non-interactive")
    assert done.returncode == 0, done.stderr
    return path


def test_a_new_installation_has_config_keys_and_database_beside_the_file(config):
    assert {"config.toml", "preau.db", "keys", "blobs"} <= {entry.name for entry in config.parent.iterdir()}
    assert (config.parent / "keys/kek").stat().st_mode & 0o777 == 0o400


def test_init_again_keeps_everything(config):
    before = (config.parent / "keys/kek").read_bytes(), config.read_bytes()
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    assert ((config.parent / "keys/kek").read_bytes(), config.read_bytes()) == before


def ask(port, path="/healthz"):
    """The status of one GET on a connection of its own, with the time that it took."""
    begun = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            answer.read()
            return answer.status, time.monotonic() - begun


def test_an_answer_without_body_keeps_the_connection(config):
    with serving(config) as server, closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.request("GET", "/static/css/tokens.css")
        with connection.getresponse() as first:
            first.read()
        held = connection.sock
        connection.request("GET", "/static/css/tokens.css", headers={"If-None-Match": first.headers["ETag"]})
        with connection.getresponse() as second:
            second.read()
        assert second.status == 304 and connection.sock is held and held is not None
        connection.request("GET", "/healthz")
        with connection.getresponse() as third:
            assert third.status == 200


@pytest.mark.parametrize(
    "sent", (b"\x16\x03\x01\r\n\r\n", b"get / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n")
)
def test_what_is_no_request_is_answered_and_leaves_no_word_of_who_sent_it(config, sent):
    with serving(config) as server, socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(sent)
        assert connection.recv(100).startswith(b"HTTP/1.0 4")
    log = (config.parent / "server.log").read_text()
    assert "uncaptured" not in log and "connected 127" not in log


SLOW_HEALTH = """
import pathlib, time
from appliance.storage import migrate
asked = migrate.schema_version
def take_time():
    pathlib.Path({begun!r}).touch()
    time.sleep(1)
    return asked()
migrate.schema_version = take_time
"""


def test_a_polite_stop_finishes_the_request_in_flight(config, tmp_path):
    begun = tmp_path / "begun"
    with (
        serving(config, before=SLOW_HEALTH.format(begun=str(begun))) as server,
        socket.create_connection(("127.0.0.1", server.port)) as connection,
    ):
        begun.unlink(missing_ok=True)  # the start asks too
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.wait_for(begun.exists)
        server.process.send_signal(signal.SIGTERM)
        assert b"200 OK" in connection.recv(65536)
        assert server.process.wait(30) == 0


def test_readers_that_stall_block_nobody(config):
    with serving(config) as server, ExitStack() as stack:
        for _ in range(50):
            reader = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            reader.sendall(b"GET /static/fonts/atkinson-regular.woff2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status, seconds = ask(server.port)
        assert status == 200 and seconds < 2


def test_requests_that_arrive_byte_by_byte_block_nobody(config):
    with serving(config) as server, ExitStack() as stack:
        for _ in range(50):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            slow.sendall(b"POST /connexion HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: ask(server.port), range(4)))
        assert [status for status, _ in answers] == [200] * 4


def test_an_older_schema_is_refused_with_the_remedy(config, tmp_path):
    import sqlite3

    copy = tmp_path / "config.toml"
    for name in ("config.toml", "keys/kek"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((config.parent / name).read_bytes())
    (tmp_path / "keys/kek").chmod(0o400)
    sqlite3.connect(tmp_path / "preau.db").close()
    done = preau("--config", copy, "serve", "--port", "0")
    assert done.returncode == 1 and "preau migrate" in done.stderr


def test_a_wrong_setting_stops_the_start_with_its_line(config, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[server]\nthread = 4\n")
    done = preau("--config", path, "serve")
    assert done.returncode == 1 and "line 2: server.thread is not a setting" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_another_program_holds_is_told_with_the_way_on(config):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = preau("--config", config, "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1 and "--port 9000" in done.stderr and "Traceback" not in done.stderr


def test_help_teaches_the_first_evening():
    done = preau("--help")
    assert done.returncode == 0
    for command in ("init", "serve", "migrate", "demo", "import", "account", "class", "check"):
        assert command in done.stdout


@pytest.mark.parametrize("header", ("X-Forwarded-For", "Forwarded"))
def test_a_proxy_that_nobody_declared_opens_no_metrics_and_is_told_in_the_log(config, header):
    with serving(config) as server:
        for headers, expected in (({}, 200), ({header: "for=127.0.0.1"}, 404)):
            with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)) as connection:
                connection.request("GET", "/metrics", headers=headers)
                with connection.getresponse() as answer:
                    assert answer.status == expected
    assert "server.trusted_proxy is empty" in (config.parent / "server.log").read_text()


def test_check_says_that_a_proxy_must_be_declared_and_how(config, tmp_path):
    behind = tmp_path / "config.toml"
    text = config.read_text()
    assert 'public_url = "http://' in text
    for entry in config.parent.iterdir():
        if entry.name not in ("config.toml", "server.log"):
            (tmp_path / entry.name).symlink_to(entry)
    behind.write_text(re.sub(r'public_url = "[^"]*"', 'public_url = "https://ecole.example"', text))
    said = preau("--config", behind, "check").stdout
    assert "warning: a proxy stands in front" in said and "trusted_proxy" in said
    behind.write_text(re.sub(r'trusted_proxy = "[^"]*"', 'trusted_proxy = "127.0.0.1"', behind.read_text()))
    assert "a proxy stands in front" not in preau("--config", behind, "check").stdout
