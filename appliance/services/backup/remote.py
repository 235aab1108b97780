"""Backups on another machine over SSH: a folder there, and nothing but a shell and the usual commands."""

import contextlib
import errno
import os
import pwd
import re
import secrets
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from appliance.services.backup.targets import PARTIAL, TargetError

# What is handed to ssh is never taken for an option of it, nor by a shell.
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,253}")


def _parse(url: str) -> tuple[str, str, int, str]:
    """(user, host, port, folder) of an address; TargetError when it is none."""
    try:
        parts = urlsplit(url)
        user, host, port = parts.username or "preau", parts.hostname or "", parts.port or 22
    except ValueError:
        user = host = ""
    fine = _USER.fullmatch(user) and _HOST.fullmatch(host) and parts.path.startswith("/")
    if not fine or parts.password is not None or "?" in url or "#" in url:
        raise TargetError("a place over SSH is written ssh://USER@HOST/FOLDER, or ssh://USER@HOST:PORT/FOLDER")
    return user, host, port, parts.path


def _as_service() -> dict[str, object]:
    """Typed by root, ssh is the service's all the same: its key, its known hosts."""
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam("preau")
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}


class Ssh:
    """A folder of another machine, with nothing there but a shell: `ssh://USER@HOST[:PORT]/FOLDER`.

    The key and the known host are the service's own: /var/lib/preau/.ssh. One connection serves for all.
    """

    def __init__(self, url: str, runtime: Path):
        user, host, port, folder = _parse(url)
        self.root, self.where = folder.rstrip("/") or "/", f"{user}@{host}"
        control = runtime / f"ssh-{secrets.token_hex(4)}"
        self.command = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15"]
        self.command += ["-o", "ControlMaster=auto", "-o", f"ControlPath={control}", "-o", "ControlPersist=30"]
        self.command += ["-o", "StrictHostKeyChecking=yes", "-p", str(port), "--", self.where]

    def __str__(self) -> str:
        return f"{self.where}:{self.root}"

    def _run(self, script: str, pieces: Iterable[bytes] = ()) -> bytes:
        try:
            process = subprocess.Popen(
                [*self.command, script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **_as_service(),
            )
        except FileNotFoundError as error:
            raise TargetError("ssh is not installed: apt install openssh-client") from error
        with process:
            try:
                for piece in pieces:
                    process.stdin.write(piece)
            except BrokenPipeError:
                pass  # the other side says why, below
            except BaseException:
                process.kill()
                raise
            output, errors = process.communicate()
        if process.returncode:
            raise TargetError(f"{self}: {errors.decode(errors='replace').strip() or process.returncode}")
        return output

    def _path(self, name: str) -> str:
        return shlex.quote(f"{self.root}/{name}")

    def prepare(self) -> None:
        """Make the folder; TargetError when it can't be reached or written."""
        self._run(f"umask 077 && mkdir -p {shlex.quote(self.root)} && test -w {shlex.quote(self.root)}")

    def put(self, name: str, pieces: Iterable[bytes], size: int | None = None) -> None:
        """Write a file durably under its name. A cut looks like an end over there, so a file gets its name only when
        all of its bytes have arrived."""
        folder, _slash, last = name.rpartition("/")
        partial = self._path(f"{folder}/.{last}.{secrets.token_hex(4)}{PARTIAL}".lstrip("/"))
        write = f"set -e; umask 077; mkdir -p {self._path(folder)}; cat > {partial}; "
        lost = "{{ echo not all bytes arrived >&2; exit 1; }}"
        finish = (
            f'test "$(stat -c %s {partial})" -eq {{}} || {lost}; sync {partial}; mv -f {partial} {self._path(name)}'
        )
        finish += f"; sync {self._path(folder)}"
        if size is not None:
            self._run(write + finish.format(size), pieces)
            return
        sent = 0

        def counted() -> Iterator[bytes]:
            nonlocal sent
            for piece in pieces:
                sent += len(piece)
                yield piece

        self._run(write, counted())
        self._run("set -e; " + finish.format(sent))

    def open(self, name: str) -> BinaryIO:
        """Read a file; FileNotFoundError."""
        script = f"test -f {self._path(name)} || exit 44; exec cat {self._path(name)}"
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([*self.command, script], **quiet, **_as_service())
        return _Reading(process, name, self)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(name, size) of the files below a prefix that are whole."""
        root = self._path(prefix)
        script = f"test -d {root} || exit 0; find {root} -type f ! -name '*{PARTIAL}' -printf '%s %P\\n'"
        for line in self._run(script).decode(errors="replace").split("\n"):
            size, _blank, name = line.partition(" ")
            if line and not size.isdigit():
                raise TargetError(f"{self}: the files in {prefix} cannot be listed, a name holds a line break")
            if line:
                yield f"{prefix}/{name}".lstrip("/"), int(size)

    def delete(self, name: str) -> None:
        """Remove a file, and the folder that it leaves empty."""
        folder = self._path(name.rpartition("/")[0])
        self._run(f"rm -f {self._path(name)}; rmdir {folder} 2>/dev/null || true")

    def sweep(self) -> None:
        """Remove what interrupted backups left half-written."""
        self._run(f"find {shlex.quote(self.root)} -name '.*{PARTIAL}' -delete 2>/dev/null || true")


class _Reading:
    """The output of a process, which must end well for its end to be the file's."""

    def __init__(self, process: subprocess.Popen, name: str, target: Ssh):
        self.process, self.name, self.target = process, name, target

    def read(self, size: int = -1) -> bytes:
        """The next bytes; an end that is not the file's is an error."""
        piece = self.process.stdout.read(size)
        if not piece or size < 0:
            code = self.process.wait()
            if code == 44:
                raise FileNotFoundError(self.name)
            if code == 1:  # the line is sound, the file over there is not
                raise OSError(errno.EIO, f"{self.target}: {self.name} cannot be read there")
            if code:
                raise TargetError(f"{self.target}: reading {self.name} ended with {code}")
        return piece

    def close(self) -> None:
        """Stop reading."""
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()
