"""What lies at a target and for how long: whole snapshots in the order in which they were made, the one file of keys
that all of them need, and what is removed when its time is over."""

import contextlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from appliance.core import clock
from appliance.crypto.keyring import Kek
from appliance.school.models import Academy
from appliance.services.backup import ledger, sealed
from appliance.services.backup.targets import TargetError, read_pieces

INFO, KEYS, KEYS_AGAIN = "preau-backup.json", "keys.enc", "keys-again.enc"
DUMP, CONFIG, MANIFEST = "dump.enc", "config.enc", "manifest.enc"
_STAMP = "%Y%m%dT%H%M%SZ"
_AHEAD = timedelta(days=1)


def snapshot_file(name: str, file: str) -> str:
    """The path of a file of a snapshot at the target."""
    return f"snapshots/{name}/{file}"


def blob_file(blob_id: str) -> str:
    """The path of a media file at the target: the same as here, so that a folder of backups can be read in place."""
    return f"blobs/{sha256(blob_id.encode()).hexdigest()[:2]}/{blob_id}"


def list_snapshots(target) -> list[str]:
    """The names of the whole snapshots, oldest first; what others put beside them is none."""
    return sorted(_snapshot_of(name) for name, _size in _list_files(target) if name.endswith(f"/{MANIFEST}"))


def _list_files(target) -> list[tuple[str, int]]:
    """The files of snapshots, whole or not, each manifest first: what is removed ends by it."""
    found = [each for each in target.list("snapshots") if _is_name(_snapshot_of(each[0]))]
    return sorted(found, key=lambda each: (not each[0].endswith(f"/{MANIFEST}"), each[0]))


def _snapshot_of(name: str) -> str:
    return name.split("/")[1]


def _is_name(text: str) -> bool:
    try:
        return _instant(text).strftime(_STAMP) == text
    except ValueError:
        return False


def drop_halves(target) -> None:
    """Remove what backups that failed left of their rows: on a full disk each try would take more of the room."""
    whole = set(list_snapshots(target))
    for name, _size in _list_files(target):
        if _snapshot_of(name) not in whole:
            target.delete(name)


def new_name(target) -> str:
    """A name later than all that are there, even when the clock went back: the last made is always the last named."""
    now = clock.now().replace(microsecond=0)
    known = list_snapshots(target)
    if known:
        now = max(now, _instant(known[-1]) + timedelta(seconds=1))
    return now.strftime(_STAMP)


def _instant(name: str) -> datetime:
    return datetime.strptime(name, _STAMP).replace(tzinfo=clock.now().tzinfo)


def _installation() -> str:
    """Whose backups these are, whatever master key is in force."""
    first = Academy.select(Academy.public_id).order_by(Academy.id).tuples().first()
    return sha256(f"preau/installation/{first[0]}".encode()).hexdigest()[:16] if first else ""


def read_info(target) -> dict:
    """What is said in clear at the target: whose backups, under which master key; empty when there are none."""
    try:
        info = json.loads(b"".join(read_pieces(target, INFO)))
    except (FileNotFoundError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def require_own(target, keks: Sequence[Kek]) -> None:
    """TargetError when what opens the backups here would be lost by writing over the file of keys: they are another
    installation's, or of a master key that is not at hand."""
    info = read_info(target)
    if not info or info.get("kek_id") in {kek.id for kek in keks}:
        return
    if info.get("installation", "") != _installation():
        raise TargetError(
            f"{target} holds the backups of another installation (master key {info.get('kek_id')}). Restore them "
            "with their recovery sheet, or name another place"
        )
    raise TargetError(
        f"{target} holds backups under the master key {info.get('kek_id')}, which is not at hand here. Type, as root: "
        "preau backup (it reads the retired key too). If that key was forgotten, keep these with its recovery sheet "
        "and name another place"
    )


def hand_over(target, keks: Sequence[Kek]) -> bool:
    """Have the backups that are here, the older ones too, open with the sheet of the key in force; False when there are
    none."""
    if not list_snapshots(target):
        return False
    require_own(target, keks)
    write_keys(target, keks)
    return True


def write_keys(target, keks: Sequence[Kek], name: str = "") -> None:
    """Replace the file of keys: those that exist now, what was erased, and the way to older snapshots. It says for
    which snapshot it was made: one that is older than the newest was put back by somebody.

    Twice, one after the other: all snapshots hang on it. Snapshots made before a change of master key are opened with
    the new one, which finds here what opened them.
    """
    kek = keks[0]
    before = _read_before(target, keks)
    value = ledger.collect(kek, before) | {"for": name or max(list_snapshots(target), default="")}
    value["older"] = sorted({sealed.backup_key(each).hex() for each in keks[1:]} | set(before.get("older", ())))
    for file in (KEYS, KEYS_AGAIN):
        target.put(file, sealed.seal_value(sealed.backup_key(kek), file, value))
    info = {"format": 1, "kek_id": kek.id, "installation": _installation()}
    target.put(INFO, [json.dumps(info).encode() + b"\n"])


def _read_before(target, keks: Sequence[Kek]) -> dict:
    """The file of keys that is there, under whichever master key; empty when there is none that opens. An error of the
    network goes on: what only this file holds must not be written over unread."""
    for kek in keks:
        with contextlib.suppress(sealed.Unopened, FileNotFoundError):
            return _read_latest(target, kek)
    return {}


def _read_latest(target, kek: Kek) -> dict:
    """The later of the two files of keys that open; Unopened or FileNotFoundError when neither does."""
    found, reason = [], None
    for name in (KEYS, KEYS_AGAIN):
        try:
            found.append(sealed.open_value(sealed.backup_key(kek), target, name))
        except (sealed.Unopened, FileNotFoundError) as error:
            reason = error
    if not found:
        raise reason
    return max(found, key=lambda each: each.get("for", ""))


def read_keys(target, kek: Kek) -> dict:
    """The file of keys; TargetError says whose recovery sheet is needed, or that it is not the latest."""
    try:
        found = _read_latest(target, kek)
    except (sealed.Unopened, FileNotFoundError) as error:
        raise _refuse_keys(target, kek) from error
    newest = max(list_snapshots(target), default="")
    if found.get("for", "") < newest:
        raise TargetError(
            f"{target}: {KEYS} is older than the backup {newest}: somebody put it back, and what was erased since "
            "would return. On the machine itself: preau backup. Without it: move the later folders of snapshots away"
        )
    return found


def _refuse_keys(target, kek: Kek) -> TargetError:
    wanted = read_info(target).get("kek_id", "")
    if wanted and wanted != kek.id:
        return TargetError(
            f"{target}: these backups belong to another master key than {kek.id}: take the recovery sheet of {wanted}"
        )
    return TargetError(f"{target}: neither {KEYS} nor its copy can be read, and nothing opens without")


def opening(target, kek: Kek) -> list[bytes]:
    """The keys that open the snapshots at a target, for who has the master key of the latest."""
    older = [bytes.fromhex(each) for each in read_keys(target, kek).get("older", [])]
    return [sealed.backup_key(kek), *older]


def read_manifest(target, keys: Sequence[bytes], name: str) -> dict | None:
    """The manifest of a snapshot; None when it opens under none of these keys."""
    try:
        return sealed.open_value(keys, target, snapshot_file(name, MANIFEST))
    except TargetError:
        return None


def prune(target, keks: Sequence[Kek], keep_days: int, *, sweep_blobs: bool) -> int:
    """Remove snapshots older than `keep_days`, half-made ones, and the media that no snapshot holds; how many.

    The last two stay whatever their age: a clock that leaps ahead ends nothing. Of those made when the clock was ahead
    as many stay as there are days. Where one manifest opens under no known key, no media is removed: it may need it.
    """
    whole = list_snapshots(target)
    kept = choose_kept(whole, clock.now(), keep_days)
    removed = set()
    for name, _size in _list_files(target):
        if _snapshot_of(name) not in kept:
            removed.add(_snapshot_of(name))
            target.delete(name)
    if sweep_blobs:
        keys = opening(target, keks[0])
        manifests = [read_manifest(target, keys, name) for name in sorted(kept)]
        if None not in manifests:
            needed = {blob_file(each[0]) for manifest in manifests for each in manifest["blobs"]}
            for name, _size in list(target.list("blobs")):
                if name not in needed:
                    target.delete(name)
    return len(removed & set(whole))


def choose_kept(whole: Sequence[str], now: datetime, keep_days: int) -> set[str]:
    """Which of these snapshots, oldest first, stay."""
    ahead = [name for name in whole if _instant(name) > now + _AHEAD]
    young = [name for name in whole if now - timedelta(days=keep_days) <= _instant(name) <= now + _AHEAD]
    return {*whole[-2:], *young, *ahead[-keep_days:]}


def tend(target, keks: Sequence[Kek], keep_days: int) -> None:
    """Let copies of rows age: the old ones go, and the others lose the keys of what was erased since."""
    whole = list_snapshots(target)
    limit = clock.now() - timedelta(days=keep_days)
    for name, _size in _list_files(target):
        if _snapshot_of(name) not in whole or _instant(_snapshot_of(name)) < limit:
            target.delete(name)
    if list_snapshots(target):
        if read_info(target).get("kek_id") in {kek.id for kek in keks}:  # else they age with what opens them
            write_keys(target, keks)
        return
    for name in (KEYS, KEYS_AGAIN, INFO):
        target.delete(name)
