"""The first set-up in the browser: questions, a key on paper, the work, a list that ends green; then never again.

It listens on loopback, on a port of its own: the service that it starts takes 8080 while the last page is still read.
"""

import contextlib
import dataclasses
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import waitress

from appliance.core.errors import ConfigError
from appliance.server import notify
from installer import apply, checklist, front, trials
from installer.answers import GROUPS, Answers
from installer.ceremony import Ceremony
from installer.door import Door

PORT = 8079
CONSOLE = Path("/dev/console")
IDLE = 3600.0  # seconds after the end during which the codes can still be read
_LINGER = 3.0  # seconds for the last page to get its style sheets


@dataclasses.dataclass
class Work:
    """The answers being carried out: each step as it begins, then what was done or why not."""

    steps: list[str] = dataclasses.field(default_factory=list)
    state: str = "running"
    done: dict[str, str] = dataclasses.field(default_factory=dict)
    error: str = ""

    def hear(self, line: str) -> None:
        """One line of the child."""
        said = json.loads(line)
        if "step" in said:
            self.steps.append(said["step"])
        elif "error" in said:
            self.state, self.error = "failed", said["error"]
        else:
            self.done, self.state = said["done"], "done"


class Wizard:
    """What one set-up knows while it lasts; nothing of it is written before it is carried out, but the key."""

    def __init__(self, config: Path, *, data: Path = apply.DATA, port: int = PORT, show: Callable[[str], None] = print):
        self.config, self.data, self.port = config, data, port
        self.answers = Answers(backup_to=str(data / "backups"))
        self.passed: set[str] = set()
        self.door = Door(show)
        self.ceremony: Ceremony | None = None
        self.work: Work | None = None
        self.is_over = False
        self._rates: dict[int, float] = {}
        self._lock = threading.Lock()

    @property
    def rates(self) -> dict[int, float]:
        """How fast this machine encrypts; measured once, when it is first asked."""
        with self._lock:
            self._rates = self._rates or trials.measure_ciphers()
            return self._rates

    @property
    def is_asked(self) -> bool:
        """Whether every group was answered."""
        return self.passed >= set(GROUPS)

    def begin_ceremony(self) -> Ceremony:
        """The key and its sheets, the same until they are asked for anew."""
        with self._lock:
            if self.ceremony is None:
                self.ceremony = Ceremony(apply.find_key(self.config), self.answers.public_url)
            self.ceremony.where = self.answers.public_url
            return self.ceremony

    def begin_work(self) -> None:
        """Keep the key and carry the answers out, once at a time."""
        with self._lock:
            if self.work is not None and self.work.state != "failed":
                return
            self.ceremony.keep()
            self.work = Work()
        answers = self.answers
        if answers.cipher == "auto":  # what was shown is what is done
            answers = dataclasses.replace(answers, cipher=trials.choose_cipher(self.rates))
        threading.Thread(target=self._follow, args=(self.work, answers), daemon=True).start()

    def _follow(self, work: Work, answers: Answers) -> None:
        environment = {**os.environ, "PYTHONPATH": str(trials.ROOT)}
        asked = {"config": str(self.config), "data": str(self.data), "port": self.port}
        asked["answers"] = dataclasses.asdict(answers)
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "installer.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=environment, cwd="/",
            )  # fmt: skip
            with child:
                json.dump(asked, child.stdin)
                child.stdin.close()
                for line in child.stdout:
                    work.hear(line)
        except (OSError, ValueError) as error:
            work.state, work.error = "failed", str(error)
        if work.state == "running":
            work.state, work.error = "failed", f"installer.child: {child.returncode}"

    def look(self) -> list[checklist.Result]:
        """The list that ends the set-up."""
        return checklist.look(self.config)

    @property
    def is_elsewhere(self) -> bool:
        """Whether this machine was set up on a terminal meanwhile."""
        return self.config.exists() and self.work is None

    def finish(self) -> None:
        """Answer a little longer, then stop for ever."""
        self.is_over = True
        threading.Timer(_LINGER, _stop_process).start()


def _stop_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _watch(wizard: Wizard) -> None:
    """Stop when somebody has set the machine up elsewhere, or when nobody comes back for the end."""
    finished_at = None
    while not wizard.is_over:
        time.sleep(2)
        if wizard.work is not None and wizard.work.state == "done":
            finished_at = finished_at or time.monotonic()
        if wizard.is_elsewhere or (finished_at and time.monotonic() - finished_at > IDLE):
            _stop_process()
            return


def serve(config: Path, *, data: Path = apply.DATA, port: int = PORT) -> int:
    """Ask in the browser until the machine is set up; ConfigError when it is already."""
    from installer.shell import create_app

    if config.exists():
        raise ConfigError(f"{config} is there: this machine is set up. To change something: preau setup --only GROUP")
    signal.signal(signal.SIGTERM, _stop)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is load, not news
    listener = socket.create_server(("127.0.0.1", port))  # who reads the secret finds the door there
    fingerprint = ""
    try:
        fingerprint = front.open_nginx(port)
        wizard = Wizard(config, data=data, port=port, show=lambda secret: _show(secret, port, fingerprint))
        server = waitress.create_server(
            create_app(wizard), sockets=[listener], threads=4, ident=None, max_request_body_size=100_000,
            trusted_proxy="127.0.0.1", trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
            trusted_proxy_count=1, clear_untrusted_proxy_headers=True,
        )  # fmt: skip
        threading.Thread(target=_watch, args=(wizard,), daemon=True).start()
        notify("READY=1")
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
    finally:
        notify("STOPPING=1")
        listener.close()
        if config.exists() and fingerprint:
            apply.end_wizard(config)
        front.close_nginx()
    return 0


def _show(secret: str, port: int, fingerprint: str) -> None:
    """The secret goes where only who stands before the machine, or reads its journal, sees it."""
    message = front.write_message(secret, port, fingerprint)
    print(message, flush=True)
    if "INVOCATION_ID" in os.environ:  # started by systemd: what is printed goes to the journal alone
        with contextlib.suppress(OSError), open(os.open(CONSOLE, os.O_WRONLY | os.O_NOCTTY), "wb") as console:
            console.write(message.replace("\n", "\r\n").encode())


def _stop(_signal, _frame) -> None:
    raise SystemExit(0)
