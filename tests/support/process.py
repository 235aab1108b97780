"""The real server as a process of its own, on a free port, with its own folder."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREAU = "import sys; from appliance.cli import main; sys.exit(main())"


def preau(*arguments: object, **options) -> subprocess.CompletedProcess:
    """Run one `preau` command to its end."""
    command = [sys.executable, "-c", PREAU, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, **options)


def initialise(folder: Path) -> Path:
    """Make a small installation in a folder of its own; its configuration."""
    config = folder / "config.toml"
    done = preau("--config", config, "init", "--non-interactive")
    assert done.returncode == 0, done.stderr
    return config


class Running:
    """A server that answers on `url`; `stop()` asks it politely, `kill()` does not."""

    def __init__(self, process: subprocess.Popen, url: str):
        self.process, self.url = process, url
        self.port = int(url.rsplit(":", 1)[1])

    def stop(self) -> int:
        """SIGTERM, then wait for the end."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Until it holds; a server that ended or a minute that passed fails the test."""
        end = time.monotonic() + 60
        while not condition():
            assert self.process.poll() is None and time.monotonic() < end
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, as a power cut does."""
        self.process.kill()
        self.process.wait(30)


@contextmanager
def serving(config: Path, *arguments: str, environment: dict | None = None, before: str = ""):
    """`preau --config F serve` on a free port, stopped at the end; `before` is run in it first (a fault to come)."""
    command = [
        sys.executable,
        "-c",
        f"{before}\n{PREAU}",
        "--config",
        str(config),
        *(arguments or ("serve", "--port", "0")),
    ]
    log = config.parent / "server.log"
    with log.open("ab") as stderr:
        variables = {**os.environ, **(environment or {})}
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, env=variables)
    try:
        url = ""
        for line in process.stdout:
            found = re.search(r"http://[\w.]+:\d+", line)
            if found and "ready" in line:
                url = found[0]
                break
        if not url:
            raise RuntimeError(f"the server did not start:\n{log.read_text()}")
        yield Running(process, url)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        process.stdout.close()
