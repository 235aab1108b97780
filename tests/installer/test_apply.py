"""A set-up that is run again changes what is asked: what is in use stays where it is, and whose it is."""

import dataclasses

import pytest

from appliance.cli import setup
from appliance.core import config
from installer import apply, checklist, machine, settings

ELSEWHERE = {
    "database": {"url": "sqlite:////srv/disk/preau/preau.db"},
    "storage": {"blobs": "/srv/disk/preau/blobs", "kek_file": "/srv/safe/kek"},
}


@pytest.fixture
def path(tmp_path):
    """The configuration of a machine whose data and key lie elsewhere."""
    path = tmp_path / "etc/config.toml"
    path.parent.mkdir()
    path.write_text(settings.change(config.example(), ELSEWHERE))
    return path


def change(path, **answers: str) -> config.Config:
    """Ask again, with the data where a first set-up puts them, and read what came of it."""
    apply._write_configuration(path, dataclasses.replace(setup.remember(path, apply.DATA), **answers), apply.DATA)
    return config.load(path)


@pytest.mark.parametrize("user", [None, (12345, 12345)])
def test_another_relay_leaves_the_database_the_files_and_the_key_where_they_are(path, monkeypatch, user):
    monkeypatch.setattr(machine, "find_user", lambda: user)
    known = change(path, mail_host="smtp.ville.fr")
    assert known.mail.host == "smtp.ville.fr"
    assert (known.database.url, known.storage.blobs, known.storage.kek_file) == (
        ELSEWHERE["database"]["url"], ELSEWHERE["storage"]["blobs"], ELSEWHERE["storage"]["kek_file"],
    )  # fmt: skip


def test_a_database_that_is_answered_is_taken(path, monkeypatch):
    monkeypatch.setattr(apply.database, "try_postgresql", lambda url: None)
    assert change(path, database_url="postgresql:///preau").database.url == "postgresql:///preau"
    assert change(path, mail_host="smtp").database.url == "postgresql:///preau"
    assert change(path, database_url="").database.url == f"sqlite:///{apply.DATA}/preau.db"


def test_a_proxy_on_another_machine_stays_believed(path):
    assert change(path, web_server="nginx").server.trusted_proxy == "127.0.0.1"
    settings.save(path, {"server": {"host": "0.0.0.0", "trusted_proxy": "10.1.2.3"}})  # noqa: S104
    known = change(path, web_server="nginx")
    assert (known.server.host, known.server.trusted_proxy) == ("0.0.0.0", "10.1.2.3")  # noqa: S104


def test_the_key_beside_the_configuration_is_handed_over_by_systemd(path, monkeypatch):
    settings.save(path, {"storage": {"kek_file": "keys/kek"}})
    monkeypatch.setattr(machine, "find_user", lambda: (12345, 12345))
    assert change(path).storage.kek_file == "credential:kek"


def test_the_key_that_is_named_is_the_one_that_is_made_and_looked_at(path, tmp_path):
    key = tmp_path / "safe/kek"
    settings.save(path, {"storage": {"kek_file": str(key)}})
    assert apply._make_key(apply.find_key(path)) and key.exists() and checklist._key(path).fine
    assert not apply._make_key(apply.find_key(path)) and not (path.parent / apply.KEK).exists()


def test_a_first_set_up_puts_everything_where_the_package_has_it(tmp_path):
    path = tmp_path / "config.toml"
    assert apply.find_key(path) == tmp_path / "keys/kek" and apply.find_media(path, tmp_path) == tmp_path / "blobs"
    apply._write_configuration(path, setup.remember(path, tmp_path), tmp_path)
    known = config.load(path)
    assert known.path(known.storage.blobs) == apply.find_media(path) == tmp_path / "blobs"
    assert known.database.url == f"sqlite:///{tmp_path}/preau.db"
