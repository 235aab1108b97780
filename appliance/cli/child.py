"""A child process for what touches the data as their owner: opening the kernel leaves root for good, and what the
command does next, with the keys or the configuration, is root's."""

import os
import sys
import traceback
from collections.abc import Callable


def run_in_child(work: Callable[[], int | None], refused: int = 1) -> int:
    """Do this in a child, which tells what went wrong; its exit code, `refused` where it raised."""
    from appliance.cli import explain

    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = refused
    try:
        code = work() or 0
    except Exception as error:  # the child has no other way to tell
        try:
            print(f"preau: {explain(error)}", file=sys.stderr)
        except Exception:
            traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
