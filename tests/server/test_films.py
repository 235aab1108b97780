"""A film of any size from a bad network to the families' screens, through the real server: two cuts, a server killed
while it receives, another one killed while it converts; never in clear bytes on a disk.

The size in MB is PREAU_FILM_MB. With PREAU_FILM_RECORD the figures go into that file, and a dead worker is missed after
a minute, as in real life; docs/develop/media-run.md has those of 2 GB.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.services.media.boxes import list_boxes
from tests.support import camera, films
from tests.support.peaks import Peaks, children_of, has_ended, spools_of
from tests.support.served import CANARY, DYING, School
from tests.support.tus import PIECE

pytestmark = [pytest.mark.server, pytest.mark.slow]

MEGABYTES = int(os.environ.get("PREAU_FILM_MB", "64"))
RECORD = os.environ.get("PREAU_FILM_RECORD", "")
SOON = """
from datetime import timedelta
from appliance.services import work
work.LEASE, work._BEAT_SECONDS = timedelta(seconds=6), 2
"""
BEFORE = DYING if RECORD else DYING + SOON
SHARES = (0.0, 0.9, 0.1, 0.5, 0.999)
PART = 100_000
PATIENCE = 3600 if RECORD else 300


@pytest.fixture
def school(tmp_path):
    """A school whose server prepares films, as an installed one does."""
    school = School(tmp_path)
    settings = school.config.read_text()
    assert "workers = 0" in settings
    school.config.write_text(settings.replace("workers = 0", "workers = 1"))
    return school


@pytest.fixture
def film(tmp_path_factory) -> Iterator[Path]:
    """The film that is sent, far from where clear bytes are searched."""
    path = camera.make(tmp_path_factory.mktemp("camera"), MEGABYTES << 20, CANARY)
    yield path
    path.unlink()


class Run:
    """One school, one film, and what was measured on the way."""

    def __init__(self, school: School, film: Path, peaks: Peaks):
        self.school, self.film, self.peaks = school, film, peaks
        self.length, self.url = film.stat().st_size, ""
        self.figures: dict[str, object] = {"film, bytes": self.length}
        self.die, self.killed = school.folder / "die", 0

    @property
    def media(self) -> str:
        """The id of the film."""
        return self.url.rsplit("/", 1)[1]

    @contextmanager
    def serving(self):
        """The server; it dies between the file of a piece and its row once `die` is there."""
        with self.school.serving(before=BEFORE, DIE=str(self.die), DIE_WHEN="between file and row") as server:
            self.peaks.watch(server.process.pid)
            yield server

    @contextmanager
    def timed(self, name: str):
        """Note how long something took."""
        begun = time.monotonic()
        yield
        self.figures[f"{name}, s"] = round(time.monotonic() - begun, 1)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the film."""
        with self.film.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def state(self) -> dict:
        """What the page is told of the film."""
        status, _headers, body = self.school.client.ask("GET", f"{self.url}/etat")
        assert status == 200, body
        return json.loads(body)

    def wait(self, until: Callable[[dict], bool]) -> dict:
        """Ask like the page does, until something is so."""
        end, found = time.monotonic() + PATIENCE, self.state()
        while not until(found):
            assert time.monotonic() < end and found["state"] == "waiting", found
            time.sleep(0.1)
            found = self.state()
        return found


def test_a_film_arrives_is_converted_and_is_watched_through_cuts_and_kills(school, film, tmp_path_factory):
    watched = tmp_path_factory.mktemp("watched") / "film.mp4"
    with Peaks() as peaks:
        run = Run(school, film, peaks)
        assert _boxes(film)[-1] == b"moov" and CANARY in run.read(run.length // 2, PIECE)
        with run.timed("received, with two cuts and a kill"):
            _send_up_to_a_kill(run)
        _finish_sending_and_kill_while_it_converts(run)
        _convert_and_watch(run, watched)
    _require_for_everybody(watched, run)
    found = school.facts()
    (media,) = found["media"].values()
    assert (media["state"], media["files"], found["problems"]) == ("ready", 3, [])  # film, poster, thumb
    assert found["files"] == 3 + 1  # and the piece whose server was killed before its row
    assert school.clear_bytes() == [] and peaks.found["server"] < 256
    if RECORD:
        run.figures |= {f"peak of {name}, MB": size for name, size in sorted(peaks.found.items())}
        Path(RECORD).write_text("".join(f"{name}: {value}\n" for name, value in run.figures.items()))


def _boxes(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [box.kind for box in list_boxes(file)]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _send_up_to_a_kill(run: Run) -> None:
    client = run.school.client
    with run.serving() as server:
        run.url = client.create(run.length, "film.mov", sha256=_digest(run.film))
        for share in (0.25, 0.5):
            client.send(run.url, run.read, int(run.length * share))
            there = client.offset(run.url)
            client.cut(run.url, there, run.read(there, PIECE), PIECE // 2)
        run.die.touch()
        with pytest.raises(OSError):
            client.send(run.url, run.read, run.length)
        assert server.process.wait(20) == -9
    assert run.school.clear_bytes() == []
    with run.serving():
        assert client.offset(run.url) == there
        client.send(run.url, run.read, int(run.length * 0.75))


def _finish_sending_and_kill_while_it_converts(run: Run) -> None:
    client = run.school.client
    with run.serving() as server:
        with run.timed("the last quarter"):
            client.send(run.url, run.read, run.length)
        with run.timed("converted up to the kill"):
            run.figures["killed at, %"] = run.wait(lambda found: found["progress"] >= 40)["progress"]
        run.killed = server.process.pid
        programs = children_of(run.killed)
        assert programs and [made for each in spools_of(run.killed) for made in each.rglob("film.mp4")]
        server.kill()
    assert all(map(has_ended, programs)) and run.school.clear_bytes() == []


def _convert_and_watch(run: Run, watched: Path) -> None:
    client = run.school.client
    with run.serving():
        assert spools_of(run.killed) == []  # what the kill left in memory
        with run.timed("missed and begun again"):
            run.wait(lambda found: found["progress"] < run.figures["killed at, %"])
        with run.timed("converted"):
            run.wait(lambda found: found["state"] == "ready")
        assert run.school.clear_bytes() == []
        address = f"/medias/{run.media}/video"
        status, headers, whole = client.ask("GET", address)
        assert status == 200 and headers["Content-Type"] == "video/mp4"
        run.figures["rendition, bytes"] = len(whole)
        slowest = 0.0
        for share in SHARES:
            start, begun = int(len(whole) * share), time.monotonic()
            end = min(start + PART, len(whole)) - 1
            status, sent, body = client.ask("GET", address, Range=f"bytes={start}-{end}", If_Range=headers["ETag"])
            slowest = max(slowest, time.monotonic() - begun)
            assert (status, sent["Content-Range"]) == (206, f"bytes {start}-{end}/{len(whole)}")
            assert body == whole[start : end + 1]
        run.figures["slowest of five seeks, ms"] = round(slowest * 1000, 1)
    watched.write_bytes(whole)


def _require_for_everybody(watched: Path, run: Run) -> None:
    """The film plays from its first bytes on, lasts as long as it did, and tells nothing of the camera."""
    boxes = _boxes(watched)
    assert boxes.index(b"moov") < boxes.index(b"mdat")
    found, sent = films.inspect(watched, PATIENCE), camera.length_of(run.film)
    assert (found["video"]["codec_name"], found["audio"]["codec_name"], found["kinds"]) == (
        "h264", "aac", ["audio", "video"],
    )  # fmt: skip
    assert (found["video"]["width"], found["video"]["height"]) == (camera.WIDTH, camera.HEIGHT)
    lasts = float(found["format"]["duration"])
    assert abs(lasts - sent) < 0.5
    run.figures |= {"film, s": round(sent, 2), "rendition, s": round(lasts, 2)}
    written = watched.read_bytes()
    assert CANARY not in written and films.PLACE.encode() not in written and not found["chapters"]
    told = {name for each in (found["format"], *found["streams"]) for name in each.get("tags", {})}
    ours = {"major_brand", "minor_version", "compatible_brands", "language", "handler_name", "vendor_id", "encoder"}
    assert told <= ours and found["video"]["tags"]["encoder"] == "Lavc libx264"
