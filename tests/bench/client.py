"""A load generator of one thread and raw sockets: cheap enough that the server, alone on its core, is what is
measured."""

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Result:
    """What one load gave: answers a second, latencies in milliseconds, statuses, bytes."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    received: int = 0

    def __iadd__(self, other: "Result") -> "Result":
        """Both, as one load."""
        self.seconds += other.seconds
        self.latencies += other.latencies
        self.received += other.received
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count
        return self

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in milliseconds under which this share of the answers stays."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection:
    """One keep-alive connection that sends a request, reads the whole answer, and begins again."""

    def __init__(self, address: tuple[str, int]):
        self.address, self.sock = address, None
        self.open()

    def open(self) -> None:
        if self.sock:
            self.sock.close()
        self.sock = socket.create_connection(self.address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self, request: bytes) -> None:
        self.sock.sendall(request)
        self.started, self.head, self.left, self.closes = time.perf_counter(), b"", None, False

    def read(self, buffer: memoryview) -> int | None:
        """Take what has arrived; the status once the answer is complete."""
        count = self.sock.recv_into(buffer)
        if count == 0:
            raise ConnectionError("the server closed the connection")
        if self.left is None:
            self.head += bytes(buffer[:count])
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self.head[:end].lower()
            self.status = int(head[9:12])
            self.closes = b"connection: close" in head
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self.size = size
            self.left = size - (len(self.head) - end - 4)
        else:
            self.left -= count
        return self.status if self.left <= 0 else None


def load(port: int, request: Callable[[int], bytes], *, seconds: float, concurrency: int, warm_up: int = 20) -> Result:
    """Send requests over so many connections for so long; `request(i)` makes the i-th one's bytes."""
    selector, number = selectors.DefaultSelector(), 0
    buffer = memoryview(bytearray(1 << 20))
    connections = [_Connection(("127.0.0.1", port)) for _ in range(concurrency)]
    result = Result(seconds)
    begun = None
    for connection in connections:
        selector.register(connection.sock, selectors.EVENT_READ, connection)
        connection.begin(request(number))
        number += 1
    while True:
        for key, _events in selector.select(10):
            connection = key.data
            status = connection.read(buffer)
            if status is None:
                continue
            now = time.perf_counter()
            if begun is None and number > warm_up:
                begun = now
            elif begun is not None:
                result.latencies.append(now - connection.started)
                result.statuses[status] = result.statuses.get(status, 0) + 1
                result.received += connection.size
            if connection.closes:
                selector.unregister(connection.sock)
                connection.open()
                selector.register(connection.sock, selectors.EVENT_READ, connection)
            connection.begin(request(number))
            number += 1
        if begun is not None and time.perf_counter() - begun > seconds:
            result.seconds = time.perf_counter() - begun
            break
    for connection in connections:
        connection.sock.close()
    return result


class OneAtATime:
    """A single keep-alive connection, for sequences of different requests."""

    def __init__(self, port: int):
        self.connection = _Connection(("127.0.0.1", port))
        self.buffer = memoryview(bytearray(1 << 20))

    def ask(self, request: bytes) -> tuple[int, float, int]:
        """Send one request; the status, the seconds until the whole answer was there, its size."""
        self.connection.begin(request)
        status = None
        while status is None:
            status = self.connection.read(self.buffer)
        taken = time.perf_counter() - self.connection.started
        if self.connection.closes:
            self.connection.open()
        return status, taken, self.connection.size

    def close(self) -> None:
        """End the connection."""
        self.connection.sock.close()
