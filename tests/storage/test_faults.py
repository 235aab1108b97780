"""A disk that fails or is full at any step: what was asked is whole or absent, rows have their files, and the answer is
in words."""

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import peewee
import pytest

from appliance.core.errors import StorageFull, Unavailable
from appliance.features.feed import actions as feed
from appliance.features.feed.actions import Content, writing
from appliance.features.feed.models import Attachment, Comment, Post
from appliance.services import audit, closing
from appliance.services.media import care, store
from appliance.services.media.models import Media
from appliance.storage import database
from tests.support.files import jpeg, upload


def publish(world, text="La ferme"):
    return feed.publish(
        world.actor("teacher"), world.cm1.public_id, Content(text=text), files=[upload(jpeg(300, 200), "ferme.jpg")]
    )


class Faults:
    """The n-th call of a function fails."""

    def __init__(self, monkeypatch, at: int, error):
        self.patch, self.left, self.error, self.struck = monkeypatch, at, error, False

    def on(self, owner, name: str, only=lambda *_arguments: True) -> "Faults":
        real = getattr(owner, name)

        def failing(*arguments, **options):
            if only(*arguments):
                self.left -= 1
                if self.left == 0:
                    self.struck = True
                    raise self.error
            return real(*arguments, **options)

        self.patch.setattr(owner, name, failing)
        return self


def comment(world, post):
    return feed.comment(world.actor("guardian1"), post.public_id, "Merci")


def close(world, _post):
    closing.destroy_classroom_key(world.actor("principal"), world.cm1.public_id)


def anew(world, _post):
    return publish(world, "Encore")


def settle(world) -> None:
    """Whatever happened, this holds."""
    assert [each for each in care.walk(world.blobs) if each.kind != care.LEFTOVER] == []
    assert audit.verify() == []
    assert not database.in_transaction() and not database.db.obj.in_transaction()
    for row in Post.select():
        assert Attachment.select().where(Attachment.post == row).count() == 1
    entries = b"".join(bytes(row.entry) for row in audit.AuditEntry.select())
    for row in [*Media.select(), *Post.select(), *Comment.select()]:
        assert row.public_id.encode() in entries


@pytest.mark.parametrize("act", [anew, comment, close], ids=lambda act: act.__name__)
def test_a_statement_that_fails_leaves_all_or_nothing(world, monkeypatch, act):
    post, at, struck = publish(world), 0, True
    while struck and at < 120:
        at += 1
        with monkeypatch.context() as patch:
            faults = Faults(patch, at, peewee.OperationalError("disk I/O error"))
            faults.on(database.db.obj, "execute_sql", lambda sql, *_: sql.split()[0] in ("INSERT", "UPDATE", "DELETE"))
            before = (Post.select().count(), Comment.select().count(), Media.select().count())
            failed = False
            try:
                act(world, post)
            except peewee.OperationalError:
                failed = True
            struck = faults.struck
        after = (Post.select().count(), Comment.select().count(), Media.select().count())
        assert not failed or act is anew or after == before
        assert not failed or after[:2] == before[:2]
        if act is not close or failed:
            settle(world)
    assert 3 < at < 120 and not failed


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS], ids=errno.errorcode.get)
@pytest.mark.parametrize("step", ["open", "fsync", "rename", "mkdir"])
def test_a_file_that_cannot_be_written_leaves_no_publication_and_no_other_file(world, monkeypatch, step, code):
    at, struck = 0, True
    while struck and at < 40:
        at += 1
        files, posts = set(world.blobs.list_files()), Post.select().count()

        def is_ours(where, *_more):
            return isinstance(where, int) or world.blobs.root in Path(where).parents

        with monkeypatch.context() as patch:
            faults = Faults(patch, at, OSError(code, os.strerror(code)))
            faults.on(Path if step == "mkdir" else os, step, is_ours)
            failed = None
            try:
                publish(world, f"Essai {at}")
            except (OSError, StorageFull) as error:
                failed = error
            struck = faults.struck
        assert not failed or set(world.blobs.list_files()) == files
        assert Post.select().count() == posts + (failed is None)
        assert failed is None or isinstance(failed, StorageFull) == (code == errno.ENOSPC)
        settle(world)
    assert at < 40


def test_a_deletion_whose_files_resist_is_done_all_the_same_and_the_other_files_go(world, monkeypatch):
    publish(world)
    media, before = Media.select().get(), len(world.blobs.list_files())
    with monkeypatch.context() as patch:
        Faults(patch, 1, OSError(errno.EIO, "Input/output error")).on(Path, "unlink")
        store.delete(world.actor("teacher"), media.public_id)
    media = Media.get_by_id(media.id)
    assert media.wrapped_key is None and len(world.blobs.list_files()) == before - 2
    assert [each.kind for each in care.walk(world.blobs)] == [care.LEFTOVER]


def test_what_was_committed_is_never_taken_back_by_what_follows_it(world):
    told = []

    def fail():
        raise OSError(errno.EIO, "Input/output error")

    with database.transaction():
        audit.bump("kept")
        database.after_commit(fail)
        database.after_commit(lambda: told.append("the next one"))
    assert told == ["the next one"]


def test_what_a_failed_publication_had_stored_goes_with_an_entry(world, monkeypatch):
    def fail(*_arguments):
        raise ValueError

    monkeypatch.setattr(writing, "_insert", fail)
    with pytest.raises(ValueError):
        publish(world)
    last = bytes(audit.AuditEntry.select().order_by(audit.AuditEntry.seq.desc()).get().entry)
    assert b'"event":"media_discarded"' in last and world.cm1.public_id.encode() in last
    assert not Media.select().exists() and world.blobs.list_files() == []


def calm(world) -> None:
    world.app.testing = False
    world.app.config["PROPAGATE_EXCEPTIONS"] = False


def new_post(world) -> str:
    return f"/classes/{world.cm1.public_id}/publications/nouvelle"


@pytest.mark.dialect("sqlite")
def test_a_full_database_is_said_in_words_and_writing_goes_on_once_there_is_room(world):
    calm(world)
    browser, post = world.sign_in("teacher"), publish(world)
    database.empty_wal()
    pages = database.db.execute_sql("PRAGMA page_count").fetchone()[0]
    database.db.execute_sql(f"PRAGMA max_page_count = {pages}").fetchone()
    answer = browser.submit(new_post(world), {"text": "x" * 9000, "action": "publish"})
    assert answer.status_code == 507 and "plus de place" in answer.text
    for _ in range(200):
        answer = world.sign_in("guardian1").submit(f"/publications/{post.public_id}/commentaires", {"text": "x" * 900})
        if answer.status_code != 303:
            break
    assert answer.status_code == 507 and audit.verify() == []
    database.db.execute_sql("PRAGMA max_page_count = 1000000").fetchone()
    assert browser.submit(new_post(world), {"text": "x" * 9000, "action": "publish"}).status_code == 303
    assert audit.verify() == []


@pytest.mark.dialect("sqlite")
def test_a_database_that_another_program_holds_is_said_in_words(world):
    calm(world)
    browser = world.sign_in("teacher")
    database.db.execute_sql("PRAGMA busy_timeout = 20")
    with sqlite3.connect(database.db.obj.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = browser.submit(new_post(world), {"text": "Bonjour", "action": "publish"})
        other.execute("ROLLBACK")
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert browser.submit(new_post(world), {"text": "Bonjour", "action": "publish"}).status_code == 303


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize("brief", [True, False])
def test_what_the_database_refused_is_known_whatever_its_library_says_last(world, brief):
    database.empty_wal()
    pages = database.db.execute_sql("PRAGMA page_count").fetchone()[0]
    database.db.execute_sql(f"PRAGMA max_page_count = {pages}").fetchone()
    with pytest.raises(peewee.OperationalError) as caught, database.transaction(brief=brief):
        database.db.execute_sql("CREATE TABLE big AS SELECT zeroblob(1000000)")
    assert isinstance(database.explain(caught.value), StorageFull)
    assert database.explain(ValueError()) is None and database.explain(None) is None
    with sqlite3.connect(database.db.obj.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        database.db.execute_sql("PRAGMA busy_timeout = 20")
        with pytest.raises(peewee.OperationalError) as caught, database.transaction(brief=brief):
            audit.bump("x")
        other.execute("ROLLBACK")
    assert isinstance(database.explain(caught.value), Unavailable)


CHILD = """
import sys
from pathlib import Path
from appliance.services import audit
from appliance.storage import database

database.configure(f"sqlite:///{sys.argv[1]}", Path(sys.argv[1]).parent)
with database.connection():
    for number in range(60):
        with database.transaction(brief=number % 2 == 0):
            audit.record(None, "update", "from_elsewhere", kind="post", object_id=str(number))
"""


@pytest.mark.dialect("sqlite")
def test_two_programs_that_write_at_once_make_one_chain(world, root):
    size = audit.root()[0]
    child = subprocess.Popen([sys.executable, "-c", CHILD, database.db.obj.database], cwd=root)
    for number in range(60):
        with database.transaction(brief=number % 2 == 0):
            audit.record(None, "update", "from_here", kind="post", object_id=str(number))
    assert child.wait(30) == 0
    assert audit.root()[0] == size + 120 and audit.verify() == []
