"""Uploads in pieces: what counts is durable, one piece wins a place, limits hold from the first byte, nothing is lost
or doubled."""

import hashlib
import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.core import config
from appliance.core.errors import Conflict, Denied, NotFound, QuotaReached, Refused, StorageFull
from appliance.school import policy
from appliance.services import audit, plans, work
from appliance.services.media import arrivals, care, files, foresight, store, uploads
from appliance.services.media.models import Media, Rendition, Upload
from appliance.services.media.refusals import FileRefused
from appliance.services.work import Task
from appliance.storage import database
from tests.support.arriving import TEXT, begin, content_of, send
from tests.support.files import jpeg, pdf


@pytest.fixture
def teacher(world):
    return world.actor("teacher")


@pytest.fixture
def access(world, teacher):
    return policy.get_access(teacher, world.cm1.public_id)


def test_pieces_become_the_file_and_wait_for_their_processing(world, teacher, access):
    data = jpeg(900, 700)
    upload = begin(teacher, access, data, "la ferme.jpg")
    assert Media.get().state == "uploading" and Media.get().bytes == len(data)
    send(teacher, upload, data, 9000)
    media = Media.get()
    assert (media.state, media.family) == ("waiting", "picture") and content_of(upload) == data
    assert Task.get().subject == upload and Task.get().kind == store.PROCESSING
    assert care.check(world.blobs, digests=True) == []


def test_a_cipher_chosen_while_a_file_arrives_is_for_the_files_that_begin_afterwards(
    world, teacher, access, monkeypatch
):
    data = jpeg(900, 700)
    upload = begin(teacher, access, data, "la ferme.jpg")
    uploads.append(teacher, upload, 0, data[:9000])
    monkeypatch.setattr(files, "_suite", 2)
    uploads.append(teacher, upload, 9000, data[9000:])
    assert content_of(upload) == data
    work.run_due()
    row = files.get_rendition(upload, "large")
    assert row.suite == 1
    with files.open_rendition(row) as reader:
        assert reader.read(3) == b"\xff\xd8\xff"
    assert Media.get(Media.public_id == begin(teacher, access)).suite == 2


def test_files_of_two_ciphers_in_one_media_open(teacher, access):
    """Once, a cipher changed during an upload left such media; each header tells its own."""
    upload = begin(teacher, access)
    uploads.append(teacher, upload, 0, TEXT[:9000])
    Media.update(suite=2).where(Media.public_id == upload).execute()
    uploads.append(teacher, upload, 9000, TEXT[9000:])
    assert content_of(upload) == TEXT


def test_an_upload_is_journaled_when_it_begins_and_ends_and_not_at_each_piece(teacher, access):
    before = audit.AuditEntry.select().count()
    send(teacher, begin(teacher, access), TEXT, 1000)
    events = [json.loads(row.entry)["event"] for row in audit.AuditEntry.select().order_by(audit.AuditEntry.seq)]
    assert events[before:] == ["media_created", "media_received"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 9000)), max_size=12))
def test_whatever_is_sent_in_whatever_order_the_offset_tells_what_is_there(teacher, access, steps):
    """A wrong offset keeps nothing; a right one keeps its bytes; what is there is always the file's beginning."""
    upload, there = begin(teacher, access), 0
    for shift, size in steps:
        offset, piece = there + 1000 * shift, TEXT[there + 1000 * shift :][:size]
        if offset < 0:
            continue
        try:
            there = uploads.append(teacher, upload, offset, piece).received
            assert shift == 0 or piece == b"" and offset == there
        except Conflict:
            assert shift != 0
        assert uploads.get(teacher, upload).received == there and content_of(upload) == TEXT[:there]
    send_from = there
    if send_from < len(TEXT):
        uploads.append(teacher, upload, send_from, TEXT[send_from:])
    assert content_of(upload) == TEXT and Media.get(Media.public_id == upload).state == "waiting"
    uploads.terminate(teacher, upload)


def test_of_two_pieces_for_one_place_one_wins_and_the_other_leaves_nothing(world, teacher, access):
    upload, outcomes, ready = begin(teacher, access), [], threading.Barrier(4)

    def push(letter: bytes):
        with database.connection():
            ready.wait()
            try:
                uploads.append(teacher, upload, 0, letter * 5000)
                outcomes.append(letter)
            except Conflict:
                outcomes.append(None)

    threads = [threading.Thread(target=push, args=(letter,)) for letter in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [each for each in outcomes if each]
    assert outcomes.count(None) == 3 and content_of(upload) == winner * 5000
    assert len(world.blobs.list_files()) == Rendition.select().count() == 1


def test_a_piece_sent_again_never_repeats_what_lies_on_the_disk(world, teacher, access, monkeypatch):
    upload, seen = begin(teacher, access), []
    remove = files.Writer.remove
    monkeypatch.setattr(
        files.Writer, "remove", lambda writer: (seen.append(world.blobs.list_files()[0].read_bytes()), remove(writer))
    )
    with monkeypatch.context() as patched:
        patched.setattr(uploads, "_count", lambda *_: (_ for _ in ()).throw(Conflict()))
        for _ in range(2):
            with pytest.raises(Conflict):
                uploads.append(teacher, upload, 0, TEXT)
    assert len(seen) == 2 and seen[0][:24] != seen[1][:24] and seen[0][56:] != seen[1][56:]
    assert world.blobs.list_files() == []


def test_what_fails_without_one_knowing_whether_it_was_committed_keeps_its_file(world, teacher, access, monkeypatch):
    upload = begin(teacher, access)

    def lose_the_answer(*_):
        raise OSError("the connection to the database is gone")

    monkeypatch.setattr(uploads, "_count", lose_the_answer)
    with pytest.raises(OSError):
        uploads.append(teacher, upload, 0, TEXT)
    assert len(world.blobs.list_files()) == 1 and uploads.get(teacher, upload).received == 0


def test_a_piece_that_was_damaged_on_its_way_is_not_kept(world, teacher, access):
    upload = begin(teacher, access)
    for algorithm in uploads.CHECKSUMS:
        with pytest.raises(uploads.WrongChecksum):
            uploads.append(teacher, upload, 0, TEXT, (algorithm, hashlib.new(algorithm, b"other").digest()))
    assert world.blobs.list_files() == [] and uploads.get(teacher, upload).received == 0
    uploads.append(teacher, upload, 0, TEXT, ("sha1", hashlib.sha1(TEXT, usedforsecurity=False).digest()))
    assert content_of(upload) == TEXT


def test_more_than_was_announced_or_than_a_piece_is_refused(teacher, access):
    upload = begin(teacher, access)
    with pytest.raises(uploads.TooHeavy):
        uploads.append(teacher, upload, 0, TEXT + b"x")
    big = begin(teacher, access, bytes(uploads.PIECE + 1))
    with pytest.raises(uploads.TooHeavy):
        uploads.append(teacher, big, 0, bytes(uploads.PIECE + 1))
    assert Rendition.select().count() == 0


def test_thousands_of_tiny_pieces_are_refused(teacher, access, monkeypatch):
    monkeypatch.setattr(uploads, "_ALLOWANCE", 3)
    upload = begin(teacher, access)
    with pytest.raises(Refused):
        send(teacher, upload, TEXT, 10)
    assert Rendition.select().count() == 3


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"MZ" + bytes(5000), "program"),
        (b"<html><script>" + b" " * 5000, "active"),
        (b"\x00\x01\x02" * 2000, "unknown"),
        (b"Rar!" + bytes(5000), "archive"),
        (b"\xd0\xcf\x11\xe0" + bytes(5000), "old_office"),
    ],
)
def test_what_can_never_be_accepted_is_refused_at_its_first_piece(teacher, access, head, reason):
    upload = begin(teacher, access, head * 20, "film.mp4")
    with pytest.raises(foresight.NeverAcceptable) as refused:
        uploads.append(teacher, upload, 0, head)
    assert refused.value.reason == reason and Rendition.select().count() == 0


@pytest.mark.parametrize(
    ("head", "family"),
    [
        (jpeg(900, 700), "picture"),
        (pdf(9000)[:5000], "document"),
        (b"PK\x03\x04" + bytes(5000), "document"),
        (b"\x00\x00\x00\x20ftypisom" + bytes(5000), "video"),
        (b"ID3\x04" + bytes(5000), "audio"),
    ],
)
def test_what_may_still_become_acceptable_goes_on_under_its_likely_family(teacher, access, head, family):
    upload = begin(teacher, access, head + bytes(100_000))
    uploads.append(teacher, upload, 0, head)
    assert Media.get().family == family


def test_a_picture_heavier_than_a_picture_may_be_is_refused_at_its_first_piece(teacher, access):
    upload = uploads.begin(teacher, access, "a.jpg", 30_000_000).public_id
    with pytest.raises(foresight.NeverAcceptable) as refused:
        uploads.append(teacher, upload, 0, jpeg(900, 700))
    assert refused.value.reason == "too_heavy" and "25" in refused.value.message and refused.value.status == 413


def test_a_file_heavier_than_any_may_be_never_begins(teacher, access):
    with pytest.raises(uploads.TooHeavy):
        uploads.begin(teacher, access, "a.mp4", foresight.most_bytes() + 1)
    with pytest.raises(FileRefused):
        uploads.begin(teacher, access, "a.mp4", 0)
    assert Media.select().count() == Upload.select().count() == 0


def test_the_storage_of_a_class_is_taken_at_the_first_byte(teacher, access, world):
    small = config.Plan("Petite", storage_gb=1)
    plans.configure(config.Plans(default="petite", named={"petite": small}))
    begun = uploads.begin(teacher, access, "a.mp4", 900_000_000).public_id
    with pytest.raises(QuotaReached):
        uploads.begin(world.actor("assistant"), access, "b.mp4", 200_000_000)
    uploads.terminate(teacher, begun)
    assert uploads.begin(world.actor("assistant"), access, "b.mp4", 200_000_000)


def test_two_uploads_at_once_cannot_exceed_the_storage_together(teacher, access):
    plans.configure(config.Plans(default="petite", named={"petite": config.Plan("Petite", storage_gb=1)}))
    outcomes, ready = [], threading.Barrier(4)

    def push():
        with database.connection():
            ready.wait()
            try:
                outcomes.append(uploads.begin(teacher, access, "a.mp4", 600_000_000))
            except QuotaReached:
                outcomes.append(None)

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(None) == 3 and Media.select().count() == 1


def test_an_account_has_only_so_many_uploads_on_their_way(teacher, access):
    uploads.configure(config.Limits(open_uploads=2))
    first = begin(teacher, access)
    begin(teacher, access)
    with pytest.raises(QuotaReached):
        begin(teacher, access)
    send(teacher, first, TEXT)
    assert begin(teacher, access)


def test_a_full_disk_is_said_before_anything_arrives_and_in_the_middle(teacher, access, world, monkeypatch):
    upload = begin(teacher, access)
    uploads.append(teacher, upload, 0, TEXT[:5000])
    monkeypatch.setattr(world.blobs, "reserve_bytes", 1 << 60)
    with pytest.raises(StorageFull):
        begin(teacher, access)
    with pytest.raises(StorageFull):
        uploads.append(teacher, upload, 5000, TEXT[5000:])
    assert content_of(upload) == TEXT[:5000] and len(world.blobs.list_files()) == 1
    monkeypatch.setattr(world.blobs, "reserve_bytes", 0)
    uploads.append(teacher, upload, 5000, TEXT[5000:])
    assert content_of(upload) == TEXT


def test_what_others_have_on_their_way_is_counted_before_the_disk_is_full(teacher, access, world, monkeypatch):
    asked = []
    monkeypatch.setattr(world.blobs, "check_room", asked.append)
    uploads.begin(teacher, access, "a.mp4", 1_000_000)
    uploads.begin(teacher, access, "b.mp4", 1_000_000)
    assert asked[1] >= 2_000_000 > asked[0]


@pytest.mark.parametrize("who", ["assistant", "teacher2", "far_teacher", "principal", "guardian1", "admin"])
def test_an_upload_exists_for_its_sender_only(world, teacher, access, who):
    upload = begin(teacher, access)
    assert uploads.get(teacher, upload) and arrivals.find_state(teacher, upload) and arrivals.find_own(teacher, upload)
    other = world.actor(who)
    for act in (
        lambda: uploads.get(other, upload),
        lambda: uploads.append(other, upload, 0, TEXT),
        lambda: uploads.terminate(other, upload),
    ):
        with pytest.raises(NotFound):
            act()
    assert arrivals.find_state(other, upload) is None and arrivals.find_own(other, upload) is None


def test_a_guardian_begins_nothing(world):
    guardian = world.actor("guardian1")
    with pytest.raises(Denied):
        begin(guardian, policy.get_access(guardian, world.cm1.public_id))


def test_whoever_is_taken_off_the_class_cannot_go_on(world, teacher, access):
    from appliance.school.models import Membership

    upload = begin(teacher, access)
    with database.transaction():
        Membership.delete().where(Membership.account == teacher.account_id).execute()
    policy.forget()
    with pytest.raises(NotFound):
        uploads.append(teacher, upload, 0, TEXT)


def test_giving_up_destroys_the_key_then_the_files_and_frees_the_room(world, teacher, access):
    upload = begin(teacher, access)
    uploads.append(teacher, upload, 0, TEXT[:5000])
    uploads.terminate(teacher, upload)
    media = Media.get()
    assert media.wrapped_key is None and media.bytes == 0 and world.blobs.list_files() == []
    with pytest.raises(NotFound):
        uploads.append(teacher, upload, 5000, TEXT[5000:])
    with pytest.raises(NotFound):
        uploads.terminate(teacher, upload)


def test_a_piece_of_an_upload_that_was_given_up_never_counts_for_the_next_one(world, teacher, access, monkeypatch):
    """SQLite gives the row id of the last upload to the next one."""
    upload, following, add = begin(teacher, access), [], files.Writer.add

    def overtaken(*arguments):
        piece = add(*arguments)
        uploads.terminate(teacher, upload)
        following.append(begin(teacher, access))
        return piece

    with monkeypatch.context() as patched:
        patched.setattr(files.Writer, "add", overtaken)
        with pytest.raises(Conflict):
            uploads.append(teacher, upload, 0, TEXT[:5000])
    assert uploads.get(teacher, following[0]).received == 0 and not Rendition.select().exists()
    assert world.blobs.list_files() == []


def test_an_upload_given_up_twice_at_once_leaves_the_next_one_alone(teacher, access, monkeypatch):
    upload, get, following = begin(teacher, access), uploads.get, []

    def overtaken(*arguments):
        found = get(*arguments)
        monkeypatch.setattr(uploads, "get", get)
        uploads.terminate(teacher, upload)
        following.append(begin(teacher, access))
        return found

    monkeypatch.setattr(uploads, "get", overtaken)
    with pytest.raises(NotFound):
        uploads.terminate(teacher, upload)
    assert uploads.get(teacher, following[0]).received == 0
