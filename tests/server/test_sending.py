"""The loop and the threads that send share a connection without getting in each other's way."""

import socket
import threading

import pytest
import waitress

from appliance.server import Channel


@pytest.fixture
def channel():
    """A connection of a server that doesn't run, with something left to send."""
    ours, theirs = socket.socketpair()
    server = waitress.create_server(lambda _environ, _start: [], host="127.0.0.1", port=0, _start=False)
    made = Channel(server, ours, ("127.0.0.1", 0), server.adj, map={})
    made.outbufs[0].append(b"a page")
    made.total_outbufs_len = 6
    yield made
    theirs.close()
    made.close()
    server.close()


@pytest.fixture
def woken(channel, monkeypatch):
    """How often the loop was woken."""
    calls = []
    monkeypatch.setattr(channel.outbuf_lock, "_wake", lambda: calls.append(1))
    return calls


class Holder(threading.Thread):
    """A thread that sends until it is told to let go."""

    def __init__(self, lock, let_go):
        super().__init__()
        self.lock, self.let_go = lock, let_go
        self.holds, self.over = threading.Event(), threading.Event()
        self.start()
        self.holds.wait(10)

    def run(self):
        """Hold the lock."""
        with self.lock:
            self.holds.set()
            self.over.wait(10)
            if self.let_go == "wait":
                self.lock.wait(10)

    def end(self):
        """Let go."""
        self.over.set()
        if self.let_go == "exit":
            self.join()


def test_the_loop_rests_while_a_thread_is_sending_and_is_woken_afterwards(channel, woken):
    holder = Holder(channel.outbuf_lock, "exit")
    assert not channel.writable() and not woken
    holder.end()
    assert woken == [1] and channel.writable()


def test_the_loop_is_woken_by_a_thread_that_waits_for_room(channel, woken):
    holder = Holder(channel.outbuf_lock, "wait")
    assert not channel.writable() and not woken
    holder.end()
    with channel.outbuf_lock:  # free as soon as the other one waits
        channel.outbuf_lock.notify()
    holder.join()
    assert woken == [1] and channel.writable()


def test_a_loop_that_did_not_ask_is_not_woken(channel, woken):
    Holder(channel.outbuf_lock, "exit").end()
    assert not woken


def test_the_loop_sends_what_nobody_is_sending_and_rests_when_all_is_sent(channel):
    assert channel.writable()
    channel.total_outbufs_len = 0
    assert not channel.writable()
