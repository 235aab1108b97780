"""The package itself: one for every machine, the same each time it is built, and nothing that asks at an upgrade."""

import shutil
import subprocess
import time
from hashlib import sha256

import pytest

from tests.packaging.conftest import build
from tests.support.needs import lacking

pytestmark = pytest.mark.package


def field(package, name: str) -> str:
    return subprocess.run(
        ["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True
    ).stdout.strip()


def digest(path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_two_builds_are_equal(package, tmp_path):
    time.sleep(1.1)  # a clock that is read by the build would show
    # Not the bytes themselves: of two that differ, pytest would look for each difference, for ever.
    assert digest(build(tmp_path)) == digest(package)


def test_one_package_serves_every_machine_and_asks_nothing(package, tmp_path):
    assert field(package, "Architecture") == "all"
    subprocess.run(["dpkg-deb", "--control", package, tmp_path / "control"], check=True)
    names = {path.name for path in (tmp_path / "control").iterdir()}
    assert not names & {"conffiles", "config", "templates"}
    script = (tmp_path / "control/postinst").read_text()
    own = [line for line in script.split("# End automatically added section") if "Automatically added by" not in line]
    assert [line.strip() for line in own if line.strip() not in ("", "exit 0")] == []


def test_lintian_finds_nothing(package):
    if not shutil.which("lintian"):
        lacking("lintian is not installed: apt install lintian")
    changes = next(package.parent.glob("*.changes"))
    done = subprocess.run(
        ["lintian", "--fail-on", "error,warning", changes], capture_output=True, text=True, check=False
    )
    found = [line for line in done.stdout.splitlines() if line.startswith(("E:", "W:"))]
    assert not found and done.returncode == 0, done.stdout


def test_what_is_installed_is_what_git_tracks(package):
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    paths = [line.split(maxsplit=5)[5].removeprefix(".") for line in listed.splitlines()]
    assert not [path for path in paths if "__pycache__" in path or path.startswith(("/etc/", "/var/", "/usr/local/"))]
    for wanted in ("/usr/bin/preau", "/usr/share/man/man1/preau.1.gz", "/usr/share/preau/installer/apply.py"):
        assert wanted in paths
