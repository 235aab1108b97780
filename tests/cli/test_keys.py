"""After a rotation the new recovery sheet opens every backup, and nothing that still needs the old one is lost."""

import json
import shutil

import pytest

from appliance.cli import sheet
from appliance.crypto.keyfile import load_kek
from appliance.services.backup import keeping, targets
from tests.support.process import preau

pytestmark = pytest.mark.server


@pytest.fixture
def backed_up(tmp_path):
    """(configuration, the place of its one backup) of an installation with the key that it was made with."""
    config = tmp_path / "config.toml"
    assert preau("--config", config, "init", "--non-interactive").returncode == 0
    done = preau("--config", config, "backup")
    assert done.returncode == 0, done.stderr
    return config, targets.Folder(tmp_path / "backups")


def run(config, *arguments: str) -> str:
    done = preau("--config", config, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def opens(place, path) -> list[bool]:
    """Whether each backup opens with the sheet in a file."""
    keys = keeping.opening(place, load_kek(path))
    return [keeping.read_manifest(place, keys, name) is not None for name in keeping.list_snapshots(place)]


def test_a_rotation_hands_the_older_backups_over_to_the_new_sheet(backed_up):
    config, place = backed_up
    assert "the older ones too" in run(config, "key", "rotate")
    assert opens(place, config.parent / "keys/kek") == [True]
    run(config, "key", "rotate", "--forget-old")
    run(config, "backup")
    assert opens(place, config.parent / "keys/kek") == [True, True]
    assert all(each["opens"] for each in json.loads(run(config, "backup", "list", "--json"))["backups"])
    assert "0 media missing" in run(config, "backup", "rehearse")


def test_a_place_that_is_away_keeps_the_retired_key_until_a_backup_reaches_it(backed_up, tmp_path):
    config, place = backed_up
    away = tmp_path / "drawer"
    shutil.move(place.root, away)
    assert "the older ones too" not in run(config, "key", "rotate")
    refused = preau("--config", config, "key", "rotate", "--forget-old")
    assert refused.returncode == 1 and "still need the retired key" in refused.stderr
    shutil.move(away, place.root)
    retired = config.parent / "keys/kek.old"
    hidden = retired.rename(config.parent / "kek.hidden")  # as where systemd hands over the key in force alone
    blind = preau("--config", config, "backup")
    assert blind.returncode == 1 and "which is not at hand here" in blind.stderr
    assert opens(place, hidden) == [True], "what only the old sheet opens is as it was"
    hidden.rename(retired)
    run(config, "backup")
    run(config, "key", "rotate", "--forget-old")
    assert opens(place, config.parent / "keys/kek") == [True, True]


def test_the_sheet_of_the_key_before_is_told_from_a_stranger_s(backed_up, tmp_path):
    config, _place = backed_up
    old = tmp_path / "old.txt"
    old.write_text((config.parent / "keys/kek").read_text())
    run(config, "key", "rotate")
    said = preau("--config", config, "sheet", "verify", "--sheet", old)
    assert said.returncode == 1 and "opens all backups: preau sheet print" in said.stdout
    assert sheet.read_sheet(old).id != load_kek(config.parent / "keys/kek").id
    assert "opens this installation" in run(config, "sheet", "verify", "--sheet", str(config.parent / "keys/kek"))
