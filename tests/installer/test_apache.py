"""The site for Apache, tried: a real Apache with TLS in front of a recorder, then of a real server."""

import contextlib
import http.client
import http.cookiejar
import io
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from PIL import Image

from appliance.core import config as configuration
from installer import certificates, settings, sites
from tests.support import installation
from tests.support.process import preau, serving
from tests.support.served import film
from tests.support.tus import PIECE, checksum, pairs
from tests.support.waiting import is_open, wait_for

pytestmark = pytest.mark.server
MODULES = Path("/usr/lib/apache2/modules")
# Those that the site's first line names, and what Debian enables by itself.
WANTED = "mpm_event authz_core authz_host alias ssl proxy proxy_http headers http2 reqtimeout socache_shmcb".split()
PASSWORD = "quatre chevaux bleus dansent"
LYING = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "ailleurs.example",
    "Forwarded": "for=203.0.113.9",
}


def find_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Apache:
    """One Apache before one port: `ask` talks to it over TLS; `spool` is where it would put what it does not stream."""

    def __init__(self, program: str, folder: Path, config: configuration.Config):
        self.folder, self.spool = folder, folder / "spool"
        self.spool.mkdir(mode=0o777)
        self.spool.chmod(0o777)
        self.port = config_port(config)
        certificate, key = certificates.make_self_signed("localhost", datetime.now(UTC))
        sites.CERTIFICATE.write_bytes(certificate)
        sites.KEY.write_bytes(key)
        self.trust = ssl.create_default_context(cafile=str(sites.CERTIFICATE))
        clear = find_port()
        site = sites.write_apache(config, "localhost").replace("*:443", f"*:{self.port}").replace("*:80", f"*:{clear}")
        lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in WANTED]
        lines += [f"Listen 127.0.0.1:{port}" for port in (clear, self.port)]
        lines += [f"DefaultRuntimeDir {folder}", f"PidFile {folder}/pid", f"ErrorLog {folder}/log", "LogLevel warn"]
        lines += ["User www-data", "Group www-data", "ServerName localhost"]
        (folder / "apache.conf").write_text("\n".join(lines) + "\n" + site)
        command = [program, "-DFOREGROUND", "-f", folder / "apache.conf", "-d", folder]
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stderr=log, env={"PATH": os.defpath, "TMPDIR": str(self.spool)}
            )  # fmt: skip

    def wait(self) -> None:
        """Until it answers."""
        log = self.folder / "log"

        def answers() -> bool:
            assert self.process.poll() is None, log.read_text()
            return is_open(self.port)

        wait_for(answers, why=log.read_text)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str):
        """(status, headers, body) over TLS, the certificate being verified."""
        with contextlib.closing(
            http.client.HTTPSConnection("localhost", self.port, context=self.trust, timeout=30)
        ) as link:
            link.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            with link.getresponse() as answer:
                return answer.status, answer.headers, answer.read()

    def was_spooled(self, since: int) -> bool:
        """Whether a file was made where Apache would put a body, even one that is gone again."""
        return self.spool.stat().st_mtime_ns != since


def config_port(config: configuration.Config) -> int:
    return int(config.server.public_url.rsplit(":", 1)[1])


@contextlib.contextmanager
def apache_before(needs, monkeypatch, config: configuration.Config):
    program = needs("apache2")
    folder = Path(tempfile.mkdtemp(prefix="preau-apache-"))  # its workers are another user, and must reach it
    folder.chmod(0o755)
    monkeypatch.setattr(sites, "CERTIFICATE", folder / "certificate.pem")
    monkeypatch.setattr(sites, "KEY", folder / "key.pem")
    apache = Apache(program, folder, config)
    try:
        apache.wait()
        yield apache
    finally:
        apache.stop()
        shutil.rmtree(folder)


class Recorder(threading.Thread):
    """Stands where the service would: keeps what Apache sends on, and answers 200."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heads: list[str] = []
        self.received, self.half = 0, threading.Event()

    def run(self):
        while True:
            try:
                link, _address = self.listener.accept()
            except OSError:
                return
            with link, link.makefile("rb") as lines:
                self.answer(link, lines)

    def answer(self, link: socket.socket, lines) -> None:
        head = b"".join(iter(lines.readline, b"\r\n")).decode("latin-1")
        self.heads.append(head)
        found = re.search(r"(?im)^Content-Length: (\d+)", head)
        self.received, length = 0, int(found[1]) if found else 0
        while self.received < length and (piece := lines.read1(65536)):
            self.received += len(piece)
            if self.received >= length // 4:
                self.half.set()
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def values(head: str, name: str) -> list[str]:
    return re.findall(rf"(?im)^{name}: *(.*?)\r?$", head)


@pytest.fixture
def recorded(needs, monkeypatch):
    """An Apache before a recorder."""
    recorder = Recorder()
    recorder.start()
    text = settings.change(
        configuration.example(),
        {"server": {"port": recorder.port, "public_url": f"https://localhost:{find_port()}"}},
    )
    config = configuration.parse(text, name="test", folder=Path("/srv/preau"))
    with apache_before(needs, monkeypatch, config) as apache:
        yield apache, recorder
    recorder.listener.close()


def test_the_service_is_told_who_asks_and_nobody_can_lie_about_it(recorded):
    apache, recorder = recorded
    assert apache.ask("GET", "/", **{name.replace("-", "_"): value for name, value in LYING.items()})[0] == 200
    (head,) = recorder.heads
    assert values(head, "X-Forwarded-For") == ["127.0.0.1"] and values(head, "X-Forwarded-Proto") == ["https"]
    assert values(head, "Host") == [f"localhost:{apache.port}"]
    assert "203.0.113.9" not in head and "ailleurs.example" not in head


def test_a_piece_of_a_film_passes_while_it_is_still_being_sent(recorded):
    apache, recorder = recorded
    since = apache.spool.stat().st_mtime_ns
    head = f"PATCH /televersements/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {PIECE}\r\n\r\n".encode()
    with (
        socket.create_connection(("127.0.0.1", apache.port), 30) as link,
        apache.trust.wrap_socket(link, server_hostname="localhost") as secured,
    ):
        secured.sendall(head + film(0, PIECE // 2))
        assert recorder.half.wait(20), "Apache waits for the whole body before it sends any of it on"
        secured.sendall(film(PIECE // 2, PIECE // 2))
        assert secured.recv(12) == b"HTTP/1.1 200"
    assert recorder.received == PIECE and not apache.was_spooled(since)


def test_old_tls_and_metrics_are_refused(recorded):
    apache, recorder = recorded
    old = ssl.create_default_context(cafile=str(sites.CERTIFICATE))
    old.set_ciphers("DEFAULT@SECLEVEL=0")  # this end would take it
    with pytest.warns(DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", apache.port), 10) as link:
        old.wrap_socket(link, server_hostname="localhost")
    assert apache.ask("GET", "/metrics")[0] == 403 and recorder.heads == []


@pytest.fixture
def school(needs, monkeypatch, tmp_path):
    """A real server behind Apache: its configuration is what the set-up writes for it."""
    path = tmp_path / "data/config.toml"
    made = installation.ask("make", path)
    behind = {"host": "127.0.0.1", "port": find_port(), "trusted_proxy": "127.0.0.1", "workers": 1}
    settings.save(path, {"server": {**behind, "public_url": f"https://localhost:{find_port()}"}})
    done = preau("--config", path, "account", "create", "--email", "anne@demo.test", "--office", "admin",
                 "--password-stdin", input=PASSWORD)  # fmt: skip
    assert done.returncode == 0, done.stderr
    config = configuration.load(path)
    with (
        apache_before(needs, monkeypatch, config) as apache,
        serving(path, "serve", "--port", str(config.server.port)),
    ):
        yield apache, made, path


def test_a_person_signs_in_over_https_and_is_known_by_their_own_address(school):
    apache, _made, path = school
    jar, address = http.cookiejar.CookieJar(), f"https://localhost:{apache.port}"
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=apache.trust), urllib.request.HTTPCookieProcessor(jar)
    )
    opener.addheaders = [*LYING.items(), ("Referer", f"{address}/connexion")]
    with opener.open(f"{address}/connexion") as answer:
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())[1]
    fields = {"csrf_token": token, "identifier": "anne@demo.test", "password": PASSWORD}
    with opener.open(f"{address}/connexion", urlencode(fields).encode()) as answer:
        page = answer.read().decode()
        assert answer.status == 200 and answer.url.startswith(address) and 'action="/connexion"' not in page
    assert [(each.name, each.secure) for each in jar] == [("__Host-preau", True)]
    sources = read_sources(path)
    assert "127.0.0.0/24" in sources and not [each for each in sources if each.startswith("203.")]


def read_sources(path: Path) -> set[str]:
    """The networks that the journal knows."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(path.parent / "preau.db")) as rows:
        return {
            json.loads(bytes(entry))["source"]["network"] for (entry,) in rows.execute("SELECT entry FROM audit_entry")
        }


def test_a_picture_goes_in_and_a_part_of_it_comes_out(school):
    apache, made, _path = school
    drawn = io.BytesIO()
    Image.effect_noise((1600, 1200), 90).convert("RGB").save(drawn, "JPEG", quality=95)
    photo = drawn.getvalue()
    url = create(apache, made, len(photo), "photo.jpg")
    status, _headers, body = patch(apache, made, url, photo)
    assert status == 204, body
    media = url.rsplit("/", 1)[1]
    wait_for(lambda: json.loads(apache.ask("GET", f"{url}/etat", **signed(made))[2])["state"] == "ready")
    address = f"/medias/{media}/large"
    status, _headers, whole = apache.ask("GET", address, **signed(made))
    assert status == 200 and whole.startswith(b"\xff\xd8")
    status, headers, part = apache.ask("GET", address, **signed(made), Range="bytes=1000-1999")
    assert status == 206 and part == whole[1000:2000]
    assert headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"


def test_a_piece_of_four_mebibytes_is_kept_and_spooled_nowhere(school):
    apache, made, _path = school
    since = apache.spool.stat().st_mtime_ns
    url = create(apache, made, 2 * PIECE, "film.mp4")
    status, headers, body = patch(apache, made, url, film(0, PIECE))
    assert (status, headers["Upload-Offset"]) == (204, str(PIECE)), body
    assert not apache.was_spooled(since)


def signed(made: dict) -> dict[str, str]:
    return {"Cookie": f"__Host-preau={made['token']}", "Tus_Resumable": "1.0.0"}


def create(apache: Apache, made: dict, length: int, name: str) -> str:
    metadata = pairs(filename=name, classroom=made["classroom"])
    status, headers, body = apache.ask(
        "POST", "/televersements", b"", **signed(made), Upload_Length=str(length), Upload_Metadata=metadata,
        Content_Type="application/offset+octet-stream",
    )  # fmt: skip
    assert status == 201, (status, body)
    return headers["Location"].removeprefix(f"https://localhost:{apache.port}")


def patch(apache: Apache, made: dict, url: str, piece: bytes):
    return apache.ask(
        "PATCH", url, piece, **signed(made), Upload_Offset="0", Upload_Checksum=checksum(piece),
        Content_Type="application/offset+octet-stream",
    )  # fmt: skip
