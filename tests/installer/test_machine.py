"""What the set-up changes outside: no link of the service's user leads root elsewhere, what is refused is undone."""

import os
import tempfile
from pathlib import Path

import pytest

from appliance.core.errors import ConfigError
from installer import apply, machine
from tests.support.needs import BY_DESIGN

USER = (12345, 12345)
WELCOME = "/etc/nginx/sites-available/default"


@pytest.fixture
def place(monkeypatch):
    """A folder that every user may pass through, with `data` and `etc`, root's; the service has a user of its own."""
    if os.geteuid() != 0:
        pytest.skip(f"{BY_DESIGN}only root can give a folder to another user")
    monkeypatch.setattr(machine, "find_user", lambda: USER)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "data").mkdir()
        (folder / "etc/inside").mkdir(parents=True)
        for each in (folder / "etc", folder / "etc/inside"):
            each.chmod(0o755)  # whatever a command has made of the umask
        yield folder


def owner(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def link(path: Path, to: Path) -> None:
    """A link made by the service's user."""
    path.symlink_to(to)
    os.chown(path, *USER, follow_symlinks=False)


def test_the_folders_of_the_service_are_its_own_and_nobody_else_s(place):
    apply._make_backup_folder(str(place / "data/a/backups"), place / "data")
    for folder in (place / "data", place / "data/a", place / "data/a/backups"):
        assert owner(folder) == USER and folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["backups", "backups/inside"])
def test_a_link_in_place_of_the_backups_gives_nothing_of_root_s_away(place, name):
    link(place / "data/backups", place / "etc")
    apply._make_backup_folder(str(place / "data" / name), place / "data")
    assert owner(place / "etc") == owner(place / "etc/inside") == (0, 0)
    with pytest.raises(ConfigError, match="install -d -o preau"):
        apply._make_backup_folder(str(place / "data/backups/new"), place / "data")
    assert not (place / "etc/new").exists()


def test_a_link_in_place_of_the_data_counts_when_it_is_root_s(place):
    link(place / "theirs", place / "etc")
    with pytest.raises(ConfigError, match="not root's"):
        machine.give(place / "theirs")
    assert owner(place / "etc") == (0, 0)
    (place / "disk").mkdir()
    (place / "ours").symlink_to(place / "disk")
    machine.give(place / "ours")
    assert owner(place / "disk") == USER


@pytest.fixture
def nginx(tmp_path, monkeypatch):
    """nginx's folders with Debian's welcome page, and an nginx that accepts or not."""
    for name in ("sites-available", "sites-enabled"):
        (tmp_path / name).mkdir()
    (tmp_path / "sites-enabled/default").symlink_to(WELCOME)
    monkeypatch.setattr(machine, "has_systemd", lambda: False)
    return tmp_path


def found(folder: Path) -> dict[str, str]:
    """Every file and link, with what it holds or where it leads."""
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return {str(path): os.readlink(path) if path.is_symlink() else path.read_text() for path in paths}


def test_a_site_that_nginx_refuses_leaves_everything_as_it_was(nginx, monkeypatch):
    monkeypatch.setattr(machine, "run", lambda *command: (1, "emerg"))
    before = found(nginx)
    assert machine.enable_site(nginx, "new") == "emerg"
    assert found(nginx) == before
    monkeypatch.setattr(machine, "run", lambda *command: (0, ""))
    assert machine.enable_site(nginx, "first") == ""
    before = found(nginx)
    assert len(before) == 2 and "first" in before.values()
    monkeypatch.setattr(machine, "run", lambda *command: (1, ""))
    assert machine.enable_site(nginx, "second") and found(nginx) == before


def test_what_is_replaced_keeps_a_name(tmp_path):
    path = tmp_path / "key.pem"
    machine.keep_aside(path)
    for content in ("a", "b", "c"):
        machine.keep_aside(path)
        machine.write(path, content, 0o600)
    assert [(tmp_path / name).read_text() for name in ("key.pem", "key.pem.2", "key.pem.1")] == ["c", "b", "a"]
