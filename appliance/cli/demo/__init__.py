"""demo: a living school in one command, on loopback only, kept between two starts."""

import argparse
import contextlib
import dataclasses
import fcntl
import shutil
from pathlib import Path

from appliance.cli import service
from appliance.core.errors import ConfigError

LOOPBACK = ("127.0.0.1", "localhost")
EPILOG = """\
Two classes and a dozen families with posts and photos, made once in the folder and kept. The logins are printed; their
password is public, so that only this machine may open it.

  preau demo
  preau demo --folder school --port 9000
"""


def add_commands(groups) -> None:
    """Declare the command."""
    demo = groups.add_parser(
        "demo",
        help="a living demo school on loopback (made once, then kept)",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    demo.add_argument("--folder", type=Path, default=Path("var/demo"), help="where it lives (default: %(default)s)")
    demo.add_argument("--host", default="127.0.0.1", help="loopback only; anything else is refused")
    demo.add_argument("--port", type=service.port, default=8080, help="port to listen on (default: %(default)s)")
    demo.add_argument("--seed-only", action="store_true", help="make the school and stop")
    demo.set_defaults(run=run_demo)


def run_demo(options) -> None:
    """Seed once, then serve and print the logins."""
    from appliance import app, server
    from appliance.cli.demo import people

    if options.host not in LOOPBACK:
        raise ConfigError("the demo has public passwords: it listens on loopback only. For a school: init and serve.")
    service.set_up_logs()
    try:
        config = prepare(options.folder)
    except OSError as error:
        where = error.filename or options.folder
        raise ConfigError(f"{where}: {error.strerror}. Choose with --folder a place where you may write.") from None
    if options.seed_only:
        return
    address = dataclasses.replace(
        config.server, host=options.host, port=options.port, public_url=f"http://{options.host}:{options.port}"
    )
    config = dataclasses.replace(config, server=address, demo=True)
    application = app.create_app(config)

    def ready(port: int) -> None:
        print(
            f"\nPréau's demo school is ready on http://{options.host}:{port}\n\n  password of all: {people.PASSWORD}\n"
        )
        for login, role in people.LOGINS.items():
            print(f"  {login + '@demo.test':24} {role}")
        print("\nCtrl-C stops it; `make demo-reset` starts over.", flush=True)

    try:
        server.serve(application, config, ready)
    except OSError as error:
        raise ConfigError(f"port {options.port} cannot be used ({error.strerror}). Try: make run PORT=9000") from None


def prepare(folder: Path):
    """The demo's configuration; its school is made if it is not complete yet (a seeding cut short begins again)."""
    from appliance.cli.demo import people, seed
    from appliance.storage import database

    complete, begun, path = folder / "complete", folder / "begun", folder / "config.toml"
    if not complete.exists():
        if begun.exists():
            with _held(begun):
                shutil.rmtree(folder)
        elif folder.exists() and any(folder.iterdir()):  # somebody's own, or a real school
            raise ConfigError(f"{folder} holds other things than a demo. Name a new folder: preau demo --folder F")
        print("Making the demo school, once:", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        with _held(begun):
            service.install(path, people.ACADEMY, people.SCHOOL, storage={"reserve_mb": 0})
            with database.connection():
                seed.seed(lambda text: print(text, flush=True))
            begun.rename(complete)
    return service.install(path, people.ACADEMY, people.SCHOOL)


@contextlib.contextmanager
def _held(begun: Path):
    """The mark of a seeding, held by whoever works on it: another's start would destroy what is being made."""
    with begun.open("a") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"another command is making {begun.parent} now. Wait until it is ready.") from None
        yield
