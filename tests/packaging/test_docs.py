"""Every command of the operator's pages is typed, in their order, on machines that boot; what they promise is compared.

A ```sh block is run; a line `# → text` in it promises that this text was printed since the block's start; a block after
`<!-- not run: reason -->` is left out, and there are few. Packages come from a folder: the machines have no network.
"""

import re
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support import container
from tests.support.needs import lacking

pytestmark = pytest.mark.drill
PAGES = container.ROOT / "docs/operate"
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
# The first ones are followed in this order on one machine; the others when it is lost, on the next.
FIRST = ("install", "certificate", "backup", "disk-full", "sd-card", "upgrade")
NEXT = ("move", "restore", "postgresql", "several-processes")
WANTED = (
    "postgresql",
    "python3-boto3",
    "python3-psycopg2",
    "certbot",
    "libheif-examples",
    "unattended-upgrades",
    "nginx",
)
ALL = slice(None)
NAMES = "localhost carnet.ville.fr sauvegarde.ville.fr s3.ville.fr"
TYPED_BEFORE = {
    "certificate": "cp /etc/preau/tls/key.pem cle.pem; cp /etc/preau/tls/certificate.pem certificat.pem",
    "disk-full": "mkdir -p /mnt/nouveau",
}


def read_blocks(page: Path) -> list[tuple[int, str, str]]:
    """(line, kind, text) of each fenced block; kind is sh, text… or the reason why it is not run."""
    found, kind, reason, lines = [], None, "", []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            if kind is None:
                kind, lines = reason or line[3:].strip() or "text", []
            else:
                found.append((number, kind, "\n".join(lines)))
                kind, reason = None, ""
        elif kind is not None:
            lines.append(line)
        elif match := NOT_RUN.fullmatch(line):
            reason = f"not run: {match[1]}"
    return found


def follow(machine, name: str, part: slice = ALL) -> None:
    """Type the commands of one page, or of a part of its blocks, block by block, and compare what it promises."""
    if name in TYPED_BEFORE:
        machine.run("bash", "-ec", f"cd /root; {TYPED_BEFORE[name]}")
    blocks = [each for each in read_blocks(PAGES / f"{name}.md") if each[1] == "sh"]
    for line, _kind, text in blocks[part]:
        path = "export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; cd /root; umask 022\n"
        done = machine.run("bash", "-euo", "pipefail", "-c", f"exec 2>&1\n{path}{text}", check=False, seconds=600)
        assert done.returncode == 0, f"{name}.md, block before line {line}:\n{text}\n{done.stdout[-3000:]}"
        for promised in re.findall(r"^# → (.+)$", text, re.MULTILINE):
            assert promised in done.stdout, f"{name}.md, before line {line}: no “{promised}” in\n{done.stdout}"


def mirror(suite: str) -> Path:
    """The packages that the pages install, with what these depend on, fetched once."""
    mark = sha256(" ".join([container.make_pristine(suite).name, *WANTED]).encode()).hexdigest()[:12]
    folder = container.CACHE / f"packages-{suite}-{mark}"
    if folder.is_dir():
        return folder
    with container.booted(suite, boot=False) as machine:
        shutil.copy("/etc/resolv.conf", machine.root / "etc/resolv.conf")
        options = ("-qq", "-y", "--no-install-recommends", "-o", "APT::Sandbox::User=root")
        for command in (("update",), ("--download-only", "install", *WANTED)):
            done = subprocess.run(
                ["chroot", machine.root, "apt-get", *options, *command], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
        half = Path(tempfile.mkdtemp(prefix=".packages-", dir=container.CACHE))
        for deb in (machine.root / "var/cache/apt/archives").glob("*.deb"):
            shutil.copy(deb, half)
        half.rename(folder)
    return folder


def offer(machine, package: Path) -> None:
    """The package in /root, and those of Debian that the pages name, in a repository on the machine's own disk."""
    if not shutil.which("dpkg-scanpackages"):
        lacking("dpkg-scanpackages is not installed: apt install dpkg-dev")
    folder = machine.path("/srv/debian")
    shutil.copytree(mirror(machine.suite), folder)
    with open(folder / "Packages", "w") as index:
        subprocess.run(["dpkg-scanpackages", "--multiversion", "."], cwd=folder, stdout=index, stderr=-3, check=True)
    for path in (*machine.path("/etc/apt/sources.list.d").glob("*"), machine.path("/etc/apt/sources.list")):
        path.unlink(missing_ok=True)
    machine.path("/etc/apt/sources.list").write_text("deb [trusted=yes] file:/srv/debian ./\n")
    machine.run("apt-get", "-qq", "update")
    shutil.copy(package, machine.root / "root" / package.name)
    # A container follows no time server; the check list would rightly complain.
    machine.path("/usr/local/bin").mkdir(parents=True, exist_ok=True)
    machine.path("/usr/local/bin/timedatectl").write_text("#!/bin/sh\necho yes\n")
    machine.path("/usr/local/bin/timedatectl").chmod(0o755)
    machine.shell(f"echo 127.0.0.1 {NAMES} >> /etc/hosts")


@pytest.fixture(scope="module")
def first(suite, package):
    """The machine of the first pages."""
    with container.booted(suite) as machine:
        offer(machine, package)
        yield machine


@pytest.mark.parametrize("name", FIRST)
def test_the_commands_of_a_page_do_what_it_says(first, name):
    follow(first, name)


def test_a_lost_machine_comes_back_and_changes_its_database(suite, first, package):
    """Everything but the backups and the sheet is lost: restored on another, then PostgreSQL and processes."""
    first.run("preau", "setup", "--non-interactive", "--backup-to", "/mnt/sauvegardes", check=False)
    follow(first, "move")
    with container.booted(suite) as second:
        offer(second, package)
        shutil.copytree(first.path("/mnt/sauvegardes"), second.path("/mnt/sauvegardes"))
        # The page begins with an exercise on the old machine, and goes on on the new one with the same sheet.
        sheet = first.run("cat", "/etc/preau/keys/kek").stdout
        for machine in (first, second):
            machine.shell("cat > /dev/shm/fiche.txt", input=sheet)
        rehearsal = next(text for _line, kind, text in read_blocks(PAGES / "restore.md") if kind == "sh")
        assert "0 media missing or changed" in first.run("bash", "-ec", rehearsal).stdout
        follow(second, "restore", slice(1, None))
        # The last block of that page goes back to SQLite, where there is one process.
        follow(second, "postgresql", slice(-1))
        follow(second, "several-processes")
        follow(second, "postgresql", slice(-1, None))


def test_the_lines_of_the_readme_leave_a_service_behind_nginx(suite, package):
    """As they stand, but that the answers come from variables: nobody is there to type more than “y”."""
    (text,) = [text for _line, _kind, text in read_blocks(container.ROOT / "README.md") if "apt install" in text]
    answers = {"RESPONSIBLE_BODY": "Commune", "SCHOOLS": "École", "PUBLIC_URL": "https://carnet.ville.fr",
               "ADMIN_EMAIL": "informatique@ville.fr"}  # fmt: skip
    with container.booted(suite) as machine:
        offer(machine, package)
        given = [f"PREAU_SETUP_{name}={value}" for name, value in answers.items()]
        script = f"PATH=/usr/local/bin:$PATH; cd /root\n{text} --non-interactive"
        machine.run("env", *given, "bash", "-euc", script, input="y\n", seconds=600)
        health = machine.run("curl", "-sk", "https://carnet.ville.fr/healthz").stdout
        assert '"status":"ok"' in health.replace(" ", "")
        for unit in ("preau.service", "nginx.service", "preau-backup.timer"):
            machine.run("systemctl", "is-active", unit)


def test_pages_are_short_and_say_why_a_block_is_not_run():
    left_out = 0
    for page in PAGES.glob("*.md"):
        assert len(page.read_text(encoding="utf-8").splitlines()) <= 80, page.name
        left_out += sum(kind.startswith("not run") for _line, kind, _text in read_blocks(page))
    assert left_out <= 9


def test_every_page_with_commands_is_followed():
    typed = {page.stem for page in PAGES.glob("*.md") if any(kind == "sh" for _line, kind, _text in read_blocks(page))}
    assert typed == {*FIRST, *NEXT}


def test_the_index_names_every_page():
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert not [page.name for page in PAGES.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index]
