"""`preau doctor`, and `preau check`, its short name of old: what is wrong, each with its remedy."""

import argparse
import json
import time
from collections import Counter

DOCTOR = """\
Looks at everything that the page Administration > Santé du serveur shows (disks, database, queue, backup, rehearsal,
certificate, clock, programs, antivirus, proxy, recovery sheet, versions), and at the key of each academy and class, the
journal, media and files. The service may go on meanwhile.

  preau --config F doctor              one line each; the exit code is 0 when there is no problem
  preau --config F doctor --repair     removes noise older than a day, submits again what nobody would prepare
  preau --config F doctor --digests    reads every file too, as preau scrub does every week

Rows without files are an alarm: restore the files from the last backup. Files without rows are what an interrupted
upload or deletion left; their key is gone.
"""
SHOWN = 50  # of each kind; the others are counted


def add_commands(groups) -> None:
    """Declare both names."""
    for name, text in (
        ("doctor", "what is wrong, each thing with its remedy"),
        ("check", "is everything in order? each problem comes with its remedy (the same as doctor)"),
    ):
        parser = groups.add_parser(name, help=text, epilog=DOCTOR, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--repair", action="store_true", help="do what is safe at any time")
        parser.add_argument("--digests", action="store_true", help="read every file and compare it")
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.set_defaults(run=run_doctor)


def run_doctor(options) -> int:
    """Print what is found as it is found; 0 only when there is no problem."""
    started, counted, kept, levels = time.monotonic(), Counter(), [], {}
    for sign in _found(options):
        counted[sign.code] += 1
        levels[sign.code] = sign.level
        if counted[sign.code] > SHOWN:
            continue
        kept.append(sign._asdict())
        if not options.json:
            print(f"{sign.level}: {sign.text}", flush=True)
    problems = sum(count for code, count in counted.items() if levels[code] == "problem")
    more = {code: count - SHOWN for code, count in counted.items() if count > SHOWN}
    seconds = time.monotonic() - started
    if options.json:
        print(json.dumps({"problems": problems, "found": kept, "more": more, "seconds": round(seconds, 1)}))
    else:
        for code, count in more.items():
            print(f"{levels[code]}: and {count} more like this ({code})")
        print(f"{'all is well' if not problems else f'{problems} problem' + 's' * (problems > 1)} ({seconds:.1f} s)")
    return 1 if problems else 0


def _found(options):
    from appliance.cli.service import load, open_kernel_and_database
    from appliance.core.errors import ConfigError, Unavailable
    from appliance.crypto.errors import KeyFileError
    from appliance.services import doctor
    from appliance.services.health import checks

    try:
        kernel = open_kernel_and_database(load(options), whatever_key=True)  # it says itself what doesn't open
    except (ConfigError, KeyFileError) as error:
        yield doctor.Sign("start", str(error))
        return
    except Unavailable:
        yield doctor.Sign("start", "the database does not answer: start it, or see database.url in the configuration")
        return
    place = checks.Place(kernel.config, kernel.blobs, lambda: kernel.ring.kek_id)
    yield from doctor.examine(place, repair=options.repair, digests=options.digests)
