"""The keys in memory never reach a core file: neither a command nor a unit may leave one."""

import subprocess
import sys

import pytest

from tests.support.process import ROOT

UNITS = sorted((ROOT / "packaging/debian").glob("*.service"))


def test_a_command_leaves_no_core_file():
    script = "import resource\nfrom appliance.cli import main\ntry: main(['--version'])\n"
    script += "finally: print(resource.getrlimit(resource.RLIMIT_CORE))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert "(0, 0)" in done.stdout, done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_leaves_no_core_file(unit):
    assert "LimitCORE=0" in unit.read_text().split("[Service]")[1].splitlines()
