"""A class-year ends: its key goes, and with it every text and every file; nobody meets the class any more."""

import subprocess
from datetime import timedelta

import pytest

from appliance.core.errors import NotFound
from appliance.crypto.keyring import CLASSROOM
from appliance.features.feed import actions, jobs
from appliance.features.feed.actions import Content
from appliance.features.feed.models import Comment, Post
from appliance.school import keys
from appliance.school.models import Classroom
from appliance.school.policy import SYSTEM
from appliance.services import audit, closing, work
from appliance.services.media import files
from appliance.services.media.models import Media, Rendition
from tests.access.filling import document, photo
from tests.support.process import preau


@pytest.fixture
def media(world):
    """The public ids of a photo and a document of the class, and a comment beside them."""
    teacher = world.actor("teacher")
    post = actions.publish(teacher, world.cm1.public_id, Content(text="Bonjour"), files=[photo(), document()])
    actions.comment(world.actor("guardian1"), post.public_id, "Merci")
    actions.publish(world.actor("teacher2"), world.ce1.public_id, Content(text="Ailleurs"), files=[photo()])
    return [row.public_id for row in Media.select().where(Media.classroom == world.cm1.id).order_by(Media.id)]


def test_what_a_class_held_opens_no_more_and_the_next_class_keeps_its_own(world, media):
    room = world.cm1
    held = closing.destroy_classroom_key(SYSTEM, room.public_id)
    assert held.media == 2 and held.bytes > 0
    with pytest.raises(NotFound):
        keys.classroom_key(room.id)
    for public_id in media:
        with pytest.raises(NotFound):
            files.get_media(public_id)
    assert (CLASSROOM, room.public_id) not in keys.ring()._cache
    assert keys.classroom_key(world.ce1.id)
    assert Classroom.get_by_id(room.id).join_code is None
    rows = Media.select().where(Media.classroom == room.id)
    assert all(row.wrapped_key is None and row.name is None and row.deleted_at for row in rows)


def test_nobody_meets_the_class_any_more_and_their_pages_still_open(world, media):
    people = ("teacher", "guardian1", "principal", "nadia", "assistant")
    urls = [f"/classes/{world.cm1.public_id}", f"/publications/{Post.get().public_id}", f"/medias/{media[0]}/medium"]
    for who in people:
        assert world.sign_in(who).get(urls[0]).status_code == 200
    closing.destroy_classroom_key(SYSTEM, world.cm1.public_id)
    for who in people:
        browser = world.sign_in(who)
        for url in urls:
            assert browser.get(url).status_code == 404, (who, url)
        for url in ("/", "/classes", "/compte"):
            answer = browser.get(url, follow_redirects=True)
            assert answer.status_code == 200 and "CM1 A" not in answer.text, (who, url)
    head = world.sign_in("principal")
    assert head.get(f"/administration/classes/{world.cm1.public_id}").status_code == 200


def test_the_files_are_removed_by_a_task_that_may_be_cut_anywhere(world, media):
    blobs = Rendition.select().join(Media).where(Media.classroom == world.cm1.id).count()
    every = len(world.blobs.list_files())
    closing.destroy_classroom_key(SYSTEM, world.cm1.public_id)
    assert len(world.blobs.list_files()) == every, "the commit does not wait for the disk"
    calls, delete = [], world.blobs.delete

    def cut(blob_id):
        calls.append(blob_id)
        if len(calls) == 2:
            raise RuntimeError("power cut")
        return delete(blob_id)

    world.blobs.delete = cut
    work.run_due()
    assert len(world.blobs.list_files()) == every - 1
    del world.blobs.delete
    _run_again(world)
    assert len(world.blobs.list_files()) == every - blobs
    assert not work.Task.select().where(work.Task.kind == closing.FILES).exists()


def _run_again(world):
    from appliance.core import clock

    clock.set(clock.now() + timedelta(hours=1))
    work.run_due()


def test_a_second_time_and_an_unknown_class_are_refused(world):
    closing.destroy_classroom_key(SYSTEM, world.cm1.public_id)
    for public_id in (world.cm1.public_id, "nowhere"):
        with pytest.raises(NotFound):
            closing.destroy_classroom_key(SYSTEM, public_id)


def test_it_is_journaled_and_other_processes_forget_the_key(world):
    room = world.cm1
    size = audit.root()[0]
    closing.destroy_classroom_key(SYSTEM, room.public_id)
    entry = bytes(audit.AuditEntry.get(audit.AuditEntry.seq == size).entry).decode()
    assert '"event":"classroom_key_destroyed"' in entry and room.public_id in entry
    keys.ring()._cache[CLASSROOM, room.public_id] = "as in another process"
    keys.forget_destroyed()
    assert (CLASSROOM, room.public_id) not in keys.ring()._cache


def test_what_was_scheduled_in_it_is_no_more_tried(world, clock, caplog):
    later = clock.now() + timedelta(hours=1)
    actions.schedule(world.actor("teacher"), world.cm1.public_id, Content(text="Demain"), later)
    closing.destroy_classroom_key(SYSTEM, world.cm1.public_id)
    clock.advance(hours=2)
    assert jobs.publish_due_posts() == 0 and not caplog.records


@pytest.mark.dialect("sqlite")
@pytest.mark.server
def test_the_command_says_what_it_destroys_and_asks_for_the_name(tmp_path):
    config = tmp_path / "config.toml"
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    done = preau("--config", config, "class", "create", "--name", "CM1 A")
    assert done.returncode == 0, done.stderr
    year = preau("--config", config, "class", "list", "--json").stdout.split('"year": "')[1][:9]
    close = ("--config", config, "class", "close", "CM1 A", "--year", year)
    for refused in (preau(*close, "--confirm", "CM1"), preau(*close, stdin=subprocess.DEVNULL)):
        assert refused.returncode == 1 and "Nothing was destroyed" in refused.stdout
    told = preau(*close, "--confirm", "CM1 A")
    assert told.returncode == 0 and "0 posts" in told.stdout and "for ever" in told.stdout
    again = preau(*close, "--confirm", "CM1 A")
    assert again.returncode == 1 and "closed already" in again.stderr


def test_the_command_counts_posts_comments_and_files(world, media):
    from appliance.cli.closing import describe

    text = "\n".join(describe(world.cm1))
    assert f"{Comment.select().count():6} comments" in text and "     1 posts" in text and "     2 photos" in text
