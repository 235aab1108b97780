"""restore: a backup takes the place of what is lost, on a bare machine or on this one; with the recovery sheet."""

import argparse
import os
import shutil
import time
from pathlib import Path

from appliance.cli.child import run_in_child
from appliance.core.errors import ConfigError

DATABASE_VARIABLE = "PREAU_SETUP_DATABASE_URL"
_REFUSED = 2
RESTORE = """\
On a bare machine, with the service stopped; the sheet is typed when --sheet does not name a file:

  preau restore --from ssh://keeper@nas.school.fr/backups

On the machine where the data are, whose key is still there:

  preau restore --replace                      the last backup; the present rows are kept aside
  preau restore --replace --snapshot NAME      an older one: preau backup list
  preau restore --media-only                   only the files that are damaged or missing; the service may run
"""


def add_commands(groups) -> None:
    """Declare the command."""
    restore = groups.add_parser(
        "restore",
        help="put a backup back on this machine, with the recovery sheet",
        epilog=RESTORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
    restore.add_argument(
        "--media-only",
        action="store_true",
        help="fetch the files that are missing or damaged here; rows stay as they are, the service may run",
    )
    restore.add_argument("--data", type=Path, metavar="FOLDER", help="where the data go, when it is not as before")
    restore.add_argument(
        "--database-url", metavar="URL", help=f"another database than before (or {DATABASE_VARIABLE}, seen by nobody)"
    )
    restore.add_argument("--s3-endpoint", default="", metavar="URL", help="address of the S3 server, for s3://")
    restore.add_argument("--s3-credentials", type=Path, metavar="F", help="file with its access key and secret key")
    restore.set_defaults(run=run_restore)


def run_restore(options) -> int:
    """Put rows and media back; the service must not run meanwhile."""
    from appliance.cli import backup
    from appliance.core import config as configuration
    from appliance.services.backup import restoring

    if options.media_only:
        return _mend(options)
    path = Path(options.config)
    known = configuration.load(path) if path.exists() else configuration.Config(folder=path.parent)
    if not options.place and not path.exists():
        raise ConfigError("say where the backups are: preau restore --from PLACE --sheet F")
    kek = _read_key(options, known, path)
    staged = None
    try:
        target = _open_place(options, known)
        name = restoring.choose(target, kek, options.snapshot, readable=options.rows_only)
        staged = _stage(options, path, target, kek, name)
        known = configuration.load(staged or path)
        _put_key(known, kek)
        code = _as_owner(staged, lambda: _restore(options, known, target, kek, name))
        if staged and code != _REFUSED:
            os.replace(staged, path)
    except backup.failures() as error:
        raise ConfigError(_stopped(error)) from error
    finally:
        if staged:
            staged.unlink(missing_ok=True)
    return 1 if code else 0


def _stopped(error: Exception) -> str:
    return f"the restore stopped: {error}. Nothing was changed; it can be run again and goes on from there."


def _open_place(options, known):
    from appliance.cli import backup

    return backup.open_place(
        known, options.place or "", endpoint=options.s3_endpoint, credentials=options.s3_credentials
    )


def _as_owner(staged: Path | None, work) -> int:
    """Opening the kernel leaves root for good: on a bare machine a child does it, since the configuration gets its
    name last, and from root."""
    if staged is None or os.geteuid() != 0:
        return work()
    code = run_in_child(work, _REFUSED)
    return code if code in (0, 1) else _REFUSED


def _restore(options, known, target, kek, name: str) -> int:
    """Media, then rows; 0, or 1 when the backup lacks a file."""
    from appliance import app
    from appliance.cli import backup
    from appliance.services.backup import restoring
    from appliance.storage import database, replacing

    started = time.monotonic()
    print(f"restoring {name} from {target}", flush=True)
    kernel = app.open_kernel(known)
    backup.data_folder(known).mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with backup.alone(known), replacing.reached():
            _require_room(options)
            placed, missing = (0, [])
            if not options.rows_only:
                placed, missing = restoring.restore_blobs(target, kek, name, kernel.blobs, backup.progress("media"))
            if not database.is_sqlite() and replacing.is_in_use():
                print(f"the present rows are kept in {backup.copy_rows(options, kernel, 'before-restore')}")
            rows, erased, aside = restoring.replace_rows(target, kek, name, known.folder)
            restoring.drop_erased_blobs(kernel.blobs)
    except replacing.InUse as error:
        raise ConfigError(str(error)) from error
    except backup.failures() as error:
        raise ConfigError(_stopped(error)) from error
    if aside:
        print(f"the present rows are kept in {aside}")
    took = time.monotonic() - started
    print(f"restored: {rows} rows, {placed} media, {erased} erasures done again ({took:.1f} s)")
    for each in missing:
        print(f"problem: the file {each} is not in the backup")
    print("Next: preau doctor; systemctl start preau")
    return 1 if missing else 0


def _require_room(options) -> None:
    from appliance.storage import replacing

    if not options.replace and replacing.is_in_use():
        raise ConfigError("there are data here already. To put the backup in their place: --replace")


def _mend(options) -> int:
    """Fetch from the backups the files that rows name and that are not whole here."""
    from appliance import app
    from appliance.cli import backup
    from appliance.cli.service import load, require_usable
    from appliance.services.backup import restoring
    from appliance.storage import database

    kernel = app.open_kernel(load(options))
    try:
        with backup.alone(kernel.config):
            database.connect()  # not before: a restore that it waits for puts another database in the place of this one
            require_usable()
            target = _open_place(options, kernel.config)
            mended, missing = restoring.mend_blobs(target, kernel.blobs, backup.progress("media"))
    except backup.failures() as error:
        raise ConfigError(f"the files could not be fetched: {error}. It can be run again.") from error
    print(f"{mended} files came back from {target}, {len(missing)} are not whole there either")
    for each in missing:
        print(f"problem: the file {each} is lost")
    return 1 if missing else 0


def _read_key(options, known, path: Path):
    from appliance import app
    from appliance.cli.sheet import read_sheet
    from appliance.crypto.keyfile import load_kek

    if options.sheet is None and path.exists():
        return load_kek(app.kek_path(known))
    return read_sheet(options.sheet)


def _stage(options, path: Path, target, kek, name: str) -> Path | None:
    """The configuration to come, under a name that no service reads; None where the present one stays."""
    from appliance.core import config as configuration
    from appliance.services.backup import restoring
    from installer import settings

    url = options.database_url or os.environ.get(DATABASE_VARIABLE, "")
    if path.exists() and not url:
        return None
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.restoring")
    kept = {} if path.exists() else restoring.read_files(target, kek, name)
    text = path.read_text(encoding="utf-8") if path.exists() else kept.pop("config.toml", configuration.example())
    for file, content in [*((path.parent / each, value) for each, value in kept.items()), (staged, text)]:
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640), "w", encoding="utf-8") as out:
            out.write(content)
        shutil.chown(file, group=path.parent.stat().st_gid)
    values: dict[str, dict[str, object]] = {}
    if options.data:
        values["storage"] = {"blobs": str(options.data / "blobs")}
        if configuration.load(staged).database.url.startswith("sqlite"):
            values["database"] = {"url": f"sqlite:///{options.data / 'preau.db'}"}
    if options.place and not path.exists():
        values["backup"] = {"to": options.place if "://" in options.place else str(Path(options.place).resolve())}
    if url:
        values["database"] = {"url": url}
    if values:
        settings.save(staged, values)
    return staged


def _put_key(known, kek) -> None:
    from appliance import app
    from appliance.crypto.keyfile import create_kek, load_kek

    file = Path(app.kek_path(known))
    if file.exists():
        if load_kek(file).id != kek.id:
            raise ConfigError(f"{file} is another key than the sheet's: put it aside first")
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_kek(file, kek)
