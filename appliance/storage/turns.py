"""Who writes next, on SQLite: one at a time, in the order of arrival; brief writes that wait share one commit.

A commit is an fsync, and a write waits longer for it than it works. So a brief writer who is done doesn't commit when
another one waits: it hands over its turn *with the open transaction*, and waits. The last one commits for all, and
wakes them. Nobody is answered, no event leaves and no other connection sees a row before SQLite's own commit.
"""

import sqlite3
import threading
from collections import deque
from contextlib import contextmanager, suppress

import peewee

from appliance.core.errors import Unavailable


class Shared:
    """A transaction on the connection of the first of its writers, who each write in a savepoint of their own."""

    def __init__(self, base: peewee.SqliteDatabase):
        self.base, self.link = base, base.connection()  # lent: its thread waits with the others
        self.whole = True  # false while someone writes, and for good once a part could not be undone
        self.failure: BaseException | None = None
        self._lost: BaseException | None = None  # what the part that could not be undone met
        self._waiting: list[threading.Lock] = []

    @contextmanager
    def part(self):
        """What one writer does: kept whole for the common commit, or undone without a trace."""
        state, own = self.base._state, self.base._state.conn
        self.whole, state.conn = False, self.link
        self.base.push_transaction(self)  # so an inner atomic() is a savepoint, and nothing commits by itself
        try:
            if not self._waiting:
                self._say("BEGIN IMMEDIATE")
            self._say("SAVEPOINT part")
            try:
                yield
            except BaseException as error:
                self._lost = error
                with suppress(peewee.DatabaseError):  # on a full disk SQLite has given up the whole transaction
                    self._say("ROLLBACK TO part")
                    self._say("RELEASE part")
                    self.whole = True
                raise
            self._say("RELEASE part")
            self.whole = True
        finally:
            self.base.pop_transaction()
            state.conn = own

    def settle(self, turns: "Turns") -> None:
        """Return once the transaction is over: by the hand of the next ones, or committed here for all."""
        mine = _closed()
        self._waiting.append(mine)
        if self.whole and turns.hand_on(self):
            mine.acquire()
            return
        try:
            self._end()
        except BaseException as error:
            self.failure = error
        finally:
            turns.release()
            for each in self._waiting:
                each.release()

    def _end(self) -> None:
        try:
            if not self.whole:
                raise peewee.OperationalError("a part of the transaction could not be undone") from self._lost
            self._say("COMMIT")
        except BaseException:
            if self.link.in_transaction:
                self._say("ROLLBACK")
            raise

    def _say(self, statement: str) -> None:
        try:
            self.link.execute(statement)
        except sqlite3.Error as error:  # as peewee names what goes wrong
            raise peewee.OperationalError(*error.args) from error


class _Ticket:
    def __init__(self, brief: bool):
        self.brief, self.shared, self.turn = brief, None, _closed()


class Turns:
    """The queue of the writers of this process. Who was given the turn gives it back, by `hand_on` or `release`."""

    def __init__(self):
        self._lock, self._taken, self._queue = threading.Lock(), False, deque()

    def take(self, brief: bool, seconds: float) -> Shared | None:
        """Wait for the turn; the transaction to go on with, or None to begin one. Unavailable after so long."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return None
            ticket = _Ticket(brief)
            self._queue.append(ticket)
        came, interruption = False, None
        try:
            came = ticket.turn.acquire(timeout=seconds)
        except BaseException as error:  # Ctrl-C: the turn must not be given to someone who left
            interruption = error
        if not came and self._withdraw(ticket):
            raise interruption or Unavailable()
        return ticket.shared

    def _withdraw(self, ticket: _Ticket) -> bool:
        with self._lock:
            waits = ticket in self._queue  # else the turn came in this very instant, and is taken
            if waits:
                self._queue.remove(ticket)
            return waits

    def hand_on(self, shared: Shared) -> bool:
        """Give the turn and the open transaction to the next one, who will commit; False when nobody takes them."""
        with self._lock:
            if not self._queue or not self._queue[0].brief:
                return False
            ticket = self._queue.popleft()
        ticket.shared = shared
        ticket.turn.release()
        return True

    def release(self) -> None:
        """Give the turn to the next one, with nothing open."""
        with self._lock:
            if not self._queue:
                self._taken = False
                return
            ticket = self._queue.popleft()
        ticket.turn.release()


def _closed() -> threading.Lock:
    """A lock that whoever acquires it waits for another thread to release: the cheapest way to be woken."""
    lock = threading.Lock()
    lock.acquire()
    return lock
