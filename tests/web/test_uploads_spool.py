"""What the server puts aside of a request lies in memory; without memory for it there is no server."""

import logging
import tempfile

import pytest

from appliance import server
from appliance.core.errors import ConfigError
from appliance.storage import memory
from tests.support.process import preau, serving

NOWHERE = "from pathlib import Path; from appliance.storage import memory; memory.RAM_DISK = Path('/nowhere')"


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without memory for files."""
    monkeypatch.setattr(memory, "RAM_DISK", tmp_path / "absent")
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_without_memory_for_files_it_refuses_to_spool_and_says_what_to_do(nowhere):
    with pytest.raises(ConfigError, match="mount -t tmpfs"):
        server.spool_to_memory()
    assert tempfile.tempdir is None


def test_a_trial_without_memory_for_files_says_so_and_goes_on(nowhere, caplog):
    with caplog.at_level(logging.WARNING):
        server.spool_to_memory(required=False)
    assert "mount -t tmpfs" in caplog.text


@pytest.mark.server
def test_a_server_for_families_without_memory_for_files_does_not_start(tmp_path):
    config = tmp_path / "config.toml"
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    config.write_text(
        config.read_text().replace('public_url = "http://127.0.0.1:8080"', 'public_url = "https://e.test"')
    )
    with pytest.raises(RuntimeError, match="mount -t tmpfs"), serving(config, before=NOWHERE):
        pass
