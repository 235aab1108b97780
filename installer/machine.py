"""What the set-up does to the machine outside Préau's own folders: owners, systemd, the web server. Each is a no-op
where that part is not installed."""

import grp
import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path

USER = "preau"


def run(*command: str, seconds: int = 60) -> tuple[int, str]:
    """(exit code, what it said) of one command; 127 when it is not installed."""
    if shutil.which(command[0]) is None:
        return 127, f"{command[0]} is not installed"
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    return done.returncode, (done.stdout + done.stderr).strip()


def has_systemd() -> bool:
    """Whether systemd runs this machine."""
    return Path("/run/systemd/system").is_dir()


def find_user() -> tuple[int, int] | None:
    """(uid, gid) of the service's user, or None outside the package."""
    try:
        return pwd.getpwnam(USER).pw_uid, grp.getgrnam(USER).gr_gid
    except KeyError:
        return None


def write(path: Path, content: str | bytes, mode: int, *, group: bool = False) -> bool:
    """Write a file whole or not at all, root's (readable by the service's group if `group`); whether it changed."""
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(partial, mode)
    user = find_user()
    if group and user and os.geteuid() == 0:
        os.chown(partial, 0, user[1])
    os.replace(partial, path)
    return True


def give(folder: Path, mode: int = 0o700) -> None:
    """A folder that belongs to the service's user."""
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    user = find_user()
    if user and os.geteuid() == 0:
        os.chown(folder, *user)
        os.chmod(folder, mode)


def reload_units() -> None:
    """Have systemd read the units again."""
    if has_systemd():
        run("systemctl", "daemon-reload")


def start(unit: str, *, again: bool) -> str:
    """Enable and start a unit (anew when its settings changed); what went wrong, or nothing."""
    if not has_systemd():
        return ""
    run("systemctl", "enable", unit)
    code, said = run("systemctl", "restart" if again else "start", unit, seconds=180)
    return "" if code == 0 else said


def reload(unit: str) -> str:
    """Have a unit read its files again without dropping anyone, or start it; what went wrong, or nothing."""
    if not has_systemd():
        return ""
    run("systemctl", "enable", unit)
    code, said = run("systemctl", "reload-or-restart", unit)
    return "" if code == 0 else said
