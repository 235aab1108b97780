"""sheet: the recovery sheet on paper, and the proof that it can be read back."""

import argparse
import os
import sys
from pathlib import Path

from appliance.core.errors import ConfigError

SHEET = """\
When the machine is lost, nothing but its sheet opens the backups: print it, delete the file, keep the paper in a safe.

  preau --config F sheet print                  on the RAM disk, so that no disk keeps it
  preau --config F sheet print --shares 2/3     for three people, any two of whom can restore
  preau --config F sheet verify                 typed from the paper: the proof that it can be read
"""


def add_commands(groups) -> None:
    """Declare the group."""
    group = groups.add_parser(
        "sheet",
        help="the recovery sheet: print it, prove that it can be read back",
        epilog=SHEET,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    write = verbs.add_parser("print", help="a PDF with the master key: print it, then delete the file")
    pdf = Path("/dev/shm/preau-recovery.pdf")  # noqa: S108 - made anew, or not at all
    write.add_argument("--output", type=Path, default=pdf, metavar="F", help="the file to make (default: %(default)s)")
    write.add_argument("--shares", metavar="K/N", help="split among N people, any K of whom can restore: 2/3")
    write.set_defaults(run=run_print)
    verify = verbs.add_parser("verify", help="type or scan the sheet: is it this installation's key?")
    verify.add_argument("--sheet", type=Path, metavar="F", help="a file with its text; - reads a pipe (else: typed)")
    verify.set_defaults(run=run_verify)


def run_print(options) -> None:
    """Write the PDF, readable by its owner alone."""
    from appliance import app
    from appliance.cli.service import load
    from appliance.crypto import shares
    from appliance.crypto.keyfile import load_kek
    from appliance.services import sheet

    config = load(options)
    kek = load_kek(app.kek_path(config))
    texts = shares.split(kek, *_read_shares(options.shares)) if options.shares else None
    try:
        descriptor = os.open(options.output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise ConfigError(f"{options.output} cannot be made: {error.strerror}. Name another: --output F") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(sheet.draw(kek, config.server.public_url, texts))
    print(f"{options.output}: print it, delete the file, then: preau sheet verify")


def _read_shares(text: str) -> tuple[int, int]:
    need, _slash, total = text.partition("/")
    if not (need.isdigit() and total.isdigit() and 2 <= int(need) <= int(total) <= 16):
        raise ConfigError("shares are written K/N with 2 ≤ K ≤ N ≤ 16, as in 2/3")
    return int(need), int(total)


def read_sheet(path: Path | None):
    """The key on a sheet that is typed, piped or in a file; KeyFileError says what is wrong with it."""
    from appliance.services import sheet

    if path is not None:
        try:
            return sheet.read(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{path} cannot be read: {error}. It is the text of the sheet, typed or scanned."
            ) from None
    if not sys.stdin.isatty():
        raise ConfigError("the recovery sheet is needed: --sheet F, or --sheet - to read it from a pipe")
    print("Type the lines of the recovery sheet (or of the shares, one after the other), then an empty line:")
    return sheet.read("\n".join(iter(input, "")))


def run_verify(options) -> int:
    """Compare a sheet with the key in force, and note that it was read back."""
    from appliance.cli.service import load, open_kernel_and_database
    from appliance.services.backup import status
    from appliance.services.health import checks

    kek, config = read_sheet(options.sheet), load(options)
    known = open_kernel_and_database(config).ring.keks  # as the owner of the data from here on
    if kek.id == known[0].id:
        folder = checks.status_folder(config)
        if folder.is_dir():
            status.note(folder, "sheet", True, key=kek.id)
        print(f"this sheet opens this installation (key {kek.id})")
        return 0
    older = kek.id in {each.id for each in known}
    before = "this sheet is of the key before the one in force: print the new one, which opens all backups"
    print(f"{before}: preau sheet print" if older else "this sheet is of another key")
    return 1
