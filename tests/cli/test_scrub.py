"""`preau scrub`: the weekly comparison in one go, without any key, beside the service's own turns and never twice."""

import fcntl
import json
import os
import threading

import pytest

from appliance import cli
from appliance.services.media import scrub
from appliance.services.media.models import Rendition
from tests.support import compared, process


@pytest.fixture
def media(world, monkeypatch):
    """A photo and a document of a post, four files in all; the comparison runs at full speed."""
    return compared.publish(world, monkeypatch)


@pytest.fixture
def preau(world, monkeypatch, capsys):
    """Runs a command on the world's database; gives its exit code, what it printed and what it complained of."""
    monkeypatch.setattr("appliance.app.open_files", lambda config: world.blobs)
    monkeypatch.setattr("appliance.cli.service.load", lambda options: None)
    monkeypatch.setattr("appliance.cli.service.set_up_logs", lambda: None)

    def run(*arguments):
        code = cli.main(["scrub", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def _path(world, number=0):
    return world.blobs.path_of(Rendition.select().order_by(Rendition.id)[number].blob_id)


def test_a_run_reads_what_will_be_due_before_the_next_one_and_nothing_twice(media, preau, clock):
    clock.advance(days=5)
    assert preau()[1].startswith("0 of 4 files read again, 0 damaged or missing")
    clock.advance(days=2)
    code, out, err = preau()
    assert code == 0 and out.startswith("4 of 4") and "files: 4/4 (100 %)" in err
    clock.advance(seconds=1)
    assert preau()[1].startswith("0 of 4") and preau("--all")[1].startswith("4 of 4")


def test_the_service_reads_nothing_while_the_timer_comes_in_time(media, preau, clock):
    """The timer's hour moves by three hours at most; what it read is not read by the service, week after week."""
    clock.advance(days=7)
    for late in (0, 3, -3, 1):
        assert json.loads(preau("--json")[1])["read"] == 4
        clock.advance(days=7, hours=late)
        assert scrub.run() == 0


def test_without_a_timer_the_service_does_it_half_a_day_later(media, preau, clock):
    clock.advance(days=7, hours=11)
    assert scrub.run() == 0
    clock.advance(hours=2)
    assert scrub.run() == 4
    assert preau()[1].startswith("0 of 4")


def test_a_run_that_was_cut_goes_on_where_it_was(media, preau, clock, monkeypatch):
    clock.advance(days=7)
    slowly, listed, seen = scrub._read_slowly, scrub.list_due, []

    def cut(path):
        seen.append(path)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return slowly(path)

    with monkeypatch.context() as patch:
        patch.setattr(scrub, "_read_slowly", cut)
        patch.setattr(scrub, "list_due", lambda **values: listed(1, **values))  # what was read is kept at each batch
        assert preau()[0] == 130
    assert preau()[1].startswith("2 of 4")


def test_a_damaged_file_is_named_until_it_is_whole_again(world, media, preau, clock):
    path = _path(world)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    clock.advance(days=7)
    code, out, _err = preau()
    assert code == 1 and f"problem: the file {path.name} is damaged or missing: preau restore --media-only" in out
    told = json.loads(preau("--json")[1])
    assert (told["read"], told["files"], told["damaged"], told["names"]) == (0, 4, 1, [path.name])
    path.write_bytes(content)
    clock.advance(seconds=1)
    assert preau("--all")[0] == 0


def test_one_at_a_time(world, media, clock):
    """While a run reads, the service's turn reads nothing; a second run waits for the first."""
    clock.advance(days=8)
    lock = os.open(world.blobs.root, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert scrub.run() == 0
    done = threading.Event()

    def second():
        with scrub._alone(wait=True):
            done.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not done.wait(0.2)
    os.close(lock)
    thread.join(10)
    assert done.is_set() and scrub.run() == 4


@pytest.mark.server
def test_it_runs_where_there_is_no_key(tmp_path):
    config = tmp_path / "config.toml"
    assert process.preau("--config", config, "init", "--non-interactive").returncode == 0
    (tmp_path / "keys" / "kek").unlink()
    done = process.preau("--config", config, "scrub")
    assert done.returncode == 0 and "0 of 0 files read again" in done.stdout, done.stderr
