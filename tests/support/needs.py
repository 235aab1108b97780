"""A test that lacks a package is skipped and says what to install; under CI=true it fails: nothing may be left out."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

# What may be lacking -> where it comes from.
TOOLS = {
    "bsdtar": "apt install libarchive-tools",
    "unzip": "apt install unzip",
    "chromium": "apt install chromium",
    "pdftoppm": "apt install poppler-utils",
    "pdftotext": "apt install poppler-utils",
    "zbarimg": "apt install zbar-tools",
    "heif-convert": "apt install libheif-examples",
    "heif-enc": "apt install libheif-examples",
    "apache2": "apt install apache2-bin",
    "clamd": "apt install clamav-daemon",
    "initdb": "apt install postgresql",
    "git": "apt install git",
    "ffmpeg": "apt install ffmpeg",
    "ffprobe": "apt install ffmpeg",
}
MODULES = {
    "playwright": "make install",
    "aiosmtpd": "make install (Debian: apt install python3-aiosmtpd)",
    "tusclient": "make install (PyPI: tuspy)",
    "psycopg2": "make install (Debian: apt install python3-psycopg2)",
}
# A reason that begins so is no lack of a package, and holds under CI too.
BY_DESIGN = "by design: "


def in_ci() -> bool:
    """Whether nothing may be left out."""
    return os.environ.get("CI") == "true"


def lacking(reason: str) -> None:
    """Leave the test out for this reason, or fail it under CI."""
    if in_ci():
        pytest.fail(f"CI=true, so nothing may be left out: {reason}", pytrace=False)
    pytest.skip(reason)


def needs(name: str) -> str:
    """The path of a program or the name of a module that the test cannot do without."""
    if name in TOOLS:
        # Daemons are in /usr/sbin, which is on the path of root alone.
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin") if name != "initdb" else _initdb()
        if not found:
            lacking(f"{name} is not installed: {TOOLS[name]}")
        return str(found)
    if name in MODULES:
        if importlib.util.find_spec(name) is None:
            lacking(f"the Python package {name} is not installed: {MODULES[name]}")
        return name
    raise KeyError(f"Say in tests/support/needs.py where {name} comes from.")


def _initdb() -> str | None:
    from tests.support.postgres import find_binaries

    folder = find_binaries()
    return str(Path(folder) / "initdb") if folder else None
