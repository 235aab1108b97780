"""Where backups go: a folder, a machine over SSH, an S3 server on the premises. A file is there whole or not at all."""

import os
import secrets
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

PARTIAL = ".partial"
_PIECE = 1 << 20


class TargetError(Exception):
    """The place of the backups can't be reached or used; the text says which and why."""


class Folder:
    """A folder, on another disk if possible."""

    def __init__(self, root: Path):
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def prepare(self) -> None:
        """Make it when it is not there; TargetError when nothing can be written."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.put("probe", [b"preau"])
            self.delete("probe")
        except OSError as error:
            raise TargetError(f"{self.root} cannot be written: {error.strerror}") from error

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file durably under its name; what was there before is replaced at once or not at all."""
        path = self.root / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            with open(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            _sync_folder(path.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def open(self, name: str) -> BinaryIO:
        """Read a file; FileNotFoundError."""
        return open(self.root / name, "rb")

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(name, size) of the files below a prefix that are whole."""
        for folder, _folders, files in os.walk(self.root / prefix):
            for each in files:
                path = Path(folder) / each
                if not each.endswith(PARTIAL):
                    yield path.relative_to(self.root).as_posix(), path.stat().st_size

    def delete(self, name: str) -> None:
        """Remove a file, and the folder that it leaves empty."""
        path = self.root / name
        path.unlink(missing_ok=True)
        if path.parent != self.root and not any(path.parent.iterdir()):
            path.parent.rmdir()

    def sweep(self) -> None:
        """Remove what interrupted backups left half-written."""
        for path in self.root.rglob(f".*{PARTIAL}"):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Ssh:
    """A folder of another machine, with nothing there but a shell: `ssh://USER@HOST[:PORT]/FOLDER`.

    The key and the known host are the service's own: /var/lib/preau/.ssh. One connection serves for all.
    """

    def __init__(self, url: str, runtime: Path):
        parts = urlsplit(url)
        self.root, self.where = parts.path.rstrip("/") or "/", f"{parts.username or 'preau'}@{parts.hostname}"
        control = runtime / f"ssh-{secrets.token_hex(4)}"
        self.command = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15"]
        self.command += ["-o", "ControlMaster=auto", "-o", f"ControlPath={control}", "-o", "ControlPersist=30"]
        self.command += ["-p", str(parts.port or 22), self.where]

    def __str__(self) -> str:
        return f"{self.where}:{self.root}"

    def _run(self, script: str, pieces: Iterable[bytes] = ()) -> bytes:
        try:
            process = subprocess.Popen(
                [*self.command, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
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

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file durably under its name."""
        folder, _slash, last = name.rpartition("/")
        partial = self._path(f"{folder}/.{last}.{secrets.token_hex(4)}{PARTIAL}")
        script = f"set -e; umask 077; mkdir -p {self._path(folder)}; cat > {partial}; sync {partial}; mv {partial} "
        self._run(script + self._path(name), pieces)

    def open(self, name: str) -> BinaryIO:
        """Read a file; FileNotFoundError."""
        script = f"test -f {self._path(name)} || exit 44; exec cat {self._path(name)}"
        process = subprocess.Popen([*self.command, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return _Reading(process, name, self)

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(name, size) of the files below a prefix that are whole."""
        root = self._path(prefix)
        script = f"test -d {root} || exit 0; find {root} -type f ! -name '*{PARTIAL}' -printf '%s %P\\n'"
        for line in self._run(script).decode().splitlines():
            size, _blank, name = line.partition(" ")
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


class S3:
    """A bucket of an S3 server on the premises: `s3://BUCKET/PREFIX`, with python3-boto3."""

    def __init__(self, url: str, endpoint: str, credentials: Path | None):
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise TargetError("S3 needs boto3: apt install python3-boto3") from error
        parts = urlsplit(url)
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/")
        try:
            access, secret = credentials.read_text().split()[:2] if credentials else (None, None)
        except (OSError, ValueError) as error:
            raise TargetError(f"{credentials} must hold two lines: access key, secret key") from error
        options = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 5}}
        checks = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
        try:
            settings = Config(**options, **checks)
        except TypeError:  # boto3 before 1.36 has no such checksums
            settings = Config(**options)
        self.client = boto3.client(
            "s3", endpoint_url=endpoint or None, aws_access_key_id=access, aws_secret_access_key=secret,
            region_name="us-east-1", config=settings,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}".lstrip("/")

    def _call(self, operation: str, **values):
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self.client, operation)(Bucket=self.bucket, **values)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                raise FileNotFoundError(values.get("Key")) from error
            raise TargetError(f"{self}: {error.response.get('Error', {}).get('Code')}") from error
        except BotoCoreError as error:
            raise TargetError(f"{self}: {type(error).__name__}") from error

    def prepare(self) -> None:
        """TargetError when the bucket can't be reached."""
        self._call("list_objects_v2", MaxKeys=1)

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write an object; large ones in parts, which are there together or not at all."""
        import tempfile

        with tempfile.TemporaryFile() as spool:  # encrypted bytes: they may lie on a disk
            for piece in pieces:
                spool.write(piece)
            spool.seek(0)
            self._call("put_object", Key=self._key(name), Body=spool)

    def open(self, name: str) -> BinaryIO:
        """Read an object; FileNotFoundError."""
        return self._call("get_object", Key=self._key(name))["Body"]

    def list(self, prefix: str) -> Iterator[tuple[str, int]]:
        """(name, size) of the objects below a prefix."""
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self._key(prefix), **more)
            for each in page.get("Contents", ()):
                yield each["Key"][len(self.prefix) :].lstrip("/") if self.prefix else each["Key"], each["Size"]
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, name: str) -> None:
        """Remove an object."""
        self._call("delete_object", Key=self._key(name))

    def sweep(self) -> None:
        """Nothing is ever half-written here."""


def open_target(to: str, base: Path, *, endpoint: str = "", credentials: Path | None = None, runtime: Path):
    """The place that a setting names; relative folders start at `base`."""
    if to.startswith("ssh://"):
        return Ssh(to, runtime)
    if to.startswith("s3://"):
        return S3(to, endpoint, credentials)
    return Folder((base / to).resolve())


def copy_pieces(file: BinaryIO) -> Iterator[bytes]:
    """The pieces of an open file."""
    while piece := file.read(_PIECE):
        yield piece
