"""How many processes serve: asked where several can write at once; what is asked starts or stops, nothing else."""

import dataclasses
import os
from pathlib import Path

import pytest

from appliance.cli import setup
from appliance.core import config
from installer import apply, certificates, checklist, machine, rules, settings, sites, terminal
from installer.answers import Answers

FINE = Answers(admin_email="mairie@ville.fr")
POSTGRESQL = dataclasses.replace(FINE, database_url="postgresql://preau:secret@db.ville.fr/preau")
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$UNITS/../said"
unit=""; for each in "$@"; do case $each in preau@*) unit="$each" ;; esac; done
wants="$UNITS/preau.service.wants"
case "$1 $unit" in
    enable\\ preau@*) mkdir -p "$wants"; ln -sf /lib/systemd/system/preau@.service "$wants/$unit" ;;
    disable\\ preau@*) rm -f "$wants/$unit" ;;
    is-active\\ *) shift; for each in "$@"; do [ "$each" = "$DOWN" ] && echo failed || echo active; done ;;
esac
exit 0
"""


@pytest.fixture
def units(tmp_path, monkeypatch):
    """A systemd that only notes what it is asked, and keeps which units start by themselves."""
    folder, programs = tmp_path / "units", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL)
    (programs / "nginx").write_text("#!/bin/sh\nexit 0\n")
    for each in programs.iterdir():
        each.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("UNITS", str(folder))
    monkeypatch.setattr(machine, "UNITS", folder)
    monkeypatch.setattr(machine, "has_systemd", lambda: True)
    monkeypatch.setattr(machine, "find_user", lambda: (os.getuid(), os.getgid()))
    return folder


def said(units: Path) -> list[str]:
    path = units.parent / "said"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


@pytest.mark.parametrize("number", ["0", "17", "-1", "deux", "", "1.5", "²"])
def test_a_number_that_cannot_be_is_said(number):
    assert set(rules.check(dataclasses.replace(POSTGRESQL, processes=number))) == {"processes"}


def test_several_are_for_postgresql_behind_nginx_or_a_front_of_ones_own():
    assert "SQLite" in rules.check(dataclasses.replace(FINE, processes="2"))["processes"]
    for server, fine in (("nginx", True), ("none", True), ("apache", False)):
        several = dataclasses.replace(POSTGRESQL, processes="3", web_server=server)
        assert (rules.check(several) == {}) is fine and several.count_processes() == (3 if fine else 1)
    assert dataclasses.replace(POSTGRESQL, processes="3", database_url="").count_processes() == 1


def test_the_terminal_asks_for_it_only_where_it_makes_sense(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert not terminal._is_needed(FINE, "processes") and "SQLite" in capsys.readouterr().out
    assert terminal._is_needed(POSTGRESQL, "processes")


def test_ports_follow_each_other_and_those_that_are_there_stay(units):
    assert machine.choose_ports(8080, 1) == [8080]
    assert machine.choose_ports(8080, 3) == [8080, 8081, 8082]
    machine.keep_ports([8081, 9001])
    assert machine.list_ports() == [8081, 9001]
    assert machine.choose_ports(8080, 3) == [8080, 8081, 9001]
    assert machine.choose_ports(8080, 4) == [8080, 8081, 8082, 9001]
    assert machine.choose_ports(8080, 2) == [8080, 8081]


def test_units_are_started_and_stopped_by_what_is_asked(units):
    assert machine.keep_ports([8081, 8082]) == ""
    assert [line for line in said(units) if "start" in line] == ["start preau@8081.service", "start preau@8082.service"]
    machine.keep_ports([8081])
    assert "disable --now preau@8082.service" in said(units) and machine.list_ports() == [8081]
    machine.keep_ports([8081])
    assert not [line for line in said(units) if "disable" in line]
    machine.keep_ports([])
    assert machine.list_ports() == []


def test_what_was_answered_is_found_again_and_the_site_lists_every_port(units, tmp_path, monkeypatch):
    certificate, key = certificates.make_self_signed("localhost", apply.clock.now())
    for name, content in (("CERTIFICATE", certificate), ("KEY", key)):
        (tmp_path / name).write_bytes(content)
        monkeypatch.setattr(sites, name, tmp_path / name)
    monkeypatch.setattr(apply, "NGINX", tmp_path / "nginx")
    for name in ("sites-available", "sites-enabled"):
        (tmp_path / "nginx" / name).mkdir(parents=True)
    path = tmp_path / "config.toml"
    settings.save(path, apply.values_of(POSTGRESQL, tmp_path))
    site = tmp_path / "nginx/sites-available/preau"
    machine.keep_ports([8081, 8082])
    remembered = setup.remember(path, tmp_path)
    assert remembered.processes == "3"
    for answers, ports in (
        (remembered, (8080, 8081, 8082)),
        (dataclasses.replace(remembered, processes="2"), (8080, 8081)),
    ):
        apply._write_site(path, answers)
        assert [f"127.0.0.1:{port} " in site.read_text() for port in (8080, 8081, 8082)] == [
            port in ports for port in (8080, 8081, 8082)
        ]
    apply.end_wizard(path)
    assert "127.0.0.1:8082" in site.read_text(), "the end of the set-up in the browser forgets no process"


def test_the_check_list_names_the_process_that_is_down(units, monkeypatch):
    machine.keep_ports([8081, 8082])
    assert checklist._service().fine
    monkeypatch.setenv("DOWN", "preau@8082.service")
    found = checklist._service()
    assert not found.fine and "-u preau@8082.service" in found.remedy and "8081" not in found.remedy.split("(")[0]


def test_the_firewall_of_every_unit_is_opened_alike(units, tmp_path, monkeypatch):
    monkeypatch.setattr(apply, "DROP_IN", units)
    path = tmp_path / "config.toml"
    answers = dataclasses.replace(FINE, mail_host="127.0.0.1")
    settings.save(path, apply.values_of(answers, tmp_path))
    config.load(path)
    apply._write_drop_in(path)
    written = {each.parent.name: each.read_text() for each in units.glob("*.service.d/network.conf")}
    assert set(written) == {
        f"{name}.service.d" for name in ("preau", "preau@", "preau-backup", "preau-rehearse", "preau-scrub")
    }
    assert len(set(written.values())) == 1 and "IPAddressAllow=127.0.0.1" in written["preau-scrub.service.d"]
