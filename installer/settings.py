"""Change some lines of a configuration file and leave all the others, comments too, as the operator wrote them."""

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from appliance.core import config


def change(text: str, changes: Mapping[str, Mapping[str, object]]) -> str:
    """The text of a configuration with these keys set: {"server": {"port": 8080}}."""
    lines = text.splitlines()
    for section, keys in changes.items():
        for key, value in keys.items():
            _set(lines, section, key, f"{key} = {print_value(value)}")
    return "\n".join(lines) + "\n"


def print_value(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else json.dumps(str(value), ensure_ascii=False)


def _set(lines: list[str], section: str, key: str, line: str) -> None:
    header = re.compile(rf"\s*\[{re.escape(section)}\]\s*(#.*)?")
    start = next((number for number, each in enumerate(lines) if header.fullmatch(each)), None)
    if start is None:
        lines += ["", f"[{section}]", line]
        return
    end = next((n for n in range(start + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
    for number in range(start + 1, end):
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[number]):
            lines[number] = line
            return
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    lines.insert(end, line)


def save(path: Path, changes: Mapping[str, Mapping[str, object]], *, mode: int = 0o640) -> bool:
    """Write the changes whole or not at all, after checking that the result is a right configuration; whether anything
    changed."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = change(before or config.example(), changes)
    config.parse(after, name=str(path), folder=path.parent)
    if after == before:
        return False
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(after)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        known = path.stat()
        os.chown(partial, known.st_uid, known.st_gid)
        os.chmod(partial, known.st_mode & 0o777)
    os.replace(partial, path)
    return True
