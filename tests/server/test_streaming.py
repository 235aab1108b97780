"""Films from the real server: readers that stall hold up nobody, and none of them costs memory."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import installation
from tests.support.served import School, film, memory

pytestmark = [pytest.mark.server, pytest.mark.slow]
LENGTH = (24 << 20) + 17


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A school with a film that is ready; its address."""
    school = School(tmp_path_factory.mktemp("watched"))
    with school.serving():
        url = school.client.create(LENGTH)
        school.client.send(url, film, LENGTH)
    media = url.rsplit("/", 1)[1]
    installation.ask("settle", school.config, media)
    return school, f"/medias/{media}/video"


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_fifty_readers_that_stall_in_a_film_block_nobody(watched):
    school, url = watched
    with school.serving() as server, ExitStack() as stack:
        assert school.client.ask("GET", url)[0] == 200
        before = resident(server.process.pid)
        request = f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: preau={school.client.token}\r\n\r\n".encode()
        for _ in range(50):
            reader = stack.enter_context(socket.create_connection(("127.0.0.1", school.client.port)))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            reader.sendall(request)
            assert reader.recv(12) == b"HTTP/1.1 200"
        for size in (1, 100_000):
            begun = time.monotonic()
            status, _headers, body = school.client.ask("GET", url, Range=f"bytes=5000-{5000 + size - 1}")
            assert (status, body) == (206, film(5000, size)) and time.monotonic() - begun < 2
        assert resident(server.process.pid) - before < 50 * (2 << 20), memory(server.process.pid)


def test_a_whole_film_costs_no_memory(watched):
    school, url = watched
    with school.serving() as server:
        school.client.ask("GET", url, Range="bytes=0-1000000")
        before = resident(server.process.pid)
        status, _headers, body = school.client.ask("GET", url)
        assert status == 200 and body == film(0, LENGTH)
        assert resident(server.process.pid) - before < 8 << 20
