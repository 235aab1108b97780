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


def test_the_loop_has_nothing_to_send_while_a_thread_is_sending(channel):
    held, over = threading.Event(), threading.Event()

    def send():
        with channel.outbuf_lock:
            held.set()
            over.wait(10)

    thread = threading.Thread(target=send)
    thread.start()
    held.wait(10)
    assert not channel.writable()
    over.set()
    thread.join()
    assert channel.writable()


def test_the_loop_sends_what_nobody_is_sending_and_rests_when_all_is_sent(channel):
    assert channel.writable()
    channel.total_outbufs_len = 0
    assert not channel.writable()
