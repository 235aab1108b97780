"""What lies at a target and for how long: whole snapshots in the order in which they were made, the one file of keys
that all of them need, and what is removed when its time is over."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from appliance.core import clock
from appliance.crypto.keyring import Kek
from appliance.school.models import Academy
from appliance.services.backup import ledger, sealed
from appliance.services.backup.targets import TargetError

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
    """The names of the whole snapshots, oldest first."""
    found = [name.split("/")[1] for name, _size in target.list("snapshots") if name.endswith(f"/{MANIFEST}")]
    return sorted(found)


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
        with target.open(INFO) as file:
            return json.loads(file.read())
    except (FileNotFoundError, ValueError):
        return {}


def require_own(target, keks: Sequence[Kek]) -> None:
    """TargetError when another installation keeps its backups here: the file of keys of one would end the other's."""
    info = read_info(target)
    known = {kek.id for kek in keks}
    if info and info.get("kek_id") not in known and info.get("installation", "") != _installation():
        raise TargetError(
            f"{target} holds the backups of another installation (master key {info.get('kek_id')}). Restore them "
            "with their recovery sheet, or name another place"
        )


def write_keys(target, keks: Sequence[Kek]) -> None:
    """Replace the file of keys: those that exist now, what was erased, and the way to older snapshots.

    Twice, one after the other: all snapshots hang on it. Snapshots made before a change of master key are opened with
    the new one, which finds here what opened them.
    """
    kek = keks[0]
    value = ledger.collect(kek)
    value["older"] = sorted({sealed.backup_key(each).hex() for each in keks[1:]} | set(_read_older(target, keks)))
    for name in (KEYS, KEYS_AGAIN):
        target.put(name, sealed.seal_value(sealed.backup_key(kek), name, value))
    info = {"format": 1, "kek_id": kek.id, "installation": _installation()}
    target.put(INFO, [json.dumps(info).encode() + b"\n"])


def _read_older(target, keks: Sequence[Kek]) -> list[str]:
    for kek in keks:
        try:
            return read_keys(target, kek).get("older", [])
        except (TargetError, FileNotFoundError):
            continue
    return []


def read_keys(target, kek: Kek) -> dict:
    """The file of keys; TargetError says whose recovery sheet is needed."""
    for name in (KEYS, KEYS_AGAIN):
        try:
            return sealed.open_value(sealed.backup_key(kek), target, name)
        except (TargetError, FileNotFoundError) as error:
            reason = error
    wanted = read_info(target).get("kek_id", "")
    if wanted and wanted != kek.id:
        raise TargetError(
            f"{target}: these backups belong to another master key than {kek.id}: take the recovery sheet of {wanted}"
        ) from reason
    raise TargetError(f"{target}: neither {KEYS} nor its copy can be read, and nothing opens without") from reason


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
    for name, _size in list(target.list("snapshots")):
        snapshot = name.split("/")[1]
        if snapshot not in kept:
            removed.add(snapshot)
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
    for name, _size in list(target.list("snapshots")):
        if name.split("/")[1] not in whole or _instant(name.split("/")[1]) < limit:
            target.delete(name)
    if list_snapshots(target):
        write_keys(target, keks)
        return
    for name in (KEYS, KEYS_AGAIN, INFO):
        target.delete(name)
