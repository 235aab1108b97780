"""Uploads piece by piece, against the same bytes written in clear, and synced, by the same server."""

import base64
import os
import time
from urllib.parse import quote

from tests.bench.client import OneAtATime, Result

PIECE = 4 << 20
PIECES = 16  # of each file
# What must hold, as a ratio.
MARKS = {
    "20 MB": ("20 MB in clear", 0.80),
    "1 MB of 20": ("1 MB of 20 in clear", 0.80),
    "upload": ("upload in clear", 0.60),
}
_BYTES = os.urandom(PIECE)


def measure(table, plain: int, port: int, bench, seconds: float) -> None:
    """Two lines: pieces in clear, pieces as tus brings them; the last byte is never sent, so nothing is processed."""
    in_turn = {"upload in clear": Result(0.0), "upload": Result(0.0)}
    rounds = max(2, round(seconds / 2))
    for number in range(2 * rounds):  # in turn, because a disk is not the same from one minute to the next
        if number % 2:
            _send_by_tus(port, bench, in_turn["upload"])
        else:
            _send_in_clear(plain, in_turn["upload in clear"])
    for name, result in in_turn.items():
        table.add(name, result, 204, "upload in clear")


def _ask(line: OneAtATime, result: Result, raw: bytes) -> None:
    status, taken, _size = line.ask(raw)
    result.latencies.append(taken)
    result.statuses[status] = result.statuses.get(status, 0) + 1
    result.received += PIECE
    result.seconds += taken


def _send_in_clear(port: int, result: Result) -> None:
    line = OneAtATime(port)
    for number in range(PIECES):
        head = f"POST /append/{'first' if number == 0 else 'next'} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        _ask(line, result, f"{head}Content-Length: {PIECE}\r\n\r\n".encode() + _BYTES)
    line.close()


def _send_by_tus(port: int, bench, result: Result) -> None:
    line, common = OneAtATime(port), f"Host: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nCookie: {bench.cookie('teacher')}\r\n"
    pairs = f"classroom {base64.b64encode(bench.classroom.encode()).decode()}"
    length = PIECE * PIECES + 1
    create = f"POST /televersements HTTP/1.1\r\n{common}Upload-Length: {length}\r\nUpload-Metadata: {pairs}\r\n"
    line.connection.begin(f"{create}Content-Length: 0\r\n\r\n".encode())
    while line.connection.read(line.buffer) is None:
        pass
    headers = line.connection.head.decode("latin-1").split("\r\n")
    url = quote(next(each.split(": ", 1)[1] for each in headers if each.lower().startswith("location:")))
    film = b"\x00\x00\x00\x20ftypisom" + _BYTES[12:]
    for number in range(PIECES):
        head = f"PATCH {url} HTTP/1.1\r\n{common}Content-Type: application/offset+octet-stream\r\n"
        head += f"Upload-Offset: {number * PIECE}\r\nContent-Length: {PIECE}\r\n\r\n"
        _ask(line, result, head.encode() + film)
    line.ask(f"DELETE {url} HTTP/1.1\r\n{common}Content-Length: 0\r\n\r\n".encode())
    line.close()
    time.sleep(0.05)
