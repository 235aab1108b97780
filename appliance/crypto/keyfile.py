"""The file that holds the master key: written once, readable by its owner only, a typo in it is always noticed.

While one master key takes over from another, two files stand beside it: `.new`, which will take its place, and `.old`,
which still opens the backups. Each step is one rename of a durable file: a kill at any moment leaves whole keys.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from hashlib import sha256

from appliance.crypto.errors import KeyFileError, KeyFileProblem
from appliance.crypto.kdf import encode_parts
from appliance.crypto.keyring import Kek, new_key

HEADER = "preau-key-file v1"
CREDENTIAL_PREFIX = "credential:"
_CHECK_LABEL = "preau/kek-check/v1"
NEW, OLD = ".new", ".old"
_PARTIAL = ".partial"
_MAX_SIZE = 4096
_HEX_KEY = re.compile(r"[0-9a-f]{64}")


def create_kek(path: str | os.PathLike[str], kek: Kek | None = None) -> Kek:
    """Create the key file with a new random key; an existing file is never touched, a half-written one is never met."""
    path = os.fspath(path)
    kek = kek or Kek(new_key())
    there = KeyFileError(
        KeyFileProblem.EXISTS, path, "a key file is already there", "Keep it: what it protects opens with no other"
    )
    if os.path.lexists(path):
        raise there
    with _written_aside(path, kek) as partial:
        try:
            os.link(partial, path)
        except FileExistsError:
            raise there from None
        except OSError as error:  # a filesystem without links
            raise _unusable(path, error) from error
    _sync_folder(os.path.dirname(path) or ".")
    if load_kek(path, {}) != kek:  # another program's: it took the partial name at the same moment
        raise there
    return kek


@contextlib.contextmanager
def _written_aside(path: str, kek: Kek) -> Iterator[str]:
    """A key file whole and durable under another name, which is gone afterwards."""
    partial = path + _PARTIAL
    try:
        _unlink(partial)  # what a kill left
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o400)
            file.write(format_kek(kek).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        yield partial
    finally:
        _unlink(partial)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def load_kek(path: str | os.PathLike[str], environ: Mapping[str, str] = os.environ) -> Kek:
    """Read the key file, or `credential:NAME` from systemd's credentials; refuses a file that others may read."""
    path, trusted_folder = _locate(os.fspath(path), environ)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        _check_protection(path, os.fstat(descriptor), trusted_folder)
        content = os.read(descriptor, _MAX_SIZE + 1)
    finally:
        os.close(descriptor)
    return parse_kek(content, path)


def load_keks(path: str | os.PathLike[str], environ: Mapping[str, str] = os.environ) -> tuple[Kek, ...]:
    """Read every master key that may still open something: the one in force first, then the next and the retired one.

    The next one is looked for first: when it takes its place meanwhile, it is met there.
    """
    return tuple(dict.fromkeys(kek for kek in load_three(path, environ) if kek is not None))


def load_three(
    path: str | os.PathLike[str], environ: Mapping[str, str] = os.environ
) -> tuple[Kek, Kek | None, Kek | None]:
    """Read the master key in force, the next one and the retired one."""
    path = os.fspath(path)
    following = _load_if_there(path + NEW, environ)
    in_force = load_kek(path, environ)
    return in_force, following, _load_if_there(path + OLD, environ)


def _load_if_there(path: str, environ: Mapping[str, str]) -> Kek | None:
    try:
        return load_kek(path, environ)
    except KeyFileError as error:
        if error.problem in (KeyFileProblem.MISSING, KeyFileProblem.NO_CREDENTIALS):
            return None
        raise


def prepare_next(path: str | os.PathLike[str]) -> Kek:
    """Make the master key that will take over, durable beside the one in force; one made before is kept."""
    path = os.fspath(path)
    found = _load_if_there(path + NEW, {})
    return found if found is not None else _write_beside(path + NEW, Kek(new_key()))


def take_over(path: str | os.PathLike[str]) -> None:
    """Put the next master key in force; the one before it stays beside it, retired."""
    path = os.fspath(path)
    retired = load_kek(path, {})
    if load_kek(path + NEW, {}) == retired:
        raise ValueError("the next master key is the one in force")
    if _load_if_there(path + OLD, {}) != retired:
        _write_beside(path + OLD, retired)
    os.rename(path + NEW, path)
    _sync_folder(os.path.dirname(path) or ".")


def forget_retired(path: str | os.PathLike[str]) -> bool:
    """Delete the retired master key; False when there was none."""
    path = os.fspath(path)
    _unlink(path + _PARTIAL)  # a kill may have left it a second name
    try:
        os.unlink(path + OLD)
    except FileNotFoundError:
        return False
    _sync_folder(os.path.dirname(path) or ".")
    return True


def _write_beside(path: str, kek: Kek) -> Kek:
    """Put a key file in the place of whatever is there."""
    try:
        with _written_aside(path, kek) as partial:
            os.rename(partial, path)
        _sync_folder(os.path.dirname(path) or ".")
    except OSError as error:
        raise _unusable(path, error) from error
    return kek


def format_kek(kek: Kek) -> str:
    """Give the text of a key file (FORMAT.md §6)."""
    digits = kek.key.hex()
    groups = " ".join(digits[at : at + 8] for at in range(0, 64, 8))
    return f"{HEADER}\nid: {kek.id}\nkey: {groups}\ncheck: {_check(kek.key)}\n"


def parse_kek(content: bytes, path: str = "key file") -> Kek:
    """Read the text of a key file; whatever isn't exactly a key with its check is refused."""
    try:
        if len(content) > _MAX_SIZE:
            raise ValueError
        lines = [line.strip() for line in content.decode("ascii").splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        if len(lines) != 4 or lines[0] != HEADER:
            raise ValueError
        fields = dict(line.split(":", 1) for line in lines[1:])
        identity, digits, check = (fields[name].strip().lower() for name in ("id", "key", "check"))
        digits = "".join(digits.split())
        if not _HEX_KEY.fullmatch(digits):
            raise ValueError
        kek = Kek(bytes.fromhex(digits))
    except (ValueError, KeyError):
        raise KeyFileError(
            KeyFileProblem.MALFORMED,
            path,
            "this is not a whole key file",
            "Copy it again from the backup of the key: four lines, 64 digits 0-9 a-f",
        ) from None
    if (identity, check) != (kek.id, _check(kek.key)):
        raise KeyFileError(
            KeyFileProblem.MISTYPED,
            path,
            "at least one character is wrong: the check does not match the key",
            "Compare it with the backup of the key, group by group",
        )
    return kek


def _check(key: bytes) -> str:
    return sha256(encode_parts(_CHECK_LABEL, key)).hexdigest()[:8]


def _locate(path: str, environ: Mapping[str, str]) -> tuple[str, bool]:
    """Give the real path, and whether systemd made its folder for this service alone."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if path.startswith(CREDENTIAL_PREFIX):
        name = path.removeprefix(CREDENTIAL_PREFIX)
        if not folder or not name or "/" in name or name in {".", ".."}:
            raise KeyFileError(
                KeyFileProblem.NO_CREDENTIALS,
                path,
                "systemd gave this process no such credential",
                f"Add LoadCredential={name or 'NAME'}:/path/to/key to the unit, or set the path of a file",
            )
        return os.path.join(folder, name), True
    trusted = bool(folder) and os.path.dirname(os.path.abspath(path)) == os.path.abspath(folder)
    return path, trusted


def _check_protection(path: str, status: os.stat_result, trusted_folder: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(
            KeyFileProblem.NOT_A_FILE, path, "this is not a regular file", "Set the path of the key file"
        )
    # systemd grants the service access by an ACL, which shows as a group bit; the folder is the service's own.
    forbidden = 0o007 if trusted_folder else 0o077
    if status.st_mode & forbidden:
        raise KeyFileError(
            KeyFileProblem.OPEN_TO_OTHERS,
            path,
            f"other users may use this file (mode {stat.S_IMODE(status.st_mode):04o})",
            f"Type: chmod 0400 {path}",
        )
    if status.st_uid not in {0, os.geteuid()}:
        raise KeyFileError(
            KeyFileProblem.WRONG_OWNER,
            path,
            "this file belongs to another user",
            f"Type: chown {os.geteuid()} {path}",
        )


def _unusable(path: str, error: OSError) -> KeyFileError:
    if isinstance(error, FileNotFoundError):
        return KeyFileError(
            KeyFileProblem.MISSING,
            path,
            "no such file or folder",
            "Put the key back from its backup, or run the set-up",
        )
    return KeyFileError(
        KeyFileProblem.UNREADABLE, path, f"can't be opened ({error.strerror})", "Check its owner and its folder"
    )


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
