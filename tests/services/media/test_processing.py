"""What was sent becomes what is shown, once, whatever stops the worker; what can't be is refused in words."""

import ast
import contextlib
import io
import os
import time
from pathlib import Path
from types import SimpleNamespace

import peewee
import pytest

from appliance.services import work
from appliance.services.media import antivirus, documents, ffmpeg, files, processing, programs, store, video
from appliance.services.media.models import Media, Rendition
from appliance.services.media.refusals import FileRefused
from appliance.storage import database
from tests.support import arriving, films, worker
from tests.support.arriving import begin
from tests.support.files import jpeg


@pytest.fixture
def send(world, needs):
    """`send(bytes, name)` leaves a media of the teacher's class that waits."""
    needs("ffmpeg")
    actor = world.actor("teacher")
    access = next(iter(actor.classes))

    def send(data: bytes, name: str) -> Media:
        return store.accept(actor, access, [SimpleNamespace(filename=name, stream=io.BytesIO(data))])[0]

    return send


def again(media: Media) -> Media:
    """The row as it is now."""
    return Media.get_by_id(media.id)


def blobs_of(world) -> set[str]:
    """The names of all files on the disk."""
    return {path.name for path in world.blobs.list_files()}


def rows() -> set[str]:
    """The names of all files that rows mention."""
    return {row.blob_id for row in Rendition.select(Rendition.blob_id)}


def test_a_film_waits_then_is_ready_with_its_renditions(send, world, tmp_path):
    media = send(films.of_a_phone(tmp_path), "IMG_0001.MOV")
    assert media.state == "waiting" and work.find_progress("media", media.public_id) == 0
    assert work.run_due() == 1
    media = again(media)
    assert (media.state, media.family, media.kind) == ("ready", "video", "mp4") and 900 < media.duration_ms < 1100
    assert sorted(each.name for each in media.renditions) == ["poster", "thumb", "video"]
    assert blobs_of(world) == rows() and media.bytes == sum(each.stored_size for each in media.renditions)
    with files.open_rendition(files.get_rendition(media.public_id, "video")) as film:
        clear = film.read()
    assert clear[4:8] == b"ftyp" and films.CANARY.encode() not in clear


def test_a_recording_waits_then_is_ready(send, world, tmp_path):
    media = send(films.make(tmp_path, "a.mp3", "-c:a", "libmp3lame", picture=False), "dictée.mp3")
    work.run_due()
    media = again(media)
    assert (media.state, media.family) == ("ready", "audio")
    assert [each.name for each in media.renditions] == ["audio"]


def test_a_film_that_cannot_be_read_is_refused_with_a_code_and_leaves_no_file(send, world, tmp_path):
    film = films.make(tmp_path, "a.mp4", *films.H264)
    at = film.index(b"stsd")
    media = send(film[:at] + b"\xff" * 90 + film[at + 90 :], "film.mp4")
    work.run_due()
    media = again(media)
    assert (media.state, media.reason, media.bytes) == ("refused", "unreadable", 0)
    assert blobs_of(world) == rows() == set() and "lu" in processing.describe(media.reason)


def test_a_film_deleted_while_it_is_prepared_leaves_nothing(send, world, tmp_path, monkeypatch):
    media = send(films.make(tmp_path, "a.mp4", *films.H264), "film.mp4")
    draw = ffmpeg.Recording.draw

    def delete_then_draw(recording, *arguments):
        store.delete(world.actor("teacher"), media.public_id)
        return draw(recording, *arguments)

    monkeypatch.setattr(ffmpeg.Recording, "draw", delete_then_draw)
    work.run_due()
    assert again(media).deleted_at and blobs_of(world) == set() and not work.Task.select().exists()


def test_a_worker_that_lost_its_lease_settles_nothing(send, world, tmp_path, monkeypatch):
    media = send(films.make(tmp_path, "a.mp4", *films.H264), "film.mp4")
    source, draw = rows(), ffmpeg.Recording.draw

    def lose_then_draw(recording, *arguments):
        work.Task.update(leased_by="another").execute()
        return draw(recording, *arguments)

    monkeypatch.setattr(ffmpeg.Recording, "draw", lose_then_draw)
    work.run_due()
    assert again(media).state == "waiting" and rows() == source == blobs_of(world)


def test_without_ffmpeg_films_are_refused_at_the_door_with_what_to_do(send, world, monkeypatch, tmp_path):
    film = films.make(tmp_path, "a.mp4", *films.H264)
    monkeypatch.setattr(programs, "_PATH", "/nowhere")
    with pytest.raises(FileRefused) as refused:
        send(film, "film.mp4")
    assert "administrateur" in str(refused.value.message) and not Media.select().exists()


def test_ffmpeg_removed_after_the_door_loses_nothing(send, world, monkeypatch, tmp_path, clock):
    media = send(films.make(tmp_path, "a.mp4", *films.H264), "film.mp4")
    with monkeypatch.context() as removed:
        removed.setattr(programs, "_PATH", "/nowhere")
        for _ in range(10):
            work.run_due()
            clock.advance(minutes=2)
        assert again(media).state == "waiting" and work.Task.get().error == "missing_program"
    work.run_due()
    assert again(media).state == "ready"


def test_what_fails_for_good_is_refused_and_told(send, world, monkeypatch, tmp_path, clock):
    media = send(films.make(tmp_path, "a.mp4", *films.H264), "film.mp4")
    monkeypatch.setattr(ffmpeg.Recording, "probe", lambda recording: 1 / 0)
    for _ in range(10):
        work.run_due()
        clock.advance(hours=1)
    assert (again(media).state, again(media).reason) == ("refused", "failed")
    assert "Renvoyez-le" in processing.describe("failed")


def test_every_code_of_a_refusal_has_its_words(root):
    codes = set()
    for path in (root / "appliance/services/media").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if (
                name in ("FileRefused", "refuse_kind", "refuse")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                codes.add(node.args[0].value)
    assert {"truncated", "unreadable", "too_long"} <= codes
    assert codes - {"files"} - set(processing.REASONS) == set()


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_a_film_is_relieved_and_no_clear_byte_touched_the_disk(
    send, world, tmp_path, _app_and_template, clock
):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/kek").write_bytes((_app_and_template[1] / "keys/kek").read_bytes())
    made = tmp_path / "made"
    made.mkdir()
    media = send(films.of_a_phone(made, size="960x540", fps=30, seconds=6), "film.mov")
    for path in made.iterdir():
        path.unlink()
    source = rows()
    with worker.start(world) as killed:
        while (work.find_progress("media", media.public_id) or 0) < 20:
            assert killed.poll() is None, killed.stderr.read()
            time.sleep(0.02)
        assert not find(tmp_path, films.CANARY.encode()) and not find(tmp_path, b"moov")
        killed.kill()
        killed.wait(30)
    assert again(media).state == "waiting" and rows() == source
    work.Task.update(leased_until=clock.now()).execute()
    assert work.run_due() == 1
    assert again(media).state == "ready" and sorted(each.name for each in again(media).renditions)[-1] == "video"
    assert not find(tmp_path, films.CANARY.encode()) and blobs_of(world) == rows()


def find(folder: Path, mark: bytes) -> list[Path]:
    """The files below a folder that hold these bytes."""
    holders = []
    for base, _folders, names in os.walk(folder):
        for name in names:
            try:
                if mark in (Path(base) / name).read_bytes():
                    holders.append(Path(base) / name)
            except FileNotFoundError:
                continue
    return holders


def test_files_stay_when_the_answer_to_their_commit_was_lost(world, monkeypatch):
    actor = world.actor("teacher")
    upload = begin(actor, next(iter(actor.classes)))
    arriving.send(actor, upload, arriving.TEXT)
    finish = work.Lease.finish

    @contextlib.contextmanager
    def lose_the_answer(lease):
        with finish(lease):
            yield
        lease.ended = False
        raise peewee.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(work.Lease, "finish", lose_the_answer)
    work.run_due()
    assert Media.get().state == "ready" and rows() == blobs_of(world) != set()


def test_a_link_that_a_program_left_in_the_place_of_the_film_is_not_followed(tmp_path):
    secret = tmp_path / "kek"
    secret.write_bytes(b"secret")
    (tmp_path / "film.mp4").symlink_to(secret)
    with pytest.raises(FileNotFoundError):
        list(video.read(tmp_path / "film.mp4", SimpleNamespace(progress=lambda: None)))


OUTCOMES = {
    "settled": lambda row, writer: store.settle(row, writer, family="video", kind="mp4"),
    "refused": lambda row, writer: store.refuse(row, "unreadable"),
    "quarantined": lambda row, writer: antivirus.quarantine(row, "Eicar"),
    "drawn": lambda row, writer: documents._attach(row, writer, 3),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_media_that_took_the_number_of_a_discarded_one_is_left_alone(world, outcome):
    """SQLite gives the row id of the last media to the next one; a film may be at work for minutes meanwhile."""
    actor = world.actor("teacher")
    access = next(iter(actor.classes))
    lost = begin(actor, access)
    arriving.send(actor, lost, arriving.TEXT)
    row = files.get_media(lost)
    writer = files.writer_for(row)
    store.discard([Media.get()])
    photo = store.accept(actor, access, [SimpleNamespace(filename="a.jpg", stream=io.BytesIO(jpeg(400, 300)))])[0]
    assert not database.is_sqlite() or photo.id == row.media_id
    writer.add("video", "video/mp4", [b"film"])
    OUTCOMES[outcome](row, writer)
    photo = again(photo)
    assert (photo.family, photo.state, photo.pages) == ("picture", "ready", None)
    assert sorted(each.name for each in photo.renditions) == ["large", "medium", "thumb"]
    assert rows() <= blobs_of(world)
    with files.open_rendition(files.get_rendition(photo.public_id, "large")) as file:
        assert file.read(2) == b"\xff\xd8"
