"""The master key from the command line: which one is in force, and how another takes its place; no key is printed."""

import argparse
import json
import os

from appliance.cli.child import run_in_child
from appliance.core.errors import ConfigError

EPILOG = """\
The master key opens the key of each academy, which opens the keys of its classes, which open texts and media. It is in
the file storage.kek_file (mode 0400), never in the database nor in a backup. The file itself, four lines of text, is
the recovery sheet: print it (preau sheet print), keep it in a safe place away from the machine. The sheet of the key
in force opens all backups, those made under an earlier key too.

  preau --config F key show                   the keys by their public names, and what they wrap
  preau --config F key rotate                 a new master key; seconds, whatever the size of the media
  preau --config F key rotate --forget-old    once the new sheet is printed
"""
ROTATE = """\
  1. preau --config F key rotate
     A new key is made beside the old one (FILE.new), everything that the old one wraps is wrapped under the new one,
     which then takes its place; the old one is kept in FILE.old. The service goes on meanwhile, sessions and printed
     codes stay good, no media is rewritten. Interrupted, even by a power cut, nothing is lost: run it again.
  2. Print the new sheet, put it in the safe, and prove that it can be read back: preau sheet print; preau sheet verify
     Backups made before the rotation open with it too: step 1 saw to that at the place that the configuration names.
     Where it says that it could not, or where you have other places, make a backup there: preau backup [--to PLACE]
  3. preau --config F key rotate --forget-old
     FILE.old is deleted from this machine, once a backup or step 1 has handed the older backups over. The old sheet
     can go too, unless a copy of older backups lies elsewhere (a disk in a drawer): only the old sheet opens that.

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
        parser.add_argument(
            "--kek-file", metavar="FILE", help="the key file, where systemd hands it over (key rotate --help)"
        )


def run_show(options) -> None:
    """Print where things stand."""
    from appliance.services import rotation

    config, path = _find(options)
    state = rotation.read_state(path)
    _run_in_child(config, lambda: _show(options, state, rotation.count_academies()), whatever_key=True)


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
        _require_handed_over(config, rotation.read_state(path))
        forgotten = rotation.forget_old(path, _tell, run)
        print(f"the master key {forgotten} is forgotten on this machine" if forgotten else "there is no retired key")
        return
    done = rotation.rotate(path, _tell, run)
    run(lambda: _hand_over(config))
    if not done:
        print(f"A rotation was done before, and its old key is still in {path}.old: no new key was made.")
    print(f"Next:\n  preau sheet print, then: preau sheet verify\n  then: {again} --forget-old")


def _hand_over(config) -> None:
    """While both keys are at hand, have the older backups open with the new sheet."""
    from appliance.cli import backup
    from appliance.school import keys
    from appliance.services.backup import keeping, targets

    keks, folder = keys.ring().keks, backup.data_folder(config)
    places = [targets.Folder(folder / name) for name in backup.BESIDE]
    try:
        with backup.alone(config):
            for place in places:
                keeping.hand_over(place, keks)
            target = backup.open_place(config)
            if not keeping.hand_over(target, keks):
                return
    except backup.failures() as error:
        print(f"the older backups do not open with the new sheet yet: {error}. As soon as they can be reached: preau "
              "backup", flush=True)  # fmt: skip
        return
    backup.note(config, "keys", True, key=keks[0].id)
    print(f"the backups at {target} open with the new sheet, the older ones too", flush=True)


def _require_handed_over(config, state) -> None:
    """The retired key is the only way to older backups until the file of keys beside them was written anew."""
    from appliance.cli import backup
    from appliance.services.backup import status

    noted = status.read(backup.data_folder(config))
    handed = {noted.get(what, {}).get("key") for what in ("backup", "keys")}
    if state.retired and "backup" in noted and state.in_force not in handed:
        raise ConfigError("the older backups still need the retired key. Make one, which hands them over: preau backup")


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


def _run_in_child(config, work, *, whatever_key: bool = False) -> None:
    """Do what touches the database as its owner: the key files stay root's."""
    from appliance.cli.service import open_kernel_and_database

    def open_and_work() -> None:
        open_kernel_and_database(config, whatever_key=whatever_key)
        work()

    if run_in_child(open_and_work):
        raise SystemExit(1)
