"""Uploads through the real server: networks that drop, kills, a full disk; each ends in a file that is whole, once,
and never in clear bytes on a disk."""

import io
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.support import installation
from tests.support.served import CANARY, DYING, School, clear_bytes, digest, film, memory
from tests.support.tus import PIECE, pairs

pytestmark = [pytest.mark.server, pytest.mark.slow]


def test_the_search_for_clear_bytes_finds_them(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/file").write_bytes(bytes((8 << 20) - 7) + CANARY + bytes(99))
    assert clear_bytes(tmp_path) == [str(tmp_path / "deep/file")]


@pytest.fixture
def school(tmp_path):
    return School(tmp_path)


def require_whole(school: School, length: int) -> None:
    """One media, whole, waiting for its processing; the files are those of the rows but for what a kill left."""
    found = school.facts()
    (media,) = found["media"].values()
    assert (media["state"], media["size"], media["sha256"]) == ("waiting", length, digest(length))
    assert found["problems"] == [] and school.clear_bytes() == []


def test_a_film_arrives_through_a_cut_connection(school):
    length = 3 * PIECE + 12_345
    with school.serving():
        url = school.client.create(length)
        assert school.client.patch(url, 0, film(0, PIECE))[0] == 204
        school.client.cut(url, PIECE, film(PIECE, PIECE), 1_000_000)
        assert school.client.offset(url) == PIECE and school.clear_bytes() == []
        school.client.send(url, film, length)
        assert school.client.offset(url) == length
    require_whole(school, length)


@pytest.mark.parametrize("when", ["between file and row", "between commit and answer"])
def test_a_film_arrives_through_a_killed_server(school, tmp_path, when):
    length, mark = 2 * PIECE + 777, tmp_path / "die"
    with school.serving(before=DYING, DIE=str(mark), DIE_WHEN=when) as server:
        url = school.client.create(length)
        assert school.client.patch(url, 0, film(0, PIECE))[0] == 204
        mark.touch()
        with pytest.raises(OSError):
            school.client.patch(url, PIECE, film(PIECE, PIECE))
        assert server.process.wait(20) == -9
    assert school.clear_bytes() == []
    with school.serving():
        there = school.client.offset(url)
        assert there == (PIECE if when == "between file and row" else 2 * PIECE)
        school.client.send(url, film, length)
    require_whole(school, length)
    orphans = school.facts()["files"] - 3
    assert orphans == (when == "between file and row")


def test_a_film_arrives_through_a_server_killed_while_a_piece_arrives(school):
    length = 2 * PIECE
    with school.serving() as server:
        url = school.client.create(length)
        school.client.patch(url, 0, film(0, PIECE))
        school.client.cut(url, PIECE, film(PIECE, PIECE), 3_000_000)
        server.kill()
    assert school.clear_bytes() == []
    with school.serving():
        assert school.client.offset(url) == PIECE
        school.client.send(url, film, length)
    require_whole(school, length)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 40 MB; only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("by design: only root may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_nothing_is_lost_when_room_returns(tmp_path, small_disk):
    school = School(tmp_path, str(small_disk / "blobs"))
    length = 4 * PIECE
    with school.serving():
        metadata = pairs(classroom=school.client.classroom)
        status, _headers, body = school.client.ask(
            "POST", "/televersements", Upload_Length=str(60 << 20), Upload_Metadata=metadata
        )
        assert status == 507 and "place" in body.decode()
        url = school.client.create(length)
        assert school.client.patch(url, 0, film(0, PIECE))[0] == 204
        with (small_disk / "other").open("wb") as other, pytest.raises(OSError):
            for _ in range(100):
                other.write(bytes(1 << 20))
                other.flush()
        status, headers, body = school.client.patch(url, PIECE, film(PIECE, PIECE))
        assert status == 507 and headers["Retry-After"] and "place" in body.decode()
        assert school.client.offset(url) == PIECE
        (small_disk / "other").unlink()
        school.client.send(url, film, length)
    require_whole(school, length)
    assert school.facts()["files"] == 4


def test_a_piece_beyond_the_limit_is_refused_in_words_and_never_spooled(school):
    with school.serving():
        url = school.client.create(16 << 20)
        status, _headers, body = school.client.patch(url, 0, film(0, PIECE + 1))
        assert status == 413 and "Mio au plus" in body.decode()
        try:
            status, _headers, body = school.client.ask("PATCH", url, film(0, 12 << 20), Upload_Offset="0")
            assert status == 413 and "Mio au plus" in body.decode()
        except OSError:
            pass  # refused before it was read: the connection may end before the answer is taken
        assert school.client.offset(url) == 0 and school.clear_bytes() == []


def test_a_usual_tus_client_uploads_and_resumes(school, needs):
    needs("tusclient")
    from tusclient.client import TusClient

    length = 9 << 20
    file = io.BytesIO(film(0, length))
    with school.serving() as server:
        headers = {"Cookie": f"preau={school.client.token}"}
        client = TusClient(f"{server.url}/televersements", headers=headers)
        metadata = {"filename": "film.mp4", "classroom": school.client.classroom}
        options = {"chunk_size": PIECE, "metadata": metadata, "upload_checksum": True}
        first = client.uploader(file_stream=file, **options)
        first.upload_chunk()
        assert school.client.offset(first.url.replace(server.url, "")) == PIECE
        again = client.uploader(file_stream=file, url=first.url, **options)
        assert again.offset == PIECE
        again.upload()
    require_whole(school, length)


def test_a_big_film_arrives_through_two_cuts_and_a_kill_and_is_sought_in(school, tmp_path):
    """The size in MB is PREAU_BIG_UPLOAD_MB; with PREAU_BIG_UPLOAD_RECORD the figures go into that file."""
    length = (int(os.environ.get("PREAU_BIG_UPLOAD_MB", "64")) << 20) + 4321
    mark, figures = tmp_path / "die", {"bytes": length}
    begun = time.monotonic()
    with school.serving(before=DYING, DIE=str(mark), DIE_WHEN="between file and row") as server:
        url = school.client.create(length)
        for share in (0.25, 0.5):
            school.client.send(url, film, int(length * share))
            school.client.cut(url, school.client.offset(url), film(0, PIECE), 2_000_000)
        figures["memory before the kill"] = memory(server.process.pid)
        mark.touch()
        with pytest.raises(OSError):
            school.client.send(url, film, length)
        assert server.process.wait(20) == -9
    with school.serving() as server:
        figures["resumed at"] = school.client.offset(url)
        school.client.send(url, film, length)
        figures["seconds"] = round(time.monotonic() - begun, 1)
        figures["memory after it"] = memory(server.process.pid)
    require_whole(school, length)
    _seek(school, url.rsplit("/", 1)[1], length, figures)
    if record := os.environ.get("PREAU_BIG_UPLOAD_RECORD"):
        Path(record).write_text("\n".join(f"{name}: {value}" for name, value in figures.items()) + "\n")


def _seek(school: School, media: str, length: int, figures: dict) -> None:
    installation.ask("settle", school.config, media)
    with school.serving() as server:
        slowest = 0.0
        for share in (0, 0.9, 0.1, 0.5, 0.999):
            start, begun = int(length * share), time.monotonic()
            size = min(100_000, length - start)
            status, headers, body = school.client.ask(
                "GET", f"/medias/{media}/video", Range=f"bytes={start}-{start + size - 1}"
            )
            slowest = max(slowest, time.monotonic() - begun)
            assert (status, body) == (206, film(start, size))
            assert headers["Content-Range"] == f"bytes {start}-{start + size - 1}/{length}"
        figures["slowest of five seeks, ms"] = round(slowest * 1000, 1)
        figures["memory after the seeks"] = memory(server.process.pid)
    assert school.clear_bytes() == []
