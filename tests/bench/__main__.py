"""`make bench`: the product against a Flask hello and clear files on the same server, one run, server and client apart.

The server has one core, this client another. Each figure is also given as a ratio to hello, or to the same bytes in
clear: seconds depend on the machine, ratios much less. `--seconds` is the length of each load, `--check` fails below
the marks.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.bench import media, pictures, school
from tests.bench.client import OneAtATime, Result, load

ROOT = Path(__file__).resolve().parents[2]
SERVER_CORE, CLIENT_CORE = 0, 1
ROUNDS = 4
# The number of each form sent: one sent twice is done once, and would be measured for nothing.
_numbers = itertools.count()

# What must hold, as a ratio (issue “A class lives”, Speed).
MARKS = {
    "feed, warm": ("hello", 0.30),
    "feed, 304": ("hello", 0.33),
    "feed, just published": ("hello, one at a time", 0.06),
    "comment": ("hello", 0.20),
    "picture": ("picture in clear", 0.80),
    **media.MARKS,
}


@contextmanager
def started(*command: str, core: int):
    """A server process on one core; gives its port and its process id."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        for line in process.stdout:
            if "ready on http" in line:
                yield int(line.strip().rsplit(":", 1)[1]), process.pid
                return
        raise SystemExit("the server did not start")
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def get(path: str, **headers: str):
    """A GET, the same each time."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    raw = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n".encode()
    return lambda _number: raw


def post(path: str, form, **headers: str):
    """A POST of a form that differs each time: `form(number)` gives its fields."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    def request(number: int) -> bytes:
        body = urlencode(form(number)).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}Content-Type: application/x-www-form-urlencoded\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return request


def memory(pid: int) -> float:
    """Resident memory in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    return 0.0


class Table:
    """The rows of the report, printed as they come; what each is of its yardstick."""

    def __init__(self):
        self.rates: dict[str, float] = {}
        self.ratios: dict[str, float] = {}
        print(f"{'':34}{'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'MB/s':>9}   ratio")

    def add_in_turn(self, yardstick: str, one, name: str, other, length: dict, expected: int = 200) -> None:
        """Measure (port, request) in turn with that of its yardstick, because a machine is not the same from one
        second to the next; the yardstick gets a line of its own the first time."""
        results = {yardstick: Result(0.0), name: Result(0.0)}
        short = length | {"seconds": length["seconds"] / ROUNDS}
        for _ in range(ROUNDS):
            for label, (port, request) in ((yardstick, one), (name, other)):
                results[label] += load(port, request, **short)
        if yardstick not in self.rates:
            self.add(yardstick, results[yardstick], expected)
        self.add(name, results[name], expected, yardstick, results[yardstick].rate)

    def add(self, name: str, result: Result, expected: int, yardstick: str = "", beside: float = 0.0) -> None:
        """One line; answers with another status than expected end the run: they'd be measured for nothing.

        `beside` is the yardstick's rate where it was measured in turn, else that of its line counts.
        """
        wrong = {status: n for status, n in result.statuses.items() if status != expected}
        if wrong:
            raise SystemExit(f"{name}: expected {expected}, got {wrong}")
        self.rates[name] = result.rate
        times = "".join(f"{result.percentile(share):9.2f}" for share in (0.5, 0.95, 0.99))
        ratio = "     1"
        if yardstick and yardstick != name:
            self.ratios[name] = result.rate / (beside or self.rates[yardstick])
            ratio = f"{self.ratios[name]:6.2f} of {yardstick}"
        print(f"{name:34}{result.rate:9.1f}{times}{result.received / result.seconds / 1e6:9.1f} {ratio}", flush=True)


def run(seconds: float, concurrency: int) -> Table:
    """Measure everything."""
    os.sched_setaffinity(0, {CLIENT_CORE})
    folder = Path(tempfile.mkdtemp(prefix="preau-bench-"))
    bench = school.build(folder)
    (folder / "clear").mkdir()
    sizes = school.clear_copies(bench, folder / "clear")
    picture, document = sizes["picture"] / 1e3, sizes["document"] / 1e6
    print(f"picture {picture:.0f} kB, document {document:.1f} MB, concurrency {concurrency}\n")
    serve = (
        "-c",
        "import sys; from appliance.cli import main; sys.exit(main())",
        "--config",
        str(folder / "config.toml"),
    )
    table, length = Table(), {"seconds": seconds, "concurrency": concurrency}
    with (
        started("-m", "tests.bench.yardstick", str(folder / "clear"), core=SERVER_CORE) as (plain, _pid),
        started(*serve, "serve", "--port", "0", core=SERVER_CORE) as (port, pid),
    ):
        feed, teacher = f"/classes/{bench.classroom}", {"Cookie": bench.cookie("teacher")}
        guardian = {"Cookie": bench.cookie("guardian1")}
        hello, packed = (plain, get("/hello")), {"Accept_Encoding": "gzip"}  # as every browser asks

        def compare(name: str, request, expected: int = 200, **options) -> None:
            table.add_in_turn("hello", hello, name, (port, request), length | options, expected)

        table.add("hello", load(*hello, **length), 200)
        compare("feed, warm", get(feed, **packed, **guardian))
        compare("feed, warm, staff", get(feed, **packed, **teacher))
        tag = _header(port, get(feed, **guardian)(0), "etag")
        compare("feed, 304", get(feed, If_None_Match=tag, **guardian), 304)
        one_by_one(table, plain, port, bench, seconds)
        compare("comment", _comments(bench), 303)
        compare("publication", _publication(bench), 303, concurrency=2, warm_up=2)
        picture = get("/clear/picture"), get(bench.picture, **guardian)
        table.add_in_turn("picture in clear", (plain, picture[0]), "picture", (port, picture[1]), length)
        few, before = {"seconds": seconds, "concurrency": 4, "warm_up": 4}, memory(pid)
        clear, sealed = get("/clear/document"), get(bench.document, **teacher)
        table.add_in_turn("20 MB in clear", (plain, clear), "20 MB", (port, sealed), few)
        downloads = memory(pid)
        span = {"Range": "bytes=9000000-9999999"}
        clear, sealed = get("/clear/document", **span), get(bench.document, **span, **teacher)
        table.add_in_turn("1 MB of 20 in clear", (plain, clear), "1 MB of 20", (port, sealed), length, 206)
        media.measure(table, plain, port, bench, seconds)
        after = memory(pid)
        sign_in = post(
            "/connexion",
            lambda _number: {
                "csrf_token": bench.csrf("visitor"),
                "identifier": "guardian2@bench.test",
                "password": school.PASSWORD,
            },
            Cookie=bench.cookie("visitor"),
        )
        table.add("sign-in", load(port, sign_in, **length), 303, "hello")
        storm(port, table, bench, sign_in, seconds, concurrency, guardian)
        steps = f"{before:.0f} MB before the media, {downloads:.0f} MB after 20 MB files, {after:.0f} MB after uploads"
        print(f"\nmemory: {steps}, {memory(pid):.0f} MB at the end")
    print_sql(bench)
    return table


def _comments(bench):
    """Comments of 24 guardians on 20 posts, each form sent once."""
    forms = [
        post(
            f"/publications/{bench.posts[each % len(bench.posts)]}/commentaires",
            lambda number, who=f"guardian{each}": {
                "csrf_token": bench.csrf(who),
                "text": f"Merci {number}",
                "submission": f"{os.getpid()}c{next(_numbers)}",
            },
            Cookie=bench.cookie(f"guardian{each}"),
        )
        for each in range(24)
    ]
    return lambda number: forms[number % len(forms)](number)


def _publication(bench):
    form = {"csrf_token": bench.csrf("teacher"), "audience": "whole", "act": "publish"}
    return post(
        f"/classes/{bench.classroom}/publications/nouvelle",
        lambda number: form | {"text": f"Une publication {number}", "submission": f"{os.getpid()}p{next(_numbers)}"},
        Cookie=bench.cookie("teacher"),
    )


def one_by_one(table: Table, plain: int, port: int, bench, seconds: float) -> None:
    """On one connection: hello; and, in turn with it, a publication and each of three guardians' first look at the
    feed."""
    hello, result = Result(0.0), Result(0.0)
    lines, publish = (OneAtATime(plain), OneAtATime(port)), _publication(bench)
    looks = [get(f"/classes/{bench.classroom}", Cookie=bench.cookie(f"guardian{n}"))(0) for n in (1, 2, 3)]
    begun = time.perf_counter()
    while time.perf_counter() - begun < 2 * seconds:
        for _ in range(20):
            _ask(lines[0], hello, get("/hello")(0))
        status, _taken, _size = lines[1].ask(publish(0))
        if status != 303:
            raise SystemExit(f"publication: expected 303, got {status}")
        for look in looks:
            _ask(lines[1], result, look)
    for line in lines:
        line.close()
    table.add("hello, one at a time", hello, 200, "hello")
    table.add("feed, just published", result, 200, "hello, one at a time", hello.rate)


def _ask(line: OneAtATime, result: Result, request: bytes) -> None:
    status, taken, size = line.ask(request)
    result.latencies.append(taken)
    result.statuses[status] = result.statuses.get(status, 0) + 1
    result.received += size
    result.seconds += taken


def storm(port: int, table: Table, bench, sign_in, seconds: float, concurrency: int, guardian: dict) -> None:
    """The feed while 16 connections do nothing but sign in."""
    code = "import sys, pickle; from tests.bench.client import load; raw = pickle.loads(sys.stdin.buffer.read()); "
    code += f"load({port}, lambda n: raw, seconds={seconds + 1}, concurrency=16)"
    import pickle

    other = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE)
    other.stdin.write(pickle.dumps(sign_in(0)))
    other.stdin.close()
    time.sleep(0.5)
    result = load(port, get(f"/classes/{bench.classroom}", **guardian), seconds=seconds, concurrency=concurrency)
    other.wait(60)
    table.add("feed during a sign-in storm", result, 200, "hello")


def _header(port: int, request: bytes, name: str) -> str:
    import socket

    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(request)
        head = sock.recv(65536).split(b"\r\n\r\n")[0].decode("latin-1")
    return next(line.split(": ", 1)[1] for line in head.split("\r\n") if line.lower().startswith(name + ":"))


def print_sql(bench) -> None:
    """How many SQL statements each page takes, counted in this process."""
    from appliance import app as composition
    from appliance.storage.database import db

    app, counted = composition.create_app(bench.config), []
    plain = db.obj.execute_sql
    db.obj.execute_sql = lambda sql, *rest, **options: (counted.append(sql), plain(sql, *rest, **options))[1]
    print("\nSQL statements: ", end="")
    for name, path, who in (
        ("feed cold", f"/classes/{bench.classroom}", "guardian2"),
        ("feed warm", f"/classes/{bench.classroom}", "guardian2"),
        ("feed, staff, cold", f"/classes/{bench.classroom}", "teacher"),
        ("home cold", "/", "guardian2"),
        ("picture", bench.picture, "guardian2"),
    ):
        counted.clear()
        with app.test_client(use_cookies=False) as client:
            answer = client.get(path, headers={"Cookie": bench.cookie(who)})
            answer.close()
        if answer.status_code != 200:
            raise SystemExit(f"{name}: expected 200, got {answer.status_code}")
        print(f"{name} {len(counted)}", end=" · ")
    print()
    db.obj.execute_sql = plain


def main() -> int:
    """Parse, measure, compare with the marks."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="length of each load (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--check", action="store_true", help="exit 1 when a mark is missed")
    options = parser.parse_args()
    table, missed = run(options.seconds, options.concurrency), []
    print("\nmarks:")
    for name, (yardstick, mark) in MARKS.items():
        ratio = table.ratios[name]
        print(f"  {'ok  ' if ratio >= mark else 'MISS'} {name}: {ratio:.2f} of {yardstick}, mark {mark:.2f}")
        missed += [name] if ratio < mark else []
    cost = pictures.report()
    print(f"  {'ok  ' if cost <= 1.3 else 'MISS'} 12 MP to three renditions: {cost:.2f} of the bare script, mark 1.30")
    missed += ["12 MP"] if cost > 1.3 else []
    sign_ins = table.rates["sign-in"]
    print(f"  {'ok  ' if sign_ins >= 30 else 'MISS'} sign-in: {sign_ins:.0f} a second on a core, mark 30")
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
