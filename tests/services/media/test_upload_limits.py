"""What stops an upload before its first byte: too many at once, no room in the class, however many ask together."""

import threading

import pytest

from appliance.core import config
from appliance.core.errors import QuotaReached
from appliance.school import policy
from appliance.school.policy import SYSTEM
from appliance.services import plans
from appliance.services.media import files, store, uploads
from appliance.services.media.models import Media
from appliance.services.people import places
from appliance.storage import database
from tests.support.arriving import TEXT, begin, send


@pytest.fixture
def teacher(world):
    """Someone who teaches two classes."""
    places.add_teacher(SYSTEM, world.account("teacher"), world.ce1)
    policy.forget()
    return world.actor("teacher")


@pytest.fixture
def classes(teacher):
    return [each for each in teacher.classes if each.can_publish]


def _settle(public_id: str, size: int) -> None:
    row = files.get_media(public_id)
    writer = files.writer_for(row)
    writer.add("video", "video/mp4", (bytes(size),))
    assert store.settle(row, writer, family="video", kind="mp4")


def test_what_was_accepted_is_kept_when_it_grows_past_the_room_of_its_class_which_then_takes_nothing_more(
    teacher, classes
):
    plans.configure(config.Plans(default="petite", named={"petite": config.Plan("Petite", storage_gb=1)}))
    full = uploads.begin(teacher, classes[0], "a.mp4", plans.GIGABYTE - 1000).public_id
    film = begin(teacher, classes[0], TEXT[:1000], "b.mp4")
    assert plans.room_to_prepare(files.get_media(film)) == 1000, "what was granted to it, since nothing is left"
    send(teacher, film, TEXT[:1000])
    _settle(film, 50_000)
    assert Media.get(Media.public_id == film).state == "ready"
    assert plans.storage_of(classes[0].classroom_id).used > plans.GIGABYTE
    with pytest.raises(QuotaReached, match="Tout ce qui y est reste"):
        begin(teacher, classes[0])
    uploads.terminate(teacher, full)
    assert begin(teacher, classes[0])


def test_what_a_class_has_left_may_be_taken_by_the_next_file_that_is_prepared(teacher, classes):
    film = begin(teacher, classes[0], TEXT[:1000], "b.mp4")
    assert plans.room_to_prepare(files.get_media(film)) == 10 * plans.GIGABYTE
    plans.configure(config.Plans(default="libre"))
    assert plans.room_to_prepare(files.get_media(film)) is None


def test_two_files_begun_at_once_in_two_classes_cannot_exceed_what_one_person_may_send(teacher, classes, monkeypatch):
    """Each is held up after it was counted until the other one is too, if it can get so far."""
    uploads.configure(config.Limits(open_uploads=1))
    count, met, outcomes = uploads._require_few, threading.Barrier(2), []

    def count_and_wait(actor):
        count(actor)
        try:
            met.wait(0.5)
        except threading.BrokenBarrierError:
            pass  # the other one waits for our commit

    def push(access):
        with database.connection():
            try:
                outcomes.append(begin(teacher, access))
            except QuotaReached:
                outcomes.append(None)

    monkeypatch.setattr(uploads, "_require_few", count_and_wait)
    threads = [threading.Thread(target=push, args=(each,)) for each in classes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(classes) == 2 and outcomes.count(None) == 1 and Media.select().count() == 1
