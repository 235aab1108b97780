"""scrub: every encrypted file is read again and compared with what was written; weekly by a timer, without any key."""

import argparse
import json
import time

SCRUB = """\
preau-scrub.timer runs this every week; where there is none, the service does it by itself, a little at a time. What was
read in the week is not read again, and a run that was cut goes on where it was. The reading speed is
care.scrub_mb_per_second. The exit code is 1 when a file is known to be damaged or missing:

  preau restore --media-only           fetches those files from the last backup
  preau scrub --all                    reads every file now, and clears those that are whole again
"""


def add_commands(groups) -> None:
    """Declare the command."""
    parser = groups.add_parser(
        "scrub",
        help="read the encrypted files again and compare them with what was written; needs no key, while serving",
        epilog=SCRUB,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--all", action="store_true", help="also those that were read this week")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run_scrub)


def run_scrub(options) -> int:
    """Compare what is due; 0 only when no file is known to be damaged."""
    from appliance import app
    from appliance.cli.backup import progress
    from appliance.cli.service import load, require_usable, set_up_logs
    from appliance.services.media import scrub
    from appliance.storage import database

    started = time.monotonic()
    set_up_logs()
    app.open_files(load(options))
    with database.connection():
        require_usable(whatever_key=True)  # it has none (ADR 0015)
        read = scrub.run_whole(progress("files"), everything=options.all)
        known, names = scrub.report(), scrub.list_damaged_files()
    seconds = round(time.monotonic() - started, 1)
    if options.json:
        print(json.dumps({"read": read, "files": known.files, "damaged": known.damaged, "names": names,
                          "seconds": seconds}))  # fmt: skip
        return 1 if known.damaged else 0
    print(f"{read} of {known.files} files read again, {known.damaged} damaged or missing ({seconds} s)")
    for name in names:
        print(f"problem: the file {name} is damaged or missing: preau restore --media-only, then: preau scrub --all")
    return 1 if known.damaged else 0
