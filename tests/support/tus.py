"""A small tus client of the standard library, on real connections: what a browser's does, and what a bad network does
to it."""

import base64
import hashlib
import http.client
import socket
from contextlib import closing

PIECE = 4 << 20


def pairs(**values: str) -> str:
    """An Upload-Metadata header."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    """An Upload-Checksum header."""
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


class Client:
    """One person's uploads to a server on this machine; `port` may change, as after a restart."""

    def __init__(self, port: int, token: str, classroom: str):
        self.port, self.token, self.classroom = port, token, classroom

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str):
        """(status, headers, body) of one request on a connection of its own."""
        sent = {"Tus-Resumable": "1.0.0", "Cookie": f"preau={self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if method in ("POST", "PATCH"):
            sent.setdefault("Content-Type", "application/offset+octet-stream")
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, sent)
            with connection.getresponse() as answer:
                return answer.status, answer.headers, answer.read()

    def create(self, length: int, name: str = "film.mp4", **metadata: str) -> str:
        """The address of a new upload."""
        values = pairs(filename=name, classroom=self.classroom, **metadata)
        status, headers, body = self.ask("POST", "/televersements", Upload_Length=str(length), Upload_Metadata=values)
        assert status == 201, (status, body)
        return headers["Location"]

    def offset(self, url: str) -> int:
        """How much the server has."""
        status, headers, body = self.ask("HEAD", url)
        assert status == 200, (status, body)
        return int(headers["Upload-Offset"])

    def patch(self, url: str, offset: int, data: bytes):
        """Send one piece."""
        return self.ask("PATCH", url, data, Upload_Offset=str(offset), Upload_Checksum=checksum(data))

    def send(self, url: str, read, length: int, piece: int = PIECE) -> None:
        """Send all that the server lacks; `read(offset, size)` gives the bytes."""
        offset = self.offset(url)
        while offset < length:
            status, headers, body = self.patch(url, offset, read(offset, min(piece, length - offset)))
            assert status == 204, (status, body)
            offset = int(headers["Upload-Offset"])

    def cut(self, url: str, offset: int, data: bytes, sent: int) -> None:
        """Begin to send a piece and lose the network after `sent` bytes of it."""
        head = (
            f"PATCH {url} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nCookie: preau={self.token}\r\n"
            f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(head.encode() + data[:sent])
