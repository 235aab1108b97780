"""Files of a backup are Cobblestone streams under a key that only the master key gives; each is bound to its name."""

import errno
import json
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence

from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import Kek, derive
from appliance.crypto.stream import DecryptingReader, Encryptor
from appliance.services.backup.targets import TargetError

_LABEL = "backup"
_SPOOLED = 32 << 20


class Unopened(TargetError):
    """A file is there that opens under none of the keys given, or that the disk does not give back: unlike an error of
    the network, trying again does not help."""


def backup_key(kek: Kek) -> bytes:
    """The key of the backups made under a master key."""
    return derive(kek, _LABEL)


def _context(name: str) -> bytes:
    return b"preau/backup/v1\x00" + name.encode()


def seal(key: bytes, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The encrypted file of some clear pieces, compressed; constant memory."""
    encryptor, squeeze = Encryptor(key, _context(name)), zlib.compressobj(6)
    for piece in pieces:
        if sealed := encryptor.update(squeeze.compress(piece)):
            yield sealed
    yield encryptor.update(squeeze.flush())
    yield encryptor.finish()


def seal_value(key: bytes, name: str, value: object) -> Iterator[bytes]:
    """The encrypted file of one JSON value."""
    return seal(key, name, [json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()])


def open_lines(keys: bytes | Sequence[bytes], target, name: str) -> Iterator[bytes]:
    """The clear lines of a file at a target; TargetError when it was changed, cut or made under none of these keys.

    What comes over a network is spooled first, encrypted as it is: opening needs the end of a file before its start.
    """
    with tempfile.SpooledTemporaryFile(_SPOOLED) as file:
        _spool(target, name, file)
        try:
            yield from _lines(_open_under([keys] if isinstance(keys, bytes) else keys, name, file))
        except Tampered as error:
            reason = "was changed or cut, or belongs to another master key"
            raise Unopened(f"{target}: {name} {reason}") from error


def _spool(target, name: str, file) -> None:
    try:
        with target.open(name) as source:
            while piece := source.read(1 << 20):
                file.write(piece)
    except OSError as error:
        if error.errno == errno.EIO:
            raise Unopened(f"{target}: {name} cannot be read, the disk is damaged there") from error
        raise


class _Shared:
    """A file that several readers try one after the other: none of them closes it."""

    def __init__(self, file):
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def close(self) -> None:
        """Nothing: who opened the file closes it."""


def _open_under(keys: Sequence[bytes], name: str, file) -> DecryptingReader:
    for key in keys[:-1]:
        try:
            return DecryptingReader(key, _context(name), _Shared(file))
        except Tampered:
            continue
    return DecryptingReader(keys[-1], _context(name), _Shared(file))


def _lines(reader) -> Iterator[bytes]:
    expand, rest = zlib.decompressobj(), b""
    while piece := reader.read(1 << 18):
        *lines, rest = (rest + expand.decompress(piece)).split(b"\n")
        yield from lines
    rest += expand.flush()
    if rest:
        yield from rest.split(b"\n")


def open_value(keys: bytes | Sequence[bytes], target, name: str) -> object:
    """The JSON value of a file at a target."""
    return json.loads(b"\n".join(open_lines(keys, target, name)))
