"""Carries the answers out in a process of its own, because opening the database as the service's user cannot be undone.

Reads one JSON object; writes one a line: each step, then what was done or why not.
"""

import json
import sys
from pathlib import Path

from appliance.core.errors import ConfigError, DomainError
from installer import apply
from installer.answers import Answers


def main() -> None:
    """One set-up. A first one that fails leaves no configuration, so that it can be asked again."""
    asked = json.load(sys.stdin)
    path = Path(asked["config"])
    first = not path.exists()

    def say(**said) -> None:
        print(json.dumps(said), flush=True)

    try:
        done = apply.apply(
            path,
            Answers(**asked["answers"]),
            lambda step: say(step=step),
            data=Path(asked["data"]),
            wizard=asked["port"],
        )
    except Exception as error:
        if first:
            path.unlink(missing_ok=True)
        expected = isinstance(error, ConfigError | DomainError | OSError)
        text = str(getattr(error, "message", error))
        say(error=text if expected and text else f"{type(error).__name__}: {text}")
    else:
        say(done=done)


if __name__ == "__main__":
    main()
