"""The package, built once a run, and machines to install it on."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import container
from tests.support.needs import lacking

ROOT = container.ROOT
PASSWORD = "un préau sous la pluie"
SETUP = (
    "preau", "setup", "--non-interactive",
    "--responsible-body", "Commune d’Essai",
    "--schools", "École Jules Ferry;0751234A;Paris",
    "--public-url", "https://carnet.example",
    "--admin-email", "admin@carnet.example",
    "--backup-to", "/mnt/backups",
)  # fmt: skip


def build(folder: Path, version: str = "") -> Path:
    """The .deb of this tree, under another version if one is given."""
    environment = {**os.environ, "PREAU_DEB_VERSION": version}
    done = subprocess.run(
        [ROOT / "tools/build-deb", folder], capture_output=True, text=True, env=environment, timeout=300
    )
    if done.returncode == 77:
        lacking(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="session")
def package(tmp_path_factory) -> Path:
    """The package of this tree."""
    return build(tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module", params=container.SUITES)
def suite(request) -> str:
    """Each Debian that the package is for."""
    return request.param


def set_up(machine, package: Path, **environment: str):
    """Install the package and set the machine up without a question."""
    machine.install(package)
    machine.shell("mkdir -p /mnt/backups && chown preau: /mnt/backups; echo 127.0.0.1 carnet.example >> /etc/hosts")
    command = ["env", *(f"{name}={value}" for name, value in environment.items()), *SETUP]
    # The exit code tells that the check list is not all green: a container has no time server.
    return machine.run(*command, check=False)


@pytest.fixture(scope="module")
def machine(suite, package):
    """A machine that was installed and set up as the documentation says, shared by the tests that leave it whole."""
    with container.booted(suite) as booted:
        booted.said = set_up(booted, package, PREAU_SETUP_ADMIN_PASSWORD=PASSWORD).stdout
        yield booted
