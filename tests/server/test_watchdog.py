"""systemd hears that the service lives as long as it answers, and nothing any more once it hangs."""

import os
import socket
import threading
from contextlib import closing

import pytest

from appliance.services import watchdog
from appliance.services.watchdog import Watchdog
from tests.support.process import preau, serving

PERIOD = 0.4


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """A socket that hears what systemd would."""
    path = str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as heard:
        heard.bind(path)
        heard.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield heard


def next_word(heard) -> str:
    return heard.recv(4096).decode()


def is_silent(heard, seconds: float) -> bool:
    """Whether no proof of life comes for so long; what was said before is heard first."""
    heard.settimeout(seconds)
    try:
        while True:
            if "WATCHDOG=1" in next_word(heard):
                return False
    except TimeoutError:
        return True


def test_it_is_said_twice_a_period_as_long_as_there_is_a_proof(systemd):
    dog = Watchdog(lambda done: done(), PERIOD)
    dog.start()
    assert [next_word(systemd) for _ in range(3)] == ["WATCHDOG=1"] * 3
    dog.stop()
    assert is_silent(systemd, PERIOD * 2)


def test_a_hang_stops_it_and_an_answer_brings_it_back(systemd):
    hangs = threading.Event()
    dog = Watchdog(lambda done: None if hangs.is_set() else done(), PERIOD, "Serves")
    dog.start()
    assert next_word(systemd) == "WATCHDOG=1"
    hangs.set()
    while (word := next_word(systemd)) == "WATCHDOG=1":
        pass
    assert word.startswith("STATUS=Does not answer") and is_silent(systemd, PERIOD * 3)
    hangs.clear()
    systemd.settimeout(20)
    assert next_word(systemd) == "WATCHDOG=1\nSTATUS=Serves"
    dog.stop()


def test_a_proof_that_fails_is_no_proof_and_ends_nothing(systemd):
    tried = threading.Semaphore(0)

    def prove(_done):
        tried.release()
        raise OSError

    dog = Watchdog(prove, PERIOD)
    dog.start()
    assert tried.acquire(timeout=10) and tried.acquire(timeout=10)
    dog.stop()
    assert next_word(systemd).startswith("STATUS=")


@pytest.mark.parametrize(
    ("given", "period"),
    [({}, 0.0), ({"WATCHDOG_USEC": "60000000"}, 60.0), ({"WATCHDOG_USEC": "x"}, 0.0),
     ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, 0.0),
     ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0)],
)  # fmt: skip
def test_only_the_process_that_is_watched_has_a_period(monkeypatch, given, period):
    for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert watchdog.read_period() == period


HANGING = """
import os, threading
from appliance.storage import database
_answer = database.answer
def answer():
    if os.path.exists(os.environ["HANG"]): threading.Event().wait()
    _answer()
database.answer = answer
"""


@pytest.mark.server
def test_the_real_server_says_what_it_does_and_is_silent_once_its_database_hangs(systemd, tmp_path):
    config = tmp_path / "school" / "config.toml"
    config.parent.mkdir()
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    hang = tmp_path / "hang"
    environment = {"NOTIFY_SOCKET": os.environ["NOTIFY_SOCKET"], "WATCHDOG_USEC": "1000000", "HANG": str(hang)}
    with serving(config, environment=environment, before=HANGING):
        assert next_word(systemd).startswith("READY=1\nSTATUS=Serves http")
        assert [next_word(systemd), next_word(systemd)] == ["WATCHDOG=1"] * 2
        hang.touch()
        while (word := next_word(systemd)) == "WATCHDOG=1":
            pass
        assert word.startswith("STATUS=Does not answer") and is_silent(systemd, 2)
    systemd.settimeout(20)


@pytest.mark.server
def test_a_stop_is_told(systemd, tmp_path):
    config = tmp_path / "school" / "config.toml"
    config.parent.mkdir()
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    with serving(config, environment={"NOTIFY_SOCKET": os.environ["NOTIFY_SOCKET"]}) as server:
        assert next_word(systemd).startswith("READY=1")
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert next_word(systemd).startswith("STOPPING=1\nSTATUS=")
