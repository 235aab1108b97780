"""A worker in a process of its own, on the database of a test: `python -m tests.support.worker URL FOLDER [KILLED_AT]`.

Tasks of kind “outcome-of” leave one row each, of kind “outcome”; KILLED_AT names where the process kills itself.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KIND, OUTCOME = "outcome-of", "outcome"
POINTS = ("claimed", "worked", "writing", "committed")


def start(world, *arguments: str) -> subprocess.Popen:
    """Begin such a process on the world's database; it ends when nothing is due any more."""
    command = [sys.executable, "-m", "tests.support.worker", world.config.database.url, str(world.folder), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(world.folder)})


def main() -> None:
    """Do what is due, then end."""
    from appliance import app
    from appliance.core.ids import new_id
    from appliance.services import work
    from appliance.storage import database
    from tests.support.world import config_for

    url, folder, killed_at = sys.argv[1], Path(sys.argv[2]), (sys.argv[3:] or [""])[0]

    def reach(point: str) -> None:
        if point == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def leave_an_outcome(subject: str, lease: work.Lease) -> None:
        reach("claimed")
        lease.progress(50)
        reach("worked")
        with lease.finish():
            work.Task.create(kind=OUTCOME, subject=f"{subject}-{new_id()}")
            reach("writing")
        reach("committed")

    app.create_app(config_for(url, folder))
    work.register(KIND, leave_an_outcome)
    with database.connection():
        work.run_due()


if __name__ == "__main__":
    main()
