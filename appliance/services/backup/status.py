"""What the last backup and the last rehearsal gave: one small file beside the media, read by the console."""

import json
import os
from pathlib import Path

from appliance.core import clock

NAME = "backup-status.json"


def read(folder: Path) -> dict:
    """{"backup": {...}, "rehearsal": {...}}, each with at, ok and what it says; empty when nothing was done yet."""
    try:
        return json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def note(folder: Path, what: str, ok: bool, **facts: object) -> None:
    """Keep how the last run ended; the last one that went well is kept too."""
    known = read(folder)
    now = clock.now().isoformat(timespec="seconds")
    entry = {"at": now, "ok": ok, **facts}
    entry["last_ok"] = now if ok else known.get(what, {}).get("last_ok", "")
    known[what] = entry
    partial = folder / f".{NAME}.partial"
    partial.write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(partial, folder / NAME)
