"""Brief writes share one commit on SQLite: each is whole or absent, and none is answered before that commit."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import peewee
import pytest

from appliance.core.errors import Unavailable
from appliance.school.models import Revision
from appliance.services import audit
from appliance.storage import database
from appliance.storage.turns import Turns

pytestmark = pytest.mark.dialect("sqlite")


class Crowd:
    """Writers that all wait while the first one, who holds the turn, is at it; then they write one after another."""

    def __init__(self):
        self.statements, self.answered, self.errors = [], [], {}
        self.threads = []

    def _trace(self, statement: str) -> None:
        self.statements.append(statement.split()[0])

    def write(self, name: str, body=None, brief: bool = True) -> None:
        with database.connection():
            try:
                with database.transaction(brief=brief):
                    audit.bump(name)
                    database.after_commit(lambda: self.answered.append((name, self.statements.count("COMMIT"))))
                    if body is not None:
                        body()
            except Exception as error:
                self.errors[name] = error

    def start(self, name: str, body=None, brief: bool = True) -> None:
        before = len(database._turns._queue)
        thread = threading.Thread(target=self.write, args=(name, body, brief))
        thread.start()
        self.threads.append(thread)
        self._until(lambda: len(database._turns._queue) > before)

    def _until(self, condition) -> None:
        limit = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < limit
            threading.Event().wait(0.001)

    def first(self, others) -> None:
        """Write, and let the others queue meanwhile."""

        def body():
            database.db.obj.connection().set_trace_callback(self._trace)
            others()

        thread = threading.Thread(target=self.write, args=("first", body))
        thread.start()
        thread.join(20)
        for each in self.threads:
            each.join(20)


def kept() -> set[str]:
    """What a connection of its own finds in the file."""
    with sqlite3.connect(database.db.obj.database) as link:
        return {scope for (scope,) in link.execute("SELECT scope FROM revision")} & {"first", "a", "b", "c"}


def fail():
    raise ValueError("no")


def test_writers_that_wait_share_one_commit_and_none_is_answered_before_it(world):
    crowd = Crowd()
    crowd.first(lambda: [crowd.start(name) for name in "abc"])
    assert crowd.statements.count("SAVEPOINT") == 3  # and the first one's, before anybody looked
    assert crowd.statements.count("COMMIT") == 1
    assert sorted(crowd.answered) == [("a", 1), ("b", 1), ("c", 1), ("first", 1)]
    assert kept() == {"first", "a", "b", "c"}


def test_nothing_is_seen_from_outside_before_the_shared_commit(world):
    crowd, seen = Crowd(), []
    crowd.first(lambda: [crowd.start(name, lambda: seen.append(kept())) for name in "ab"])
    assert seen == [set(), set()]
    assert kept() == {"first", "a", "b"}


def test_a_part_that_fails_leaves_no_trace_and_takes_nobody_with_it(world):
    crowd = Crowd()
    crowd.first(lambda: [crowd.start("a"), crowd.start("b", fail), crowd.start("c")])
    assert list(crowd.errors) == ["b"] and isinstance(crowd.errors["b"], ValueError)
    assert kept() == {"first", "a", "c"}
    assert {name for name, _commits in crowd.answered} == {"first", "a", "c"}


def test_when_the_first_one_fails_the_others_still_write_on_its_connection(world):
    crowd = Crowd()
    crowd.first(lambda: [crowd.start("a"), crowd.start("b"), fail()])
    assert list(crowd.errors) == ["first"]
    assert kept() == {"a", "b"}


def test_a_commit_that_fails_is_told_to_everyone(world):
    def sabotage():
        database.db.execute_sql("PRAGMA defer_foreign_keys = 1")
        database.db.execute_sql("UPDATE classroom SET school_id = 999999")

    crowd = Crowd()
    crowd.first(lambda: [crowd.start("a"), crowd.start("b", sabotage)])
    assert set(crowd.errors) == {"first", "a", "b"}
    assert all(isinstance(error, peewee.DatabaseError) for error in crowd.errors.values())
    assert kept() == set() and crowd.answered == []
    crowd.write("c")
    assert kept() == {"c"}


def test_when_sqlite_gives_up_the_transaction_nobody_is_told_that_they_wrote(world):
    """As it does on a full disk."""

    def lose():
        database.db.obj.connection().execute("ROLLBACK")
        fail()

    crowd = Crowd()
    crowd.first(lambda: [crowd.start("a"), crowd.start("b", lose), crowd.start("c")])
    assert set(crowd.errors) == {"first", "a", "b"} and isinstance(crowd.errors["b"], ValueError)
    assert kept() == {"c"}
    assert crowd.answered[0][0] == "c"


def test_a_write_that_is_not_brief_shares_with_nobody(world):
    crowd = Crowd()
    crowd.first(lambda: [crowd.start("a"), crowd.start("b", brief=False), crowd.start("c")])
    assert crowd.statements.count("COMMIT") == 1 and crowd.statements.count("SAVEPOINT") == 1
    assert kept() == {"first", "a", "b", "c"} and not crowd.errors


def test_an_inner_savepoint_and_the_connection_of_the_thread_are_as_ever(world):
    def body():
        with pytest.raises(ValueError), database.db.atomic():
            audit.bump("b")
            fail()
        with database.transaction():
            audit.bump("c")

    crowd = Crowd()
    crowd.first(lambda: crowd.start("a", body))
    assert kept() == {"first", "a", "c"} and not crowd.errors
    own = database.db.obj.connection()
    with database.transaction(brief=True):
        audit.bump("mine")
    assert database.db.obj.connection() is own and not database.db.obj.in_transaction()


def test_a_writer_that_waited_in_vain_leaves_the_queue(monkeypatch):
    turns = Turns()
    assert turns.take(True, 1) is None
    with pytest.raises(Unavailable):
        turns.take(True, 0.001)
    turns.release()
    assert turns.take(False, 0.001) is None


def test_every_commit_is_synced_in_full(world):
    assert database.db.execute_sql("PRAGMA synchronous").fetchone() == (2,)


CHILD = """
import sys, threading
from pathlib import Path
from appliance.services import audit
from appliance.storage import database

database.configure(f"sqlite:///{sys.argv[1]}", Path(sys.argv[1]).parent)
lock = threading.Lock()

def work(who):
    with database.connection():
        for number in range(100_000):
            with database.transaction(brief=True):
                audit.bump(f"{who}-{number}")
            with lock:
                print(f"{who}-{number}", flush=True)

for who in range(8):
    threading.Thread(target=work, args=(who,)).start()
"""


def test_what_was_acknowledged_is_there_after_the_process_is_killed(world, tmp_path, root):
    database.db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = tmp_path / "copy.db"
    shutil.copy(database.db.obj.database, copy)
    child = subprocess.Popen([sys.executable, "-c", CHILD, copy], stdout=subprocess.PIPE, text=True, cwd=root)
    told = {child.stdout.readline().strip() for _ in range(200)}
    os.kill(child.pid, signal.SIGKILL)
    told |= {line.strip() for line in child.stdout if line.endswith("\n")}
    child.wait(10)
    child.stdout.close()
    with sqlite3.connect(copy) as link:
        rows = {scope for (scope,) in link.execute("SELECT scope FROM revision")}
        assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(told) >= 200 and told <= rows
    assert Revision.get_or_none(Revision.scope == "0-0") is None  # the copy was written, not the world
