"""The tus protocol as clients speak it: core, creation, checksum, expiration, termination; never from another site."""

import base64
import hashlib
from email.utils import parsedate_to_datetime

import pytest

from appliance.school.models import Session
from appliance.services.media import files, foresight, store, uploads
from appliance.services.media.models import Media, Upload
from appliance.storage import database
from tests.support.files import jpeg, pdf
from tests.support.tus import checksum, pairs

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = "application/offset+octet-stream"
DATA = b"Bonjour a tous. " * 1000


@pytest.fixture
def teacher(world):
    return world.sign_in("teacher")


@pytest.fixture
def create(world, teacher):
    def begin(length=16_000, data=b"", name="menu.txt", browser=None, **headers):
        metadata = pairs(filename=name, classroom=world.cm1.public_id)
        fields = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata, **headers}
        options = {"data": data, "content_type": STREAM} if data else {}
        return (browser or teacher).post("/televersements", headers=fields, **options)

    return begin


def patch(browser, url, offset, data, **headers):
    fields = {**TUS, "Upload-Offset": str(offset), **headers}
    return browser.patch(url, headers=fields, data=data, content_type=STREAM)


def test_the_server_says_what_it_can_do(teacher):
    answer = teacher.options("/televersements")
    assert answer.status_code == 204 and answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert answer.headers["Tus-Max-Size"] == str(foresight.most_bytes())
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_a_file_is_created_sent_and_asked_about(teacher, create, clock):
    made = create()
    url = made.headers["Location"]
    assert made.status_code == 201 and made.headers["Tus-Resumable"] == "1.0.0" and url.startswith("/televersements/")
    ends = parsedate_to_datetime(made.headers["Upload-Expires"])
    assert (ends - clock.now()).total_seconds() == 24 * 3600
    first = patch(teacher, url, 0, DATA[:9000])
    assert first.status_code == 204 and first.headers["Upload-Offset"] == "9000" and first.headers["Upload-Expires"]
    told = teacher.head(url, headers=TUS)
    assert (told.status_code, told.headers["Upload-Offset"], told.headers["Upload-Length"]) == (200, "9000", "16000")
    assert told.headers["Cache-Control"] == "no-store"
    assert patch(teacher, url, 9000, DATA[9000:]).headers["Upload-Offset"] == "16000"
    assert Media.get().state == "waiting"


def test_who_never_heard_the_last_answer_learns_that_all_is_there(teacher, create):
    url = create().headers["Location"]
    patch(teacher, url, 0, DATA)
    told = teacher.head(url, headers=TUS)
    assert told.status_code == 200 and told.headers["Upload-Offset"] == told.headers["Upload-Length"]
    assert patch(teacher, url, len(DATA), b"").status_code == 204
    assert patch(teacher, url, 0, DATA).status_code == 409 and Media.select().count() == 1


def test_a_small_file_comes_with_its_creation(teacher, create):
    made = create(data=DATA)
    assert made.status_code == 201 and made.headers["Upload-Offset"] == str(len(DATA))
    with files.open_source(files.get_media(Media.get().public_id)) as source:
        assert source.read() == DATA


def test_a_creation_whose_first_bytes_are_refused_leaves_nothing(create, world):
    made = create(data=b"MZ" + bytes(len(DATA) - 2))
    assert made.status_code == 422 and "programmes" in made.text
    assert Upload.select().count() == 0 and world.blobs.list_files() == []


def test_a_first_piece_that_can_never_be_accepted_ends_the_upload(teacher, create):
    url = create(20_000).headers["Location"]
    answer = patch(teacher, url, 0, b"MZ" + bytes(5000))
    assert answer.status_code == 422 and "programmes" in answer.text
    assert teacher.head(url, headers=TUS).status_code == 404


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_damaged_piece_is_460_and_can_be_sent_again(teacher, create, algorithm):
    url = create().headers["Location"]
    answer = patch(teacher, url, 0, DATA, **{"Upload-Checksum": checksum(b"other", algorithm)})
    assert answer.status == "460 Checksum Mismatch"
    answer = patch(teacher, url, 0, DATA, **{"Upload-Checksum": checksum(DATA, algorithm)})
    assert answer.status_code == 204 and answer.headers["Upload-Offset"] == str(len(DATA))


@pytest.mark.parametrize("value", ["md5 AAAA", "sha1", "sha1 ???", "crc32 AAAA", ""])
def test_an_unknown_checksum_is_a_bad_request(teacher, create, value):
    url = create().headers["Location"]
    assert patch(teacher, url, 0, DATA, **{"Upload-Checksum": value}).status_code == 400


def test_an_upload_is_ended_by_its_sender(teacher, create, world):
    url = create().headers["Location"]
    patch(teacher, url, 0, DATA[:5000])
    assert teacher.delete(url, headers=TUS).status_code == 204
    assert teacher.head(url, headers=TUS).status_code == 404 and world.blobs.list_files() == []


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "DELETE"])
def test_clients_that_only_post_name_the_method(teacher, create, method):
    url = create().headers["Location"]
    fields = {**TUS, "X-HTTP-Method-Override": method, "Upload-Offset": "0"}
    answer = teacher.post(url, headers=fields, data=DATA, content_type=STREAM)
    assert answer.status_code == {"PATCH": 204, "HEAD": 200, "DELETE": 204}[method]
    assert Upload.select().count() == (0 if method == "DELETE" else 1)


@pytest.mark.parametrize("version", [None, "0.2.2", "2.0.0"])
def test_another_version_of_the_protocol_is_412(teacher, create, version):
    url = create().headers["Location"]
    fields = {} if version is None else {"Tus-Resumable": version}
    for answer in (
        teacher.head(url, headers=fields),
        teacher.patch(url, headers={**fields, "Upload-Offset": "0"}, data=DATA, content_type=STREAM),
        teacher.delete(url, headers=fields),
        teacher.post("/televersements", headers={**fields, "Upload-Length": "10"}),
    ):
        assert answer.status_code == 412 and answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://ailleurs.test"},
        {"Origin": "null"},
    ],
)
def test_another_site_sends_and_ends_nothing(teacher, create, headers):
    url = create().headers["Location"]
    assert create(**headers).status_code == 403
    assert patch(teacher, url, 0, DATA, **headers).status_code == 403
    assert teacher.delete(url, headers={**TUS, **headers}).status_code == 403
    assert Upload.select().count() == 1 and Upload.get().received == 0


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}],
)
def test_our_own_page_may(create, headers):
    assert create(**headers).status_code == 201


def test_a_form_of_another_page_cannot_speak_the_protocol(teacher, create):
    url = create().headers["Location"]
    answer = teacher.post(url, data={"x": "y"})
    assert answer.status_code == 412 and Upload.get().received == 0


@pytest.mark.parametrize("who", ["assistant", "principal", "teacher2"])
def test_for_anybody_else_an_upload_does_not_exist(world, teacher, create, who):
    url, other = create().headers["Location"], world.sign_in(who)
    invented = "/televersements/aaaaaaaaaaaaaaaa"
    for ask in (
        lambda url: other.head(url, headers=TUS),
        lambda url: patch(other, url, 0, DATA),
        lambda url: other.patch(url, headers=TUS, data=b"x"),
        lambda url: other.delete(url, headers=TUS),
        lambda url: other.get(f"{url}/etat"),
    ):
        answer, absent = ask(url), ask(invented)
        assert answer.status_code == absent.status_code == 404 and answer.data == absent.data


def test_whoever_is_signed_out_is_told_so_and_loses_nothing(teacher, create):
    url = create().headers["Location"]
    patch(teacher, url, 0, DATA[:5000])
    with database.transaction():
        Session.delete().execute()
    answer = patch(teacher, url, 5000, DATA[5000:])
    assert answer.status_code == 401 and "rien n’est perdu" in answer.text
    assert Upload.get().received == 5000


def test_nobody_sends_into_a_class_of_others(world, teacher):
    for place in (world.ce1.public_id, "aaaaaaaaaaaaaaaa", ""):
        fields = {**TUS, "Upload-Length": "10", "Upload-Metadata": pairs(classroom=place)}
        assert teacher.post("/televersements", headers=fields).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload-Length": "-1"},
        {"Upload-Length": "x"},
        {"Upload-Length": ""},
        {"Upload-Length": "²"},
        {"Upload-Length": "9" * 30},
        {"Upload-Defer-Length": "1"},
        {"Upload-Concat": "partial"},
        {"Upload-Metadata": "filename é"},
        {"Upload-Metadata": "filename /w=="},
        {"Upload-Metadata": pairs(sha256="zz")},
    ],
)
def test_what_is_no_creation_is_a_bad_request(create, headers):
    assert create(**headers).status_code == 400 and Upload.select().count() == 0


@pytest.mark.parametrize("offset", ["", "-1", "x", "9" * 30])
def test_what_is_no_offset_is_a_bad_request(teacher, create, offset):
    url = create().headers["Location"]
    assert patch(teacher, url, offset, DATA).status_code == 400


def test_a_piece_of_another_type_is_415(teacher, create):
    url = create().headers["Location"]
    answer = teacher.patch(url, headers={**TUS, "Upload-Offset": "0"}, data=DATA, content_type="text/plain")
    assert answer.status_code == 415 and Upload.get().received == 0


def test_too_long_is_said_in_plain_words(teacher, create):
    big = create(foresight.most_bytes() + 1)
    assert big.status_code == 413 and "trop lourd" in big.text and big.mimetype == "text/plain"
    url = create(uploads.PIECE + 5).headers["Location"]
    piece = patch(teacher, url, 0, bytes(uploads.PIECE + 1))
    assert piece.status_code == 413 and "Mio au plus" in piece.text


def test_a_program_is_answered_in_json_when_it_asks_for_it(create):
    answer = create(foresight.most_bytes() + 1, Accept="application/json")
    assert answer.status_code == 413 and answer.json["reason"] == "too_heavy" and "trop lourd" in answer.json["error"]


def test_a_full_disk_is_507_with_a_time_to_come_back(create, world, monkeypatch):
    monkeypatch.setattr(world.blobs, "reserve_bytes", 1 << 60)
    answer = create()
    assert answer.status_code == 507 and answer.headers["Retry-After"] and "place" in answer.text


def test_the_sha256_of_the_whole_is_kept_for_the_processing(world, teacher):
    announced = hashlib.sha256(DATA)
    metadata = pairs(classroom=world.cm1.public_id, sha256=announced.hexdigest())
    teacher.post("/televersements", headers={**TUS, "Upload-Length": "16000", "Upload-Metadata": metadata})
    assert bytes(Upload.get().sha256) == announced.digest()


def test_a_name_without_value_is_no_error(world, teacher):
    metadata = f"classroom {base64.b64encode(world.cm1.public_id.encode()).decode()},relativePath,blurred"
    answer = teacher.post("/televersements", headers={**TUS, "Upload-Length": "10", "Upload-Metadata": metadata})
    assert answer.status_code == 201


def test_the_page_learns_the_state_in_words(teacher, create):
    url = create(name="menu été.txt").headers["Location"]
    patch(teacher, url, 0, DATA[:8000])
    told = teacher.get(f"{url}/etat").json
    assert (told["state"], told["progress"], told["name"], told["thumb"]) == ("uploading", 50, "menu été.txt", "")
    patch(teacher, url, 8000, DATA[8000:])
    assert teacher.get(f"{url}/etat").json["text"] == "En préparation"
    store.refuse(files.get_media(told["id"]), "program")
    told = teacher.get(f"{url}/etat").json
    assert told["state"] == "refused" and told["reason"] == "program" and "programmes" in told["text"].lower()


def test_a_sender_sees_the_small_picture_before_anybody_else(world, teacher, create):
    data = jpeg(800, 600)
    url = create(len(data), data, "a.jpg").headers["Location"]
    row = files.get_media(Media.get().public_id)
    writer = files.writer_for(row)
    writer.add("thumb", "image/jpeg", (data,), 320, 240)
    store.settle(row, writer, family="picture", kind="jpeg")
    thumb = teacher.get(f"{url}/etat").json["thumb"]
    assert teacher.get(thumb).data == data
    for who in ("assistant", "guardian1", "principal"):
        assert world.sign_in(who).get(thumb).status_code == 404


def test_a_pdf_is_recognised_when_it_arrives_whole(teacher, create):
    data = pdf(30_000)
    url = create(len(data)).headers["Location"]
    assert patch(teacher, url, 0, data).status_code == 204 and Media.get().family == "document"
