"""backup: copies that open again, and the proof of it."""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from appliance.core.errors import ConfigError

BACKUP = """\
Only what is new since the last one is copied; the service goes on. The master key is in none: print the recovery sheet.

  preau --config F backup                     to backup.to of the configuration
  preau --config F backup --to ssh://keeper@nas.school.fr/backups
  preau --config F backup list
  preau --config F backup rehearse            does the last one restore? nothing here is changed

The way back: preau restore --help
"""
# Copies of rows beside the data, which age as backups do.
BESIDE = ("before-upgrade", "before-restore")


def add_commands(groups) -> None:
    """Declare the group, and the way back."""
    from appliance.cli import restore

    backup = groups.add_parser(
        "backup",
        help="copy rows and media, encrypted, to the place that the configuration names; while serving",
        epilog=BACKUP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    backup.add_argument("--to", metavar="PLACE", help="another place: a folder, ssh://USER@HOST/FOLDER or s3://BUCKET")
    kinds = backup.add_subparsers(dest="kind", metavar="[list | rehearse]")
    listing = kinds.add_parser("list", help="the backups that are there")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(run=run_list)
    rehearse = kinds.add_parser("rehearse", help="restore the last backup aside, check it, report; changes nothing")
    rehearse.add_argument(
        "--sheet", type=Path, metavar="F", help="open it with the recovery sheet instead of this machine's key"
    )
    rehearse.set_defaults(run=run_rehearse)
    backup.set_defaults(run=run_backup)
    restore.add_commands(groups)


def open_place(config, to: str = "", *, endpoint: str = "", credentials: Path | None = None):
    """The target that the configuration or the command names."""
    from appliance.services.backup import targets

    known = config.backup
    if credentials is None and known.s3_credentials:
        credentials = config.path(known.s3_credentials)
    runtime, spool = Path(os.environ.get("RUNTIME_DIRECTORY", tempfile.gettempdir())), data_folder(config)
    return targets.open_target(
        to or known.to, config.folder, endpoint=endpoint or known.s3_endpoint, credentials=credentials,
        runtime=runtime, spool=spool if spool.is_dir() and os.access(spool, os.W_OK) else None,
    )  # fmt: skip


def progress(what: str):
    """Tell how far it is: on a terminal in one line, else one line every ten per cent."""
    last = {"shown": -1}
    live = sys.stderr.isatty()

    def say(done: int, total: int) -> None:
        percent = done * 100 // total
        step = percent if live else percent // 10 * 10
        if step != last["shown"]:
            last["shown"] = step
            end = "\r" if live and done < total else "\n"
            print(f"{what}: {done}/{total} ({percent} %)", file=sys.stderr, end=end, flush=True)

    return say


def kept_files(options, config) -> dict[str, Path]:
    """What is kept beside the rows: the configuration and the secrets that it names, but for the master key."""
    kept = {"config.toml": Path(options.config)}
    if config.mail.password_file:
        kept["mail-password"] = config.path(config.mail.password_file)
    return kept


def data_folder(config) -> Path:
    """Where the media lie, and beside them the copies of rows and how the last backup went."""
    return config.path(config.storage.blobs).parent


@contextlib.contextmanager
def alone(config):
    """One backup, rehearsal or restore at a time: the next waits. The lock ends with its process."""
    with open(data_folder(config) / ".backup.lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another backup, rehearsal or restore is under way: waiting for its end", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def failures() -> tuple[type[Exception], ...]:
    """What may go wrong with a place or with what lies there."""
    from appliance.services.backup.targets import TargetError
    from appliance.storage.dump import DumpError

    return (TargetError, DumpError, OSError)


def note(config, what: str, ok: bool, **facts: object) -> None:
    """Keep how it went for the console; a full disk is no reason to say something else."""
    from appliance.services.backup import status

    with contextlib.suppress(OSError):
        status.note(data_folder(config), what, ok, **facts)


@contextlib.contextmanager
def _noted(config, what: str, refusal: str):
    """Whatever ends the work is known to the console, which would go on telling of the last one that went well."""
    try:
        yield
    except failures() as error:
        note(config, what, False, says=str(error))
        raise ConfigError(refusal.format(error)) from error
    except Exception as error:
        says = str(error) if isinstance(error, ConfigError) else type(error).__name__  # a database may quote a row
        note(config, what, False, says=says)
        raise


def run_backup(options) -> int:
    """Make one backup."""
    from appliance import app
    from appliance.cli.service import load, require_usable
    from appliance.services.backup import making, status
    from appliance.storage import database

    kernel, started = app.open_kernel(load(options)), time.monotonic()
    config = kernel.config
    with _noted(config, "backup", "no backup was made: {}. The earlier ones are as they were."), alone(config):
        database.connect()  # not before: a restore that it waits for puts another database in the place of this one
        require_usable()
        target = open_place(config, options.to)
        done = making.back_up(
            target, kernel.ring.keks, kernel.blobs, kept_files(options, config),
            keep_days=config.backup.keep_days, say=progress("media"),
            suspects=status.read(data_folder(config)).get("rehearsal", {}).get("wrong", ()),
        )  # fmt: skip
        left = [each for each in (done.left, _age(config, kernel.ring.keks)) if each]
    took = time.monotonic() - started
    says = f"{done.blobs} media ({done.copied} new), {done.rows} rows"
    note(
        config, "backup", not done.damaged, name=done.name, place=str(target), says=says, seconds=round(took),
        key=kernel.ring.keks[0].id, left="; ".join(left),
    )  # fmt: skip
    print(f"backup {done.name} at {target}: {says}, {done.removed} old ones removed ({took:.1f} s)")
    for blob_id in done.damaged:
        print(f"problem: the file {blob_id} is missing or damaged here and was not copied: preau restore --media-only")
    for each in left:
        print(f"problem: {each}")
    return 1 if done.damaged or left else 0


def _age(config, keks) -> str:
    """What was erased leaves the copies of rows that lie beside the data too; why not, where they stay."""
    from appliance.core import clock
    from appliance.services.backup import keeping, targets

    folder, limit = data_folder(config), clock.now().timestamp() - config.backup.keep_days * 86_400
    try:
        for name in BESIDE:
            if (folder / name).is_dir():
                keeping.tend(targets.Folder(folder / name), keks, config.backup.keep_days)
        for path in folder.glob("*.before-restore-*"):
            if path.stat().st_mtime < limit:
                path.unlink(missing_ok=True)
    except failures() as error:
        return f"copies of rows in {folder} could not be removed: {error}"
    return ""


def copy_rows(options, kernel, name: str = "before-upgrade") -> str:
    """Copy the rows beside the data before the schema changes: the way back is `preau restore --rows-only`."""
    from appliance.services.backup import making, targets

    target = targets.Folder(data_folder(kernel.config) / name)
    try:
        done = making.back_up(target, kernel.ring.keks, None, kept_files(options, kernel.config), keep_days=35)
    except failures() as error:
        raise ConfigError(
            f"the rows could not be copied to {target}, so nothing was changed: {error}. Make room, then: "
            "systemctl start preau"
        ) from error
    return f"{target} ({done.name}, {done.rows} rows)"


def run_list(options) -> int:
    """Print the backups that are there, and what each holds."""
    from appliance import app
    from appliance.cli.service import load
    from appliance.crypto.keyfile import load_kek
    from appliance.services.backup import keeping

    config = load(options)
    kek = load_kek(app.kek_path(config))
    try:
        target = open_place(config, options.to)
        names = keeping.list_snapshots(target)
        keys = keeping.opening(target, kek) if names else []
        found = [_describe(name, keeping.read_manifest(target, keys, name)) for name in names]
    except failures() as error:
        raise ConfigError(f"the backups cannot be read: {error}") from error
    if options.json:
        print(json.dumps({"place": str(target), "backups": found}, ensure_ascii=False))
    for each in () if options.json else found:
        facts = f"{each['media']} media, {each['bytes'] / 1e6:.0f} MB" if each["opens"] else "opens under another key"
        print(f"{each['name']}  {facts}")
    if not (found or options.json):
        print(f"no backup is at {target}. To make one: preau backup")
    return 0 if names else 1


def _describe(name: str, manifest: dict | None) -> dict:
    manifest = manifest or {}
    blobs = manifest.get("blobs", ())
    facts = {each: manifest.get(each) for each in ("at", "program", "schema", "rows")}
    return {
        "name": name,
        "opens": bool(manifest),
        "media": len(blobs),
        "bytes": sum(each[1] for each in blobs),
        **facts,
    }


def run_rehearse(options) -> int:
    """Restore the newest backup aside and look at everything in it."""
    from appliance import app
    from appliance.cli.service import load
    from appliance.services.backup import restoring, status
    from appliance.storage import database

    sheet = _read_sheet(options)
    kernel, started = app.open_kernel(load(options)), time.monotonic()
    config, kek = kernel.config, sheet or kernel.ring.keks[0]
    folder = Path(tempfile.mkdtemp(prefix="preau-rehearsal-"))
    try:
        refusal = "the last backup does not restore: {}. Make one now: preau backup"
        with _noted(config, "rehearsal", refusal), alone(config):
            target = open_place(config, options.to)
            last = status.read(data_folder(config)).get("backup", {})
            name = restoring.choose(target, kek, expected=last["name"] if last.get("place") == str(target) else "")
            _use_alone(folder, config, sheet)
            with database.connection():
                rows, _erased = restoring.restore_rows(target, kek, name)
                wrong = restoring.check_media(target, kek, name, progress("media"))
                opened, closed = restoring.open_sample(target, _use_blobs(folder, config))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ok, took = not wrong and not closed, time.monotonic() - started
    says = f"{rows} rows restored, {len(wrong)} media missing or changed, {opened} opened with their keys"
    note(config, "rehearsal", ok, name=name, says=says, seconds=round(took), wrong=wrong)
    print(f"rehearsal of {name}: {says} ({took:.1f} s)")
    for each in [*wrong, *closed]:
        print(f"problem: {each} would be lost. The next backup copies it again: preau backup")
    return 0 if ok else 1


def _read_sheet(options):
    from appliance.cli.sheet import read_sheet

    return read_sheet(options.sheet) if options.sheet else None


def _use_alone(folder: Path, config, sheet) -> None:
    """A database of the rehearsal's own and, with a sheet, no other key than the sheet's."""
    from appliance.crypto.keyring import Keyring
    from appliance.school import keys
    from appliance.storage import database

    database.configure(f"sqlite:///{folder / 'preau.db'}", folder, 1)
    if sheet is not None:
        keys.configure(Keyring(sheet))


def _use_blobs(folder: Path, config):
    from appliance.services.media import files
    from appliance.storage.blobs import BlobStore

    blobs = BlobStore(folder / "blobs")
    files.configure(blobs, config.storage.suite)
    return blobs
