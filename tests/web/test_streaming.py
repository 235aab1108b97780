"""Films and sound to families: shown in place, sought in at the cost of what is seen, saved only where the plan says
so."""

import random

import pytest

from appliance.crypto.chunks import CHUNK, SEALED
from appliance.crypto.stream import HEADER_SIZE
from appliance.features.feed import actions
from appliance.features.feed.models import Attachment
from appliance.school import policy
from appliance.services import plans
from appliance.services.media import files, store, uploads
from appliance.services.media.models import Media
from appliance.storage import database
from appliance.storage.blobs import BlobStore
from tests.support.files import jpeg, pdf, upload

FILM = random.Random(1).randbytes(3_000_017)
POSTER = jpeg(640, 360)


def add(world, family, *renditions, name="Sortie à la ferme.mov"):
    """A ready media of a published post of the class; gives its address."""
    teacher = world.actor("teacher")
    access = policy.get_access(teacher, world.cm1.public_id)
    made = uploads.begin(teacher, access, name, 10).public_id
    row = files.get_media(made)
    writer = files.writer_for(row)
    for rendition, mime, data in renditions:
        writer.add(rendition, mime, (data,))
    store.settle(row, writer, family=family)
    post = actions.publish(teacher, world.cm1.public_id, actions.Content(text="Une"))
    with database.transaction():
        Attachment.create(post=post, media=Media.get(Media.public_id == made).id, position=0)
    return f"/medias/{made}"


@pytest.fixture
def film(world):
    return add(world, "video", ("video", "video/mp4", FILM), ("poster", "image/jpeg", POSTER))


class Counting:
    """A file that remembers what was read of it."""

    reads: list[tuple[int, int]] = []

    def __init__(self, file):
        self.file = file

    def readinto(self, buffer):
        start = self.file.tell()
        got = self.file.readinto(buffer)
        self.reads.append((start, got))
        return got

    def read(self, size=-1):
        start = self.file.tell()
        data = self.file.read(size)
        self.reads.append((start, len(data)))
        return data

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.fixture
def reads(monkeypatch):
    Counting.reads = []
    usual = BlobStore.open
    monkeypatch.setattr(BlobStore, "open", lambda self, blob_id: Counting(usual(self, blob_id)))
    return Counting.reads


def test_a_film_is_shown_in_place_under_its_own_type(world, film):
    answer = world.sign_in("guardian1").get(f"{film}/video")
    assert answer.status_code == 200 and answer.data == FILM and answer.mimetype == "video/mp4"
    assert "Content-Disposition" not in answer.headers and answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"] and answer.headers["ETag"].startswith('"')


def test_a_poster_is_a_picture(world, film):
    answer = world.sign_in("guardian1").get(f"{film}/poster")
    assert answer.data == POSTER and answer.mimetype == "image/jpeg" and "Content-Disposition" not in answer.headers


def test_sound_is_shown_in_place(world):
    url = add(world, "audio", ("audio", "audio/mp4", FILM[:9000]))
    answer = world.sign_in("guardian1").get(f"{url}/audio", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.data, answer.mimetype) == (206, FILM[10:20], "audio/mp4")
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "application/pdf", "text/plain", "application/xml"])
def test_what_we_did_not_write_ourselves_is_never_opened_in_place(world, mime):
    url = add(world, "document", ("original", mime, b"<script>"), name="page.html")
    answer = world.sign_in("guardian1").get(f"{url}/original")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("start", [0, 1, CHUNK - 1, CHUNK, 1_500_000, len(FILM) - 1])
def test_a_seek_reads_the_header_and_two_chunks(world, film, reads, start):
    """The header, the last chunk, which proves the length, and the chunk that was asked for; whatever the size."""
    answer = world.sign_in("guardian1").get(f"{film}/video", headers={"Range": f"bytes={start}-{start}"})
    assert answer.status_code == 206 and answer.data == FILM[start : start + 1]
    chunks = {(at - HEADER_SIZE) // SEALED for at, size in reads if at >= HEADER_SIZE and size}
    assert chunks == {start // CHUNK, len(FILM) // CHUNK}
    assert sum(size for _at, size in reads) <= HEADER_SIZE + 2 * SEALED


def test_ranges_of_every_kind_are_exact(world, film):
    guardian, dice = world.sign_in("guardian1"), random.Random(2)
    for _ in range(20):
        start = dice.randrange(len(FILM))
        stop = dice.randrange(start, min(len(FILM), start + 200_000))
        answer = guardian.get(f"{film}/video", headers={"Range": f"bytes={start}-{stop}"})
        assert answer.status_code == 206 and answer.data == FILM[start : stop + 1]


def test_head_of_a_range_opens_no_file(world, film, reads):
    answer = world.sign_in("guardian1").head(f"{film}/video", headers={"Range": "bytes=5-9"})
    assert answer.status_code == 206 and answer.content_length == 5 and reads == []


def test_a_resumed_download_of_another_version_begins_anew(world, film):
    guardian = world.sign_in("guardian1")
    tag = guardian.head(f"{film}/video").headers["ETag"]
    kept = guardian.get(f"{film}/video", headers={"Range": "bytes=100-", "If-Range": tag})
    assert kept.status_code == 206 and kept.data == FILM[100:]
    for other in ('"other"', f"W/{tag}", "Mon, 15 Sep 2025 08:00:00 GMT"):
        again = guardian.get(f"{film}/video", headers={"Range": "bytes=100-", "If-Range": other})
        assert again.status_code == 200 and again.data == FILM


def test_what_is_not_ready_is_not_there(world):
    teacher = world.actor("teacher")
    made = uploads.begin(teacher, policy.get_access(teacher, world.cm1.public_id), "a.txt", 9000).public_id
    uploads.append(teacher, made, 0, b"Bonjour. " * 1000)
    for rendition in ("part-00001", "original", "video"):
        assert world.sign_in("teacher").get(f"/medias/{made}/{rendition}").status_code == 404


@pytest.mark.parametrize("who", ["contact", "withdrawn", "zoe1", "stranger", "teacher2", "dpo"])
def test_a_film_does_not_exist_for_those_who_may_not_see_it(world, film, who):
    for query in ("", "?telecharger=1"):
        assert world.sign_in(who).get(f"{film}/video{query}").status_code == 404


def test_the_team_saves_a_film_under_its_name(world, film):
    answer = world.sign_in("teacher").get(f"{film}/video?telecharger=1")
    name = answer.headers["Content-Disposition"]
    assert answer.data == FILM and name.startswith("attachment;") and name.endswith("Sortie%20%C3%A0%20la%20ferme.mp4")


def test_a_guardian_saves_a_film_only_where_the_plan_says_so(world, film):
    guardian = world.sign_in("guardian1")
    assert guardian.get(f"{film}/video?telecharger=1").status_code == 403
    assert guardian.get(f"{film}/video").status_code == 200
    plans.choose_for_classroom(world.actor("principal"), world.cm1, "", family_comfort=True)
    saved = guardian.get(f"{film}/video?telecharger=1")
    assert saved.status_code == 200 and saved.headers["Content-Disposition"].startswith("attachment;")


def test_a_document_is_saved_by_every_family_that_sees_it(world):
    actions.publish(
        world.actor("teacher"), world.cm1.public_id, actions.Content(text="Menu"), files=[upload(pdf(9000), "a.pdf")]
    )
    url = f"/medias/{Media.get().public_id}/original"
    for query in ("", "?telecharger=1"):
        assert world.sign_in("guardian1").get(url + query).status_code == 200
