"""The sites that are written: what the web servers themselves say of them, and what each must hold."""

import dataclasses
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.core import config
from installer import certificates, sites
from tests.support.needs import BY_DESIGN

CONFIG = config.parse(config.example(), name="test", folder=Path("/srv/preau"))


def server(*names: str) -> str:
    """A web server's program; where there is none, the container of tests/packaging has it."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
        if found:
            return found
    pytest.skip(f"{BY_DESIGN}{names[0]} is not here; the tests of the package try it in a container")


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """A certificate where the sites look for it."""
    certificate, key = certificates.make_self_signed("carnet.ville.fr", datetime(2026, 9, 1, tzinfo=UTC))
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for path, content in zip(paths, (certificate, key), strict=True):
        path.write_bytes(content)
    monkeypatch.setattr(sites, "CERTIFICATE", paths[0])
    monkeypatch.setattr(sites, "KEY", paths[1])
    return paths


@pytest.mark.parametrize("ports", [(), (8080, 8081, 8082)])
@pytest.mark.parametrize("wizard", [0, 8079])
def test_nginx_accepts_the_site(tls, tmp_path, ports, wizard):
    program = server("nginx")
    text = sites.write_nginx(CONFIG, "carnet.ville.fr", ports, wizard=wizard) + sites.write_setup(8079, *tls)
    text = re.sub(r"listen (\[::\]:)?(80|443)", lambda found: f"listen {found[1] or ''}1{found[2]}", text)
    path = tmp_path / "nginx.conf"
    path.write_text(f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\nevents {{}}\nhttp {{\n{text}\n}}\n")
    done = subprocess.run([program, "-t", "-c", path, "-p", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_apache_accepts_the_site(tls, tmp_path):
    program = server("apache2", "httpd")
    modules = Path("/usr/lib/apache2/modules")
    wanted = "mpm_event authz_core authz_host alias ssl proxy proxy_http headers http2 reqtimeout socache_shmcb".split()
    lines = [f"LoadModule {name}_module {modules}/mod_{name}.so" for name in wanted]
    lines += ["Listen 127.0.0.1:18080", f"PidFile {tmp_path}/pid", f"ErrorLog {tmp_path}/log", "ServerName localhost"]
    path = tmp_path / "apache.conf"
    path.write_text("\n".join(lines) + "\n" + sites.write_apache(CONFIG, "carnet.ville.fr"))
    done = subprocess.run([program, "-t", "-f", path, "-d", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_process_gets_its_share():
    text = sites.write_nginx(CONFIG, "carnet.ville.fr", (8080, 8081))
    assert text.count("server 127.0.0.1:80") == 2 and "server 127.0.0.1:8081" in text


def test_the_way_to_the_set_up_is_there_only_while_it_lasts():
    assert "/installation" not in sites.write_nginx(CONFIG, "carnet.ville.fr")
    assert "location /installation" in sites.write_nginx(CONFIG, "carnet.ville.fr", wizard=8079)
    assert "default_server" in sites.write_setup(8079, sites.CERTIFICATE, sites.KEY)


def test_no_clear_byte_is_spooled_and_old_tls_is_refused():
    text = sites.write_nginx(CONFIG, "carnet.ville.fr")
    for line in ("proxy_request_buffering off;", "proxy_max_temp_file_size 0;", "ssl_protocols TLSv1.2 TLSv1.3;"):
        assert line in text
    assert "SSLProtocol -all +TLSv1.2 +TLSv1.3" in sites.write_apache(CONFIG, "carnet.ville.fr")


def test_a_body_may_be_as_large_as_the_limit_and_no_larger():
    limits = dataclasses.replace(CONFIG.limits, request_mb=77)
    assert "client_max_body_size 78m;" in sites.write_nginx(dataclasses.replace(CONFIG, limits=limits), "x")


def test_an_address_of_version_6_stands_in_brackets():
    assert "server_name [2001:db8::7];" in sites.write_nginx(CONFIG, "2001:db8::7")
