"""`make` uses the environment of this folder and of this Python only; another one is made anew, never run."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.source import ROOT


@pytest.fixture
def checkout(tmp_path):
    """A folder with the Makefile and the mark of an environment made in it."""
    folder = tmp_path / "préau élève"
    (folder / ".venv/bin").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    (folder / ".venv/.runtime").write_text(f"{folder.resolve()} {os.path.realpath(sys.executable)}\n")
    return folder


def make(folder, *targets: str) -> str:
    done = subprocess.run(["make", "-C", folder, *targets], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_environment_of_this_folder_and_this_python_is_kept(checkout):
    assert "made anew" not in make(checkout, "help") and (checkout / ".venv/.runtime").exists()


@pytest.mark.parametrize(
    "given", [{"env": {**os.environ, "PORT": "9000"}}, {"arguments": ["PORT=9000"]}], ids=["before", "after"]
)
def test_the_port_is_given_before_or_after(checkout, given):
    (checkout / "pyproject.toml").touch()
    command = ["make", "-n", "-C", checkout, "run", *given.pop("arguments", [])]
    assert "preau demo --port 9000" in subprocess.run(command, capture_output=True, text=True, **given).stdout


def test_the_environment_of_another_python_is_made_anew(checkout):
    (checkout / ".venv/bin/python").unlink()
    (checkout / ".venv/bin/python").symlink_to("/usr/bin/env")
    assert "made anew" in make(checkout, "help") and not (checkout / ".venv").exists()


def test_the_environment_of_a_folder_that_was_moved_is_made_anew(checkout):
    moved = checkout.rename(checkout.with_name("moved"))
    assert "made anew" in make(moved, "help") and not (moved / ".venv").exists()
