"""backup, restore: copies that open again, and the proof of it."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from appliance.core.errors import ConfigError


def add_commands(groups) -> None:
    """Declare the group."""
    backup = groups.add_parser(
        "backup", help="copy rows and media, encrypted, to the place that the configuration names; while serving"
    )
    backup.add_argument("--to", metavar="PLACE", help="another place: a folder, ssh://USER@HOST/FOLDER or s3://BUCKET")
    kinds = backup.add_subparsers(dest="kind", metavar="KIND")
    kinds.add_parser("list", help="the backups that are there").set_defaults(run=run_list)
    rehearse = kinds.add_parser("rehearse", help="restore the last backup aside, check it, report; changes nothing")
    rehearse.set_defaults(run=run_rehearse)
    backup.set_defaults(run=run_backup)
    restore = groups.add_parser("restore", help="put a backup back on this machine, with the recovery sheet")
    restore.add_argument(
        "--from", dest="place", metavar="PLACE", help="where the backups are (else: the configuration's)"
    )
    restore.add_argument("--snapshot", default="", metavar="NAME", help="which one (else: the newest); see backup list")
    restore.add_argument(
        "--sheet", type=Path, metavar="F", help="file with the text of the recovery sheet (else: typed; - reads a pipe)"
    )
    restore.add_argument(
        "--replace", action="store_true", help="put the present data aside; else they are never touched"
    )
    restore.add_argument("--rows-only", action="store_true", help="the database alone: the way back after an upgrade")
    restore.add_argument("--data", type=Path, metavar="FOLDER", help="where the data go, when it is not as before")
    restore.set_defaults(run=run_restore)


def open_place(config, to: str = ""):
    """The target that the configuration or the command names."""
    from appliance.services.backup import targets

    known = config.backup
    credentials = config.path(known.s3_credentials) if known.s3_credentials else None
    runtime = Path(os.environ.get("RUNTIME_DIRECTORY", tempfile.gettempdir()))
    return targets.open_target(
        to or known.to, config.folder, endpoint=known.s3_endpoint, credentials=credentials, runtime=runtime
    )


def progress(what: str):
    """Tell how far it is: on a terminal in one line, else one line every ten per cent."""
    last = {"shown": -1}

    def say(done: int, total: int) -> None:
        percent = done * 100 // total
        step = percent if sys.stderr.isatty() else percent // 10 * 10
        if step != last["shown"]:
            last["shown"] = step
            print(f"{what}: {done}/{total} ({percent} %)", file=sys.stderr, end="\r" if sys.stderr.isatty() else "\n")

    return say


def _files(options, config) -> dict[str, Path]:
    kept = {"config.toml": Path(options.config)}
    if config.mail.password_file:
        kept["mail-password"] = config.path(config.mail.password_file)
    return kept


def _status_folder(config) -> Path:
    return config.path(config.storage.blobs).parent


def run_backup(options) -> int:
    """Make one backup."""
    from appliance.cli.service import open_database
    from appliance.services.backup import making, status
    from appliance.services.backup.targets import TargetError
    from appliance.storage.dump import DumpError

    kernel, started = open_database(options), time.monotonic()
    config = kernel.config
    target = open_place(config, options.to)
    try:
        done = making.back_up(
            target, kernel.ring.keks, kernel.blobs, _files(options, config),
            keep_days=config.backup.keep_days, say=progress("media"),
        )  # fmt: skip
    except (TargetError, DumpError, OSError) as error:
        status.note(_status_folder(config), "backup", False, says=str(error))
        raise ConfigError(f"no backup was made: {error}. The earlier ones are as they were.") from error
    took = time.monotonic() - started
    says = f"{done.blobs} media ({done.copied} new), {done.rows} rows"
    status.note(_status_folder(config), "backup", not done.damaged, name=done.name, says=says, seconds=round(took))
    print(f"backup {done.name} at {target}: {says}, {done.removed} old ones removed ({took:.1f} s)")
    for blob_id in done.damaged:
        print(f"problem: the file {blob_id} is missing or damaged here and was not copied: preau doctor")
    return 1 if done.damaged else 0


def copy_rows(options, kernel) -> str:
    """Copy the rows beside the data before the schema changes: the way back is `preau restore --rows-only`."""
    from appliance.services.backup import making, targets

    target = targets.Folder(_status_folder(kernel.config) / "before-upgrade")
    done = making.back_up(target, kernel.ring.keks, None, _files(options, kernel.config), keep_days=35)
    return f"{target} ({done.name}, {done.rows} rows)"


def run_list(options) -> int:
    """Print the backups that are there."""
    from appliance.cli.service import load
    from appliance.services.backup import making

    config = load(options)
    names = making.list_snapshots(open_place(config, options.to))
    for name in names:
        print(name)
    return 0 if names else 1


def run_rehearse(options) -> int:
    """Restore the newest backup aside and look at everything in it."""
    from appliance.cli.service import load, open_database
    from appliance.services.backup import restoring, status
    from appliance.services.backup.targets import TargetError
    from appliance.storage import database
    from appliance.storage.blobs import BlobStore
    from appliance.storage.dump import DumpError

    kernel, started = open_database(options), time.monotonic()
    config, kek = load(options), kernel.ring.keks[0]
    database.disconnect()
    folder = Path(tempfile.mkdtemp(prefix="preau-rehearsal-"))
    try:
        target = open_place(config, options.to)
        name = restoring.choose(target, kek)
        database.configure(f"sqlite:///{folder / 'preau.db'}", folder, 1)
        with database.connection():
            rows, _erased = restoring.restore_rows(target, kek, name)
            blobs = BlobStore(folder / "blobs")
            _use_blobs(blobs, config)
            wrong = restoring.check_media(target, kek, name, progress("media"))
            opened, closed = restoring.open_sample(target, blobs)
    except (TargetError, DumpError, OSError) as error:
        status.note(_status_folder(config), "rehearsal", False, says=str(error))
        raise ConfigError(f"the last backup does not restore: {error}. Make one now: preau backup") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ok, took = not wrong and not closed, time.monotonic() - started
    says = f"{rows} rows restored, {len(wrong)} media missing or changed, {opened} opened with their keys"
    status.note(_status_folder(config), "rehearsal", ok, name=name, says=says, seconds=round(took))
    print(f"rehearsal of {name}: {says} ({took:.1f} s)")
    for each in [*wrong, *closed]:
        print(f"problem: {each} would be lost: preau doctor, then preau backup")
    return 0 if ok else 1


def _use_blobs(blobs, config) -> None:
    from appliance.services.media import files

    files.configure(blobs, config.storage.suite)


def run_restore(options) -> int:
    """Put rows and media back; the service must not run meanwhile."""
    from appliance import app
    from appliance.core import config as configuration
    from appliance.services.backup import restoring
    from appliance.services.backup.targets import TargetError
    from appliance.storage import database, dump

    started, path = time.monotonic(), Path(options.config)
    known = configuration.load(path) if path.exists() else configuration.Config(folder=path.parent)
    if not options.place and not path.exists():
        raise ConfigError("say where the backups are: preau restore --from PLACE --sheet F")
    kek = _read_key(options, known, path)
    try:
        target = open_place(known, options.place or "")
        name = restoring.choose(target, kek, options.snapshot)
        if not path.exists():
            known = _put_configuration(options, path, restoring.read_files(target, kek, name))
        _put_key(path, known, kek)
        print(f"restoring {name} from {target}", flush=True)
        kernel = app.open_kernel(known)
        with database.connection():
            _make_room(options, dump, database)
            rows, erased = restoring.restore_rows(target, kek, name)
            placed, missing = (0, [])
            if not options.rows_only:
                placed, missing = restoring.restore_blobs(target, kek, name, kernel.blobs, progress("media"))
    except (TargetError, dump.DumpError, OSError) as error:
        raise ConfigError(f"the restore stopped: {error}. Nothing is served yet; it can be run again.") from error
    took = time.monotonic() - started
    print(f"restored: {rows} rows, {placed} media, {erased} erasures done again ({took:.1f} s)")
    for each in missing:
        print(f"problem: the file {each} is not in the backup")
    print("Next: preau doctor; systemctl start preau")
    return 1 if missing else 0


def _read_key(options, known, path: Path):
    from appliance import app
    from appliance.cli.sheet import read_sheet
    from appliance.crypto.keyfile import load_kek

    if options.sheet is None and path.exists():
        return load_kek(app.kek_path(known))
    return read_sheet(options.sheet)


def _put_configuration(options, path: Path, files: dict[str, str]):
    """The configuration of the lost machine, with other folders where asked."""
    from appliance.core import config as configuration

    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    for name, text in files.items():
        target = path if name == "config.toml" else path.parent / name
        descriptor = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o640)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        shutil.chown(target, group=path.parent.stat().st_gid)
    known = configuration.load(path)
    if options.data:
        from installer import settings

        values = {"storage": {"blobs": str(options.data / "blobs")}}
        if known.database.url.startswith("sqlite"):
            values["database"] = {"url": f"sqlite:///{options.data / 'preau.db'}"}
        settings.save(path, values)
        known = configuration.load(path)
    return known


def _put_key(path: Path, known, kek) -> None:
    from appliance import app
    from appliance.crypto.keyfile import create_kek, load_kek

    file = Path(app.kek_path(known))
    if file.exists():
        if load_kek(file).id != kek.id:
            raise ConfigError(f"{file} is another key than the sheet's: put it aside first")
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_kek(file, kek)


def _make_room(options, dump, database) -> None:
    if not database.db.get_tables():
        return
    if not options.replace:
        raise ConfigError("there are data here already. To put the backup in their place: --replace")
    if database.is_sqlite():
        aside = f"{database.db.database}.before-restore-{int(time.time())}"
        database.db.execute_sql("VACUUM INTO ?", (aside,))
        print(f"the present rows are kept in {aside}")
    dump.empty()
