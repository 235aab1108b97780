"""What the set-up does to the machine outside Préau's own folders: owners, systemd, the web server. Each is a no-op
where that part is not installed."""

import grp
import itertools
import os
import pwd
import re
import secrets
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from appliance.core.errors import ConfigError

USER = "preau"
UNITS = Path("/etc/systemd/system")
_PORT = re.compile(r"preau@([0-9]{1,5})\.service")


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


def keep_aside(path: Path) -> None:
    """Give a file that is about to be replaced a second name: NAME.1, NAME.2…"""
    if path.exists():
        asides = (path.with_name(f"{path.name}.{number}") for number in itertools.count(1))
        os.link(path, next(aside for aside in asides if not aside.exists()))


def give(folder: Path, mode: int = 0o700) -> None:
    """A folder that belongs to the service's user; only root may have put a link in its place, to another disk."""
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    user = find_user()
    if not user or os.geteuid() != 0:
        return
    if folder.is_symlink() and folder.lstat().st_uid == 0:
        folder = folder.resolve()
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{folder} is no folder, or a link that is not root's: {error.strerror}") from None
    try:
        os.fchown(descriptor, *user)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def give_within(base: Path, folder: Path) -> None:
    """A folder inside one of the service's user: made by that user, so that no link in there leads root elsewhere."""
    give(base)
    done = subprocess.run(
        ["mkdir", "-p", "-m", "700", "--", folder], capture_output=True, text=True, stdin=subprocess.DEVNULL,
        umask=0o077, cwd="/", **be_service(),
    )  # fmt: skip
    if done.returncode:
        raise ConfigError(f"{done.stderr.strip()}: give the folder to the service, install -d -o {USER} {folder}")


def be_service() -> dict[str, object]:
    """What makes a program started by root run as the service's user."""
    user = find_user() if os.geteuid() == 0 else None
    return {"user": user[0], "group": user[1], "extra_groups": []} if user else {}


def enable_site(nginx: Path, text: str) -> str:
    """Put Préau's site in force; what nginx has against it, and then everything is as it was."""
    available, enabled = nginx / "sites-available/preau", nginx / "sites-enabled/preau"
    stock, welcome = nginx / "sites-enabled/default", "/etc/nginx/sites-available/default"
    before = available.read_bytes() if available.exists() else None
    is_new = not enabled.is_symlink()
    hides = stock.is_symlink() and os.readlink(stock) == welcome  # Debian's page would answer in our place
    changed = write(available, text, 0o644) or is_new or hides
    if is_new:
        enabled.symlink_to(available)
    if hides:
        stock.unlink()
    code, said = run("nginx", "-t")
    if code == 0:
        if changed:
            reload("nginx.service")
        return ""
    if hides:
        stock.symlink_to(welcome)
    if is_new:
        enabled.unlink()
    if before is None:
        available.unlink()
    else:
        write(available, before, 0o644)
    return said or "it says nothing"


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


def list_ports() -> list[int]:
    """The ports of the further processes, preau@PORT, that start with the first; in order."""
    found = (_PORT.fullmatch(path.name) for path in UNITS.glob("*.wants/preau@*.service"))
    return sorted({int(each[1]) for each in found if each})


def choose_ports(first: int, count: int) -> list[int]:
    """The ports of so many processes, the first one's among them: those that are there stay, the next free numbers
    are added."""
    known = [port for port in list_ports() if port != first][: count - 1]
    new = (port for port in range(first + 1, first + 2 * count + len(known)) if port not in known)
    return [first, *sorted([*known, *itertools.islice(new, count - 1 - len(known))])]


def keep_ports(ports: Collection[int]) -> str:
    """Have a process listen on each of these ports and on no other; what went wrong, or nothing."""
    for port in list_ports():
        if port not in ports and has_systemd():
            run("systemctl", "disable", "--now", f"preau@{port}.service", seconds=180)
    problems = [start(f"preau@{port}.service", again=False) for port in ports]
    return "\n".join(problem for problem in problems if problem)


def reload(unit: str) -> str:
    """Have a unit read its files again without dropping anyone, or start it; what went wrong, or nothing."""
    if not has_systemd():
        return ""
    run("systemctl", "enable", unit)
    code, said = run("systemctl", "reload-or-restart", unit)
    return "" if code == 0 else said
