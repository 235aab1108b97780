"""`preau doctor` for people and for programs: one line a problem, its remedy, and an exit code."""

import json
import os

import pytest

from tests.support.process import preau

pytestmark = pytest.mark.server


def test_it_says_what_is_wrong_and_repairs_what_is_safe(tmp_path):
    config = tmp_path / "config.toml"
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    for name in ("doctor", "check"):
        well = preau("--config", config, name)
        assert well.returncode == 0 and "all is well" in well.stdout, well.stdout + well.stderr
    left = tmp_path / "blobs" / "aa" / "orphan1234"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"noise")
    os.utime(left, (1, 1))
    told = json.loads(preau("--config", config, "doctor", "--json").stdout)
    assert told["problems"] == 1 and [each["code"] for each in told["found"] if each["level"] == "problem"] == [
        "file_leftover"
    ]
    ill = preau("--config", config, "doctor")
    assert "1 problem (" in ill.stdout
    assert ill.returncode == 1 and "problem: no row mentions the file orphan1234: delete it with" in ill.stdout
    assert preau("--config", config, "doctor", "--repair").returncode == 0 and not left.exists()
    (tmp_path / "keys" / "kek").rename(tmp_path / "keys" / "elsewhere")
    lost = preau("--config", config, "doctor")
    assert lost.returncode == 1 and "Put the key back" in lost.stdout and "Traceback" not in lost.stderr


def test_the_help_of_keys_teaches_the_whole_procedure():
    text = preau("key", "rotate", "--help").stdout
    for word in ("--forget-old", "recovery", "systemctl stop preau", "--service-stopped", "LoadCredential", "Backups"):
        assert word in text, word


def test_a_key_that_systemd_hands_over_is_not_replaced_under_a_running_service(tmp_path):
    config = tmp_path / "config.toml"
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    text = config.read_text().replace('kek_file = "keys/kek"', 'kek_file = "credential:kek"')
    config.write_text(text)
    before = (tmp_path / "keys" / "kek").read_bytes()
    refused = preau("--config", config, "key", "rotate")
    assert refused.returncode == 1 and "systemctl stop preau" in refused.stderr
    assert (tmp_path / "keys" / "kek").read_bytes() == before and len(os.listdir(tmp_path / "keys")) == 1
    done = preau("--config", config, "key", "rotate", "--service-stopped")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "keys" / "kek.old").read_bytes() == before
