"""The archive through the real server: whoever stalls holds up nobody, and damage cuts the connection."""

import http.client
import socket
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from waitress import wasyncore

from appliance.server import create_server
from appliance.services.media.models import Rendition
from tests.features.album.test_album import damage, publish


@pytest.fixture
def port(world):
    """The world's application behind a real server with two threads."""
    config = replace(world.config, server=replace(world.config.server, port=0, threads=2))
    server, stop = create_server(world.app, config), threading.Event()
    thread = threading.Thread(target=_run, args=(server, stop))
    thread.start()
    yield int(server.effective_port)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def _run(server, stop):
    while not stop.is_set():
        wasyncore.loop(timeout=0.1, use_poll=True, map=server._map, count=1)
    server.task_dispatcher.shutdown()
    wasyncore.close_all(server._map, ignore_all=True)


def ask(port, path, token, **headers):
    """A connection on which one GET was sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Cookie": f"preau={token}", **headers})
    return connection


@pytest.mark.slow
def test_readers_of_an_archive_that_stall_block_nobody_and_get_it_whole_at_last(world, port):
    publish(world, *(f"{number}.jpg" for number in range(30)))
    token, path = world.sign_in("teacher").token, f"/classes/{world.cm1.public_id}/album.zip"
    whole = world.sign_in("teacher").get(path).data
    assert len(whole) > 1_000_000
    with ExitStack() as stack:
        stalled = []
        for _number in range(20):
            reader = stack.enter_context(closing(socket.socket()))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", port))
            reader.sendall(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: preau={token}\r\nConnection: close\r\n\r\n".encode()
            )
            stalled.append(reader)
        begun = time.monotonic()
        with closing(ask(port, "/healthz", token)) as other:
            assert other.getresponse().status == 200
        assert time.monotonic() - begun < 5
        stalled[7].settimeout(20)
        received = b"".join(iter(lambda: stalled[7].recv(65536), b""))
    head, _blank, body = received.partition(b"\r\n\r\n")
    assert b"200 OK" in head and body == whole


def test_damage_cuts_the_connection_before_a_wrong_byte_and_what_came_is_resumed_once_repaired(world, port):
    publish(world, *(f"{number}.jpg" for number in range(6)))
    token, path = world.sign_in("teacher").token, f"/classes/{world.cm1.public_id}/album.zip"
    whole = world.sign_in("teacher").get(path).data
    kept = {each.name: each.read_bytes() for each in world.blobs.list_files()}
    row = damage(world)
    with closing(ask(port, path, token)) as connection:
        answer = connection.getresponse()
        assert answer.status == 200 and answer.length == len(whole)
        tag = answer.headers["ETag"]
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)) as cut:
            answer.read()
    received = cut.value.partial if isinstance(cut.value, http.client.IncompleteRead) else b""
    assert whole.startswith(received) and len(received) < len(whole)
    path_of = next(each for each in world.blobs.list_files() if each.name == row.blob_id)
    path_of.write_bytes(kept[row.blob_id])
    with closing(ask(port, path, token, Range=f"bytes={len(received)}-", **{"If-Range": tag})) as connection:
        answer = connection.getresponse()
        assert answer.status == (206 if received else 200) and received + answer.read() == whole
    assert Rendition.select().where(Rendition.damaged_at.is_null(False)).count() == 0
