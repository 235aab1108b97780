"""Media to browsers: only to those who may see them, now; ranges exact; nothing unauthenticated; nothing in clear on
disk."""

import hashlib
import json

import pytest

from appliance.crypto.errors import Tampered
from appliance.features.feed import actions
from appliance.school.models import Classroom, Guardianship
from appliance.services import audit, background
from appliance.services.media import care, store
from appliance.services.media.models import Media, Rendition
from appliance.services.people import children
from appliance.storage import database
from appliance.web import caching
from tests.support.files import jpeg, pdf, upload


@pytest.fixture
def document(world):
    data = pdf(60_000)
    actions.publish(
        world.actor("teacher"),
        world.cm1.public_id,
        actions.Content(text="Le menu"),
        files=[upload(data, "menu été.pdf")],
    )
    return data, f"/medias/{Media.get().public_id}/original"


@pytest.fixture
def photo(world):
    actions.publish(
        world.actor("teacher"),
        world.cm1.public_id,
        actions.Content(text="La ferme"),
        files=[upload(jpeg(2400, 1800), "a.jpg")],
    )
    return f"/medias/{Media.get().public_id}"


def test_a_document_comes_back_byte_for_byte_under_its_name(world, document):
    data, url = document
    answer = world.sign_in("guardian1").get(url)
    assert answer.status_code == 200 and answer.data == data
    assert "menu%20%C3%A9t%C3%A9.pdf" in answer.headers["Content-Disposition"]
    assert (
        answer.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer.headers["Content-Security-Policy"]
    )


def test_three_renditions_of_a_photo_are_served(world, photo):
    guardian = world.sign_in("guardian2")
    sizes = [len(guardian.get(f"{photo}/{name}").data) for name in ("large", "medium", "thumb")]
    assert sizes == sorted(sizes, reverse=True) and guardian.get(f"{photo}/large").mimetype == "image/jpeg"
    assert guardian.get(f"{photo}/original").status_code == 404


@pytest.mark.parametrize("who", ["contact", "withdrawn", "stranger", "zoe1", "teacher2", "admin", "dpo"])
def test_a_media_does_not_exist_for_those_who_may_not_see_it(world, document, who):
    browser = world.sign_in(who)
    refused, absent = browser.get(document[1]), browser.get("/medias/aaaaaaaaaaaaaaaa/original")
    assert refused.status_code == absent.status_code == 404 and refused.data == absent.data


def test_nobody_signed_out_gets_a_media(world, document):
    assert world.visitor().get(document[1]).status_code == 303


def test_a_session_under_another_cookie_s_name_is_none(world, document):
    token, anyone = world.sign_in("guardian1").token, world.app.test_client(use_cookies=False)
    assert anyone.get(document[1], headers={"Cookie": f"preau={token}"}).status_code == 200
    assert anyone.get(document[1], headers={"Cookie": f"other={token}"}).status_code == 303


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=16380-16390", 16380, 16390),
        ("bytes=-7", -7, None),
        ("bytes=50000-", 50000, None),
    ],
)
def test_a_range_is_exact(world, document, asked, first, last):
    data, url = document
    answer = world.sign_in("guardian1").get(url, headers={"Range": asked})
    expected = data[first:] if last is None else data[first : last + 1]
    assert answer.status_code == 206 and answer.data == expected
    start = first if first >= 0 else len(data) + first
    assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{len(data)}"


def test_a_range_beyond_the_end_is_refused_with_the_size(world, document):
    data, url = document
    answer = world.sign_in("guardian1").get(url, headers={"Range": f"bytes={len(data)}-"})
    assert answer.status_code == 416 and answer.headers["Content-Range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=abc", "bytes=5-2", "bytes=-"])
def test_what_is_no_single_range_gives_the_whole_file(world, document, asked):
    answer = world.sign_in("guardian1").get(document[1], headers={"Range": asked})
    assert answer.status_code == 200 and answer.data == document[0]


def test_a_range_of_another_version_gives_the_whole_file(world, document):
    answer = world.sign_in("guardian1").get(document[1], headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert answer.status_code == 200
    again = world.sign_in("guardian1").get(
        document[1], headers={"Range": "bytes=0-9", "If-Range": answer.headers["ETag"]}
    )
    assert again.status_code == 206


def test_head_gives_the_size_without_a_body(world, document):
    answer = world.sign_in("guardian1").head(document[1])
    assert answer.status_code == 200 and answer.content_length == len(document[0]) and answer.data == b""


def test_the_quick_way_and_the_route_give_the_same_answer(world, document):
    guardian = world.sign_in("guardian1")
    quick = guardian.get(document[1], headers={"Range": "bytes=5-9"})
    outer = world.app.wsgi_app
    front, outer.below = outer.below, outer.below.below
    try:
        plain = guardian.get(document[1], headers={"Range": "bytes=5-9"})
    finally:
        outer.below = front
    assert (quick.status_code, quick.data, dict(quick.headers)) == (plain.status_code, plain.data, dict(plain.headers))


def test_an_unchanged_media_is_304_and_withdrawn_authority_ends_even_that(world, document):
    guardian = world.sign_in("guardian1")
    tag = guardian.get(document[1]).headers["ETag"]
    assert guardian.get(document[1], headers={"If-None-Match": tag}).status_code == 304
    link = Guardianship.get(Guardianship.guardian == world.account("guardian1").guardians.get())
    children.set_authority(world.actor("teacher"), link, "withdrawn", document_reference="Jugement 1")
    assert guardian.get(document[1], headers={"If-None-Match": tag}).status_code == 404


@pytest.mark.parametrize("place", [0, 30, 56, 5000, -1])
def test_a_changed_byte_on_disk_is_never_served(world, document, place):
    path = world.blobs.path_of(Rendition.get().blob_id)
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)
    try:
        status = world.sign_in("guardian1").get(document[1]).status_code
    except Tampered:  # noticed in the middle: the connection is cut, what was sent before is authentic
        status = 500
    background.drain()
    database.connect()  # an answer that was cut took the connection with it
    events = [json.loads(entry.entry)["event"] for entry in audit.AuditEntry.select()]
    assert status == 500 and events.count("media_tampered") == 1


def test_a_truncated_or_missing_file_is_said_and_found_by_the_check(world, document):
    path = world.blobs.path_of(Rendition.get().blob_id)
    path.write_bytes(path.read_bytes()[:-20])
    assert world.sign_in("guardian1").get(document[1]).status_code == 500
    assert len(care.check(world.blobs)) == 1
    path.unlink()
    assert world.sign_in("guardian1").get(document[1]).status_code == 500
    assert "missing" in care.check(world.blobs)[0]


def test_what_cannot_be_read_is_said_in_words_whatever_way_it_came(world, photo):
    world.app.testing = False
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    caching.store.clear()
    for row in Rendition.select():
        path = world.blobs.path_of(row.blob_id)
        if row.name == "medium":  # the middle of a picture, which is read whole before it is sent
            raw = bytearray(path.read_bytes())
            raw[len(raw) // 2] ^= 1
            path.write_bytes(raw)
        elif row.name == "large":
            path.unlink()
            path.mkdir()
    for name, event in (("medium", "media_tampered"), ("large", "media_unreadable")):
        answer = world.sign_in("guardian1").get(f"{photo}/{name}")
        assert answer.status_code == 500 and "abîmé" in answer.text
        background.drain()
        database.connect()
        assert event in [json.loads(entry.entry)["event"] for entry in audit.AuditEntry.select()]


def test_the_keys_of_two_classes_exchanged_in_the_database_open_nothing_and_raise_the_alarm(world, photo, document):
    browser, one, other = world.sign_in("guardian1"), world.cm1, world.ce1
    caching.store.clear()
    for room, key in ((one, other.wrapped_key), (other, one.wrapped_key)):
        Classroom.update(wrapped_key=key).where(Classroom.id == room.id).execute()
    for media in Media.select():
        answer = browser.get(f"/medias/{media.public_id}/{'medium' if media.family == 'picture' else 'original'}")
        assert answer.status_code == 500 and "abîmé" in answer.text
    background.drain()
    database.connect()
    events = [json.loads(entry.entry)["event"] for entry in audit.AuditEntry.select()]
    assert events.count("media_tampered") == 2


def test_an_orphan_is_kept_a_day_then_listed_then_deleted(world):
    import os

    path = world.blobs.path_of("orphanorphan1234")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    assert care.check(world.blobs) == []
    os.utime(path, (1, 1))
    assert "orphanorphan1234" in care.check(world.blobs)[0]
    assert care.check(world.blobs, repair=True) == [] and not path.exists()


def test_the_digest_on_disk_is_checked_without_any_key(world, document):
    row = Rendition.get()
    assert hashlib.sha256(world.blobs.path_of(row.blob_id).read_bytes()).digest() == row.stored_sha256
    assert care.check(world.blobs, digests=True) == []


def test_deleting_a_media_destroys_its_key_then_its_files(world, document):
    media = Media.get()
    store.delete(world.actor("teacher"), media.public_id)
    media = Media.get()
    assert media.wrapped_key is None and media.name is None and world.blobs.list_files() == []
    assert audit.verify() == []


def test_no_clear_byte_or_name_is_on_the_disk(world, document):
    data, _url = document
    for path in world.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"xxxxxxxxxxxxxxxxxxxx" not in content and "menu été".encode() not in content, path
    assert b"xxxxxxxxxxxxxxxxxxxx" in data
