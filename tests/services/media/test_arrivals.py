"""Files that have arrived: compared with what was announced, shown to their sender, taken once, forgotten in time."""

import hashlib
import io
from contextlib import closing

import pytest

from appliance.core.errors import NotFound, Refused
from appliance.school import policy
from appliance.services import work
from appliance.services.media import arrivals, files, store, uploads
from appliance.services.media.models import Media
from appliance.services.media.refusals import FileRefused
from appliance.services.work import Task
from appliance.storage import database
from tests.support.arriving import TEXT, begin, content_of, send
from tests.support.files import pdf


@pytest.fixture
def teacher(world):
    return world.actor("teacher")


@pytest.fixture
def access(world, teacher):
    return policy.get_access(teacher, world.cm1.public_id)


def test_an_upload_that_stands_still_expires_and_one_that_moves_does_not(world, teacher, access, clock):
    still, moving = begin(teacher, access), begin(teacher, access)
    for step in range(3):
        clock.advance(hours=20)
        if step < 2:
            uploads.append(teacher, moving, step * 1000, TEXT[step * 1000 :][:1000])
    assert uploads.find(teacher, still) is None
    assert arrivals.forget_expired() == 1
    assert Media.get(Media.public_id == still).wrapped_key is None
    uploads.append(teacher, moving, 2000, TEXT[2000:])
    assert content_of(moving) == TEXT and len(world.blobs.list_files()) == 3


def test_a_whole_file_is_told_to_be_whole_until_it_expires_and_outlives_that(teacher, access, clock):
    upload = begin(teacher, access)
    send(teacher, upload, TEXT)
    assert uploads.get(teacher, upload).received == len(TEXT)
    clock.advance(hours=25)
    assert arrivals.forget_expired() == 0  # it waits for its processing, which may ask for its checksum
    Media.update(state="ready").execute()
    assert arrivals.forget_expired() == 1 and Media.get().wrapped_key is not None


def test_what_arrived_is_compared_with_what_its_sender_announced(teacher, access):
    for sent, announced in ((TEXT, TEXT), (TEXT, b"other")):
        upload = begin(teacher, access, sha256=hashlib.sha256(announced).digest())
        send(teacher, upload, sent)
        row = files.get_media(upload)
        with closing(files.open_source(row)) as source:
            if announced == sent:
                arrivals.verify(row, source)
                assert source.tell() == 0
            else:
                with pytest.raises(FileRefused) as refused:
                    arrivals.verify(row, source)
                assert refused.value.reason == "altered"


def test_a_media_of_a_form_has_nothing_to_be_compared_with(teacher, access):
    from tests.support.files import upload as file_of

    store.accept(teacher, access, [file_of(pdf(), "a.pdf")])
    row = files.get_media(Media.get().public_id)
    arrivals.verify(row, io.BytesIO(b""))


def test_the_state_goes_from_the_first_byte_to_what_can_be_seen(teacher, access):
    upload = begin(teacher, access)
    assert arrivals.find_state(teacher, upload) | {"id": ""} == {
        "id": "", "state": "uploading", "progress": 0, "reason": "", "name": "menu.txt", "family": "", "thumb": False,
    }  # fmt: skip
    uploads.append(teacher, upload, 0, TEXT[:8000])
    assert arrivals.find_state(teacher, upload)["progress"] == 50
    uploads.append(teacher, upload, 8000, TEXT[8000:])
    Task.update(progress=40).execute()
    state = arrivals.find_state(teacher, upload)
    assert (state["state"], state["progress"]) == ("waiting", 40)
    row = files.get_media(upload)
    writer = files.writer_for(row)
    writer.add("original", "text/plain", (TEXT,))
    store.settle(row, writer, family="document", kind="text")
    assert arrivals.find_state(teacher, upload)["state"] == "ready"


def test_a_document_that_is_not_what_its_name_says_is_named_after_its_content(teacher, access):
    upload = begin(teacher, access, name="page.html")
    send(teacher, upload, TEXT)
    row = files.get_media(upload)
    store.settle(row, files.writer_for(row), family="document", kind="text")
    assert arrivals.find_state(teacher, upload)["name"] == "page.txt"


def test_uploads_are_claimed_once_in_order_by_their_sender_for_their_class(world, teacher, access):
    first, second = begin(teacher, access), begin(teacher, access)
    send(teacher, first, TEXT)
    send(teacher, second, TEXT)
    assistant = world.actor("assistant")
    with pytest.raises(Refused), database.transaction():
        arrivals.claim(assistant, policy.get_access(assistant, access.classroom_public_id), [first])
    with database.transaction():
        taken = arrivals.claim(teacher, access, [second, first, second])
    assert [each.public_id for each in taken] == [second, first]
    for again in ([first], [second, first]):
        with pytest.raises(Refused), database.transaction():
            arrivals.claim(teacher, access, again)
    with pytest.raises(NotFound):
        uploads.terminate(teacher, first)


def test_what_is_not_whole_is_not_claimed(teacher, access):
    upload = begin(teacher, access)
    with pytest.raises(Refused) as refused, database.transaction():
        arrivals.claim(teacher, access, [upload])
    assert "pas encore" in refused.value.message


def test_a_claim_that_fails_with_its_transaction_leaves_the_upload_free(teacher, access):
    upload = begin(teacher, access)
    send(teacher, upload, TEXT)
    with pytest.raises(ZeroDivisionError), database.transaction():
        arrivals.claim(teacher, access, [upload])
        raise ZeroDivisionError
    with database.transaction():
        assert arrivals.claim(teacher, access, [upload])


def test_what_was_sent_is_seen_by_its_sender_until_it_is_claimed(world, teacher, access):
    upload = begin(teacher, access)
    send(teacher, upload, TEXT)
    assert arrivals.find_own(teacher, upload) is not None
    with database.transaction():
        arrivals.claim(teacher, access, [upload])
    assert arrivals.find_own(teacher, upload) is None


def test_a_task_is_not_there_before_the_last_piece(teacher, access):
    upload = begin(teacher, access)
    uploads.append(teacher, upload, 0, TEXT[:-1])
    assert work.find_progress(store.PROCESSING, upload) is None
    uploads.append(teacher, upload, len(TEXT) - 1, TEXT[-1:])
    assert work.find_progress(store.PROCESSING, upload) == 0
