"""After `apt install` the console shows where to go and a secret; a desk's browser does the rest, over HTTPS."""

import json
import re
import time

import pytest

from tests.support import container
from tests.support.waiting import wait_for

pytestmark = pytest.mark.package

# Runs inside the machine with its Python alone: posts every page of the set-up, as a browser without scripts does.
OPERATOR = """
import html, http.cookiejar, json, re, ssl, subprocess, sys, time, urllib.parse, urllib.request
ADDRESS, SECRET = sys.argv[1:3]
context = ssl.create_default_context(cafile="/etc/preau/tls/setup.pem")
jar = http.cookiejar.CookieJar()
opener = urllib.request.build_opener(
    urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(jar))
seen = []

def get(path):
    with opener.open(ADDRESS + path, timeout=60) as answer:
        seen.append(urllib.parse.urlsplit(answer.url).path)
        return answer.read()

def post(path, **fields):
    fields["csrf_token"] = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    try:
        with opener.open(ADDRESS + path, urllib.parse.urlencode(fields).encode(), timeout=120) as answer:
            seen.append(urllib.parse.urlsplit(answer.url).path)
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        sys.exit(f"{path}: {error.code} " + re.sub("<[^>]+>|\\\\s+", " ", error.read().decode()))

page = get("/").decode()
page = post("/installation/code", code=SECRET)
cookie = next(each for each in jar if each.name == "preau_setup")
page = post("/installation/etablissement", responsible_body="Commune d’Essai", dpo_email="dpo@carnet.example",
            schools="École Jules Ferry;0751234A;Paris", admin_email="admin@carnet.example")
page = post("/installation/adresse", public_url="https://carnet.example", web_server="nginx",
            certificate="self-signed")
page = post("/installation/donnees", backup_to="/mnt/backups", plan="standard", cipher="auto")
page = post("/installation/courrier", mail_host="")
page = get("/installation/cle").decode()
page = post("/installation/cle/parts", shares="2/3")
open("/srv/sheet.pdf", "wb").write(get("/installation/cle/fiche.pdf"))
text = subprocess.run(["pdftotext", "-layout", "/srv/sheet.pdf", "-"], capture_output=True, text=True).stdout
sheets = [re.findall(r"\\b[0-9a-f]{8}\\b", each.split("data:")[1]) for each in text.split("\\f") if "data:" in each]
asked = re.findall(r"Part (\\d+)\\D+(\\d) et (\\d)", html.unescape(page))
groups = {f"groups{at}": " ".join(sheets[at][int(n) - 1] for n in pair) for at, (_part, *pair) in enumerate(asked)}
page = post("/installation/cle", **groups)
for _second in range(90):
    page = get("/installation/avancement").decode()
    if seen[-1].endswith("/fin") or "failed" in page:
        break
    time.sleep(1)
listed = [re.sub("<[^>]+>", "", each).strip() for each in re.findall(r'<li class="line">(.*?)</li>', page, re.S)]
codes = re.findall(r'<strong class="number">([^<]+)</strong>', page)
post("/installation/terminer")
print(json.dumps({"seen": seen, "listed": listed, "codes": codes, "shares": len(sheets), "secure": cookie.secure,
                  "hidden": cookie.has_nonstandard_attr("HttpOnly")}))
"""


SECRET = re.compile(r"\n\s+([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})\s*\n")


def curl(machine, *arguments: str) -> str:
    return machine.run("curl", "-sk", "--max-time", "20", *arguments, check=False).stdout


def test_a_machine_is_set_up_from_the_browser(suite, package):
    with container.booted(suite) as machine:
        machine.shell(
            "rm -f /dev/console; touch /dev/console"
        )  # a container has no screen: this is what one would show
        machine.install(package)
        machine.shell("mkdir -p /mnt/backups && chown preau: /mnt/backups; echo 127.0.0.1 carnet.example >> /etc/hosts")
        secret = wait_for(
            lambda: SECRET.search(machine.run("cat", "/dev/console").stdout),
            why=lambda: machine.journal("preau-setup"),
        )
        assert "https://" in machine.run("cat", "/dev/console").stdout and secret[1] in machine.journal("preau-setup")

        door = curl(machine, "-iL", "https://127.0.0.1/")
        assert "Code de la console" in door and "default-src 'none'" in door and "Écoles" not in door
        assert "Écoles" not in curl(machine, "-L", "https://127.0.0.1/installation/etablissement")
        assert (
            curl(machine, "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1/installation/terminer") == "303"
        )

        machine.path("/srv/desk.py").write_text(OPERATOR)
        said = json.loads(machine.run("python3", "/srv/desk.py", "https://127.0.0.1", secret[1]).stdout)
        assert said["shares"] == 3 and said["secure"] and said["hidden"], said
        assert len(said["codes"]) == 2 and said["seen"][-1] == "/installation/terminer"
        wrong = [line for line in said["listed"] if "à régler" in line]
        assert all("Horloge" in line or "iPhone" in line for line in wrong), said["listed"]

        wait_for(lambda: _state(machine) == "inactive")
        assert machine.run("systemctl", "is-active", "preau", "nginx").stdout.split() == ["active"] * 2
        assert "ok" in curl(machine, "https://carnet.example/healthz")
        assert "Code de la console" not in curl(machine, "-L", "https://127.0.0.1/")
        left = machine.shell("ls /etc/nginx/sites-enabled /etc/preau/tls; cat /etc/nginx/sites-available/preau").stdout
        assert "preau-setup" not in left and "setup.pem" not in left and "/installation" not in left

        machine.run("systemctl", "start", "preau-setup", check=False)  # for ever
        assert _state(machine) == "inactive"


def _state(machine) -> str:
    return machine.run("systemctl", "is-active", "preau-setup", check=False).stdout.strip()


def test_what_the_set_up_put_in_place_leaves_with_the_package(suite, package):
    with container.booted(suite) as machine:
        machine.install(package)
        wait_for(lambda: machine.path("/etc/nginx/sites-enabled/preau-setup").exists())
        begun = time.monotonic()
        machine.run("systemctl", "stop", "preau-setup")
        assert time.monotonic() - begun < 10
        machine.run("systemctl", "start", "preau-setup")
        machine.run("apt-get", "purge", "-y", "-q", "preau")
        assert not machine.path("/etc/nginx/sites-enabled/preau-setup").exists()
        assert not machine.path("/etc/preau/tls").exists()
        machine.run("nginx", "-t")
