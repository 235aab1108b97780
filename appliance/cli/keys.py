"""The master key from the command line: which one is in force, and how another takes its place; no key is printed."""

import argparse
import json
import os
import sys

from appliance.core.errors import ConfigError

EPILOG = """\
The master key opens the key of each academy, which opens the keys of its classes, which open texts and media. It is in
the file storage.kek_file (mode 0400), never in the database nor in a backup. The file itself, four lines of text, is
the recovery sheet: print it, keep it in a safe place away from the machine.

  preau --config F key show                   the keys by their public names, and what they wrap
  preau --config F key rotate                 a new master key; seconds, whatever the size of the media
  preau --config F key rotate --forget-old    once the new sheet is printed
"""
ROTATE = """\
  1. preau --config F key rotate
     A new key is made beside the old one (FILE.new), everything that the old one wraps is wrapped under the new one,
     which then takes its place; the old one is kept in FILE.old. The service goes on meanwhile, sessions and printed
     codes stay good, no media is rewritten. Interrupted, even by a power cut, nothing is lost: run it again.
  2. Print the new FILE and put it in the safe, BESIDE the old sheet.
     Backups made before the rotation open only with the old key: keep its sheet as long as you keep them.
  3. preau --config F key rotate --forget-old
     FILE.old is deleted from this machine.

Where storage.kek_file is credential:NAME, the service only has a copy that systemd made when it started. Then, as root:
  systemctl stop preau
  preau --config F key rotate --service-stopped
  systemctl start preau
The key file is keys/NAME beside F; where LoadCredential=NAME:FILE names another one, add --kek-file FILE.
With LoadCredentialEncrypted: systemd-creds decrypt --name=NAME FILE /run/preau-kek (a RAM disk), rotate with --kek-file
/run/preau-kek, then systemd-creds encrypt --name=NAME /run/preau-kek FILE, start the service, and keep
/run/preau-kek.old until the new sheet is printed.

On several machines: stop all, rotate on one, copy FILE to the others, start them.
"""


def add_commands(groups) -> None:
    """Declare the group."""
    raw = argparse.RawDescriptionHelpFormatter
    group = groups.add_parser("key", help="the master key: show, rotate", epilog=EPILOG, formatter_class=raw)
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", help="the master keys by name, and what they wrap; never a key itself")
    show.add_argument("--json", action="store_true", help="for programs")
    show.set_defaults(run=run_show)
    rotate = verbs.add_parser("rotate", help="put a new master key in force", epilog=ROTATE, formatter_class=raw)
    rotate.add_argument(
        "--forget-old", action="store_true", help="the new recovery sheet is printed: delete the old key from here"
    )
    rotate.add_argument(
        "--service-stopped",
        action="store_true",
        help="the service is stopped (needed where systemd hands the key over)",
    )
    rotate.set_defaults(run=run_rotate)
    for parser in (show, rotate):
        parser.add_argument("--kek-file", metavar="FILE", help="the key file, where systemd hands it over (see below)")


def run_show(options) -> None:
    """Print where things stand."""
    from appliance.services import rotation

    config, path = _find(options)
    state = rotation.read_state(path)
    _run_in_child(config, lambda: _show(options, state, rotation.count_academies()))


def _show(options, state, academies: dict[str, int]) -> None:
    if options.json:
        print(json.dumps({**vars(state), "academies": academies}))
        return
    print(f"in force  {state.in_force}")
    if state.following:
        print(f"next      {state.following}  a rotation is not finished. Run: preau key rotate")
    if state.retired and state.retired != state.in_force:
        print(f"retired   {state.retired}  still on this machine. Print the new sheet, then: key rotate --forget-old")
    for kek_id, count in sorted(academies.items()):
        print(f"{count} academies wrapped under {kek_id or 'the first master key'}")


def run_rotate(options) -> None:
    """Rotate, or end a rotation that was interrupted; or forget the retired key."""
    import functools

    from appliance.services import rotation

    config, path = _find(options)
    run, again = functools.partial(_run_in_child, config), f"preau --config {options.config} key rotate"
    if config.storage.kek_file.startswith("credential:") and not options.service_stopped:
        raise ConfigError(
            f"storage.kek_file is {config.storage.kek_file}: the service holds a copy of the key that it got when it "
            f"started. Type: systemctl stop preau ; {again} --service-stopped ; systemctl start preau. See also --help"
        )
    run(lambda: None)  # an unfit database stops it here, before anything is written
    if options.forget_old:
        forgotten = rotation.forget_old(path, _tell, run)
        print(f"the master key {forgotten} is forgotten on this machine" if forgotten else "there is no retired key")
    elif rotation.rotate(path, _tell, run):
        print(
            f"Done. Next:\n  print {path}: it is the new recovery sheet. Keep the old sheet as long as older backups.\n"
            f"  then: {again} --forget-old"
        )
    else:
        print(
            f"A rotation was done before, and its old key is still in {path}.old: no new key was made.\n"
            f"Print {path}, then: {again} --forget-old"
        )


def _tell(text: str) -> None:
    print(text, flush=True)


def _find(options) -> tuple:
    """The configuration and the path of the key file."""
    import dataclasses

    from appliance import app
    from appliance.cli.service import load

    config = load(options)
    if options.kek_file:
        path = os.path.abspath(options.kek_file)
        config = dataclasses.replace(config, storage=dataclasses.replace(config.storage, kek_file=path))
    return config, app.kek_path(config)


def _run_in_child(config, work) -> None:
    """Do what touches the database as its owner: opening the kernel leaves root for good, and the key files are
    root's."""
    from appliance.cli import explain
    from appliance.cli.service import open_kernel_and_database

    sys.stdout.flush()
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            raise SystemExit(1)
        return
    status = 1
    try:
        open_kernel_and_database(config)
        work()
        status = 0
    except Exception as error:  # the child has no other way to tell
        print(f"preau: {explain(error)}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
