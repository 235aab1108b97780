"""A whole Debian machine that boots in a second: debootstrap once a suite, an overlay each time, systemd as process 1.

Its network is its own: loopback and one address that leads nowhere; so is its tree of control groups: two machines at
once don't know of each other. What a killed run left is cleared before the next one boots. Root only; elsewhere the
tests that need it skip.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.needs import lacking

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "containers"
SUITES = ("bookworm", "trixie")
BASE = ("systemd", "systemd-sysv", "dbus", "iproute2", "ca-certificates")
# What the package recommends or suggests, and what the tests look with.
MORE = ("nginx-light", "openssl", "curl", "rsync", "openssh-server", "ffmpeg", "poppler-utils", "python3-psycopg2")
TOOLS = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}
PREFIX = "preau-machine-"
# An address of the machine that is not loopback: what must not be reached listens there (RFC 5737, TEST-NET-1).
OUTSIDE = "192.0.2.1"


def require() -> None:
    """Skip (fail under CI) where no container can be booted."""
    missing = [package for program, package in TOOLS.items() if not shutil.which(program)]
    if missing:
        lacking(f"no container can be made here: apt install {' '.join(missing)}")
    if os.geteuid() != 0:
        lacking("a container is booted by root: run the tests as root, or leave this one to CI")
    if _among_groups("mkdir probe-$$; rmdir probe-$$").returncode:
        pytest.skip("by design: this host lets not even root mount a cgroup tree, so no machine boots in it")


def list_dependencies() -> list[str]:
    """What the package depends on, read from its control file."""
    control = (ROOT / "packaging/debian/control").read_text(encoding="utf-8")
    depends = re.search(r"^Depends:\n((?: .*\n)+)", control, re.MULTILINE)[1]
    names = [line.strip().split()[0].strip(",") for line in depends.splitlines() if not line.strip().startswith("$")]
    return [name for name in names if name != "adduser"]


def make_pristine(suite: str) -> Path:
    """The tree of a freshly installed Debian with all that the package depends on, without the package; made once."""
    packages = [*list_dependencies(), *MORE]
    mark = hashlib.sha256(" ".join([suite, *BASE, *packages]).encode()).hexdigest()[:12]
    tree = CACHE / f"{suite}-{mark}"
    if tree.is_dir():
        return tree
    CACHE.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=f".{suite}-", dir=CACHE))
    half.chmod(0o755)
    try:
        _run("debootstrap", "--variant=minbase", f"--include={','.join(BASE)}", suite, half)
        shutil.copy("/etc/resolv.conf", half / "etc/resolv.conf")
        (half / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (half / "usr/sbin/policy-rc.d").chmod(0o755)
        options = ("-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0")
        install = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *options, "install", *packages)
        _run("chroot", half, *install)
        (half / "usr/sbin/policy-rc.d").unlink()
        _run("chroot", half, "apt-get", "clean")
        half.rename(tree)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return tree


def _among_groups(script: str) -> subprocess.CompletedProcess:
    """A few lines of shell where /sys/fs/cgroup is the one tree of control groups, whatever this host has there."""
    mounted = f"set -e; mount -t cgroup2 none /sys/fs/cgroup; cd /sys/fs/cgroup; {script}"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounted]
    return subprocess.run(command, capture_output=True, text=True)


def _clear(folder: Path) -> None:
    """Nothing is left of a machine: no process, no control group, no mount, no file."""
    # Groups vanish from the leaves up, and only once the last of the killed has gone.
    _among_groups(
        f"[ -d {folder.name} ] || exit 0; echo 1 > {folder.name}/cgroup.kill || true; "
        f"for turn in $(seq 50); do find {folder.name} -depth -type d -exec rmdir {{}} + 2>/dev/null || true; "
        f"[ -d {folder.name} ] || exit 0; sleep 0.1; done"
    )
    for name in ("root", "upper"):
        subprocess.run(["umount", "--lazy", folder / name], capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> list[str]:
    """Clear what runs that were killed left behind; a machine in use is locked by whoever booted it."""
    found = []
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError), open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(folder)
            found.append(folder.name)
    return found


@contextlib.contextmanager
def _reserved(suite: str):
    """A folder for a machine, held until the end by a lock that the kernel lets go with this process."""
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{suite}-{secrets.token_hex(4)}"
    unseen = folder.with_name(f".{folder.name}")
    unseen.mkdir(mode=0o700)
    with open(unseen / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unseen.rename(folder)
        try:
            yield folder
        finally:
            _clear(folder)


def _run(*command, seconds: int = 1200) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed ({done.returncode}):\n{(done.stdout + done.stderr)[-3000:]}")


class Container:
    """One booted machine: `run` types a command as root in it, `path` is where its files are seen from here."""

    def __init__(self, folder: Path, suite: str):
        self.suite, self.folder, self.root = suite, folder, folder / "root"
        self.process, self.leader = None, 0

    def boot(self) -> None:
        """Start it and wait until its start is over."""
        # systemd-nspawn makes its groups below the one that it is in, and shows the machine nothing above them.
        group = f"/sys/fs/cgroup/{self.folder.name}"
        inside = (
            f"set -e; mount -t cgroup2 none /sys/fs/cgroup; mkdir -p {group}; echo $$ > {group}/cgroup.procs; "
            f"exec systemd-nspawn --quiet --directory={self.root} "
            f"--machine={self.folder.name} --register=no --keep-unit --console=pipe "
            "--private-network --resolv-conf=off --hostname=ecole "
            # the firewall of a unit is a BPF program
            "--capability=CAP_BPF,CAP_NET_ADMIN,CAP_SYS_ADMIN --system-call-filter=bpf --boot"
        )
        with (self.folder / "console.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "sh", "-c", inside],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            self.leader = self.leader or self._find_leader()
            if self.leader:
                state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    break
            time.sleep(0.2)
        else:
            raise RuntimeError(f"the container did not start:\n{self.console()[-3000:]}")
        self.run("ip", "address", "add", f"{OUTSIDE}/24", "dev", "lo")

    def _find_leader(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for child in map(int, children):
                if Path(f"/proc/{child}/comm").read_text().strip() in ("systemd", "init"):
                    return child
        return 0

    def run(self, *command, check: bool = True, input: str | None = None, seconds: int = 300, **options):
        """One command as root in the machine."""
        entered = ["nsenter", "--target", str(self.leader), "--all", "--wdns=/", "env", "-i"]
        entered += [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8",
            "HOME=/root",
            "DEBIAN_FRONTEND=noninteractive",
        ]
        done = subprocess.run(
            [*entered, *map(str, command)], capture_output=True, text=True, input=input, timeout=seconds, **options
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))} → {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def shell(self, script: str, **options):
        """A few lines of shell in the machine."""
        return self.run("sh", "-ec", script, **options)

    def install(self, package: Path) -> str:
        """`apt install` of one package file, with what it depends on being there."""
        target = self.root / "root" / package.name
        shutil.copy(package, target)
        options = ("-q", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0")
        return self.run("apt-get", *options, "install", f"/root/{package.name}").stdout

    def path(self, inside: str) -> Path:
        """Where a file of the machine is on this one."""
        return self.root / inside.lstrip("/")

    def console(self) -> str:
        """What the machine printed on its console."""
        return (self.folder / "console.log").read_text(encoding="utf-8", errors="replace")

    def journal(self, unit: str) -> str:
        """The log of one unit."""
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit, check=False).stdout

    def cut(self) -> None:
        """The power is cut."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, 9)
            self.process.wait(30)
            self.process, self.leader = None, 0


@contextlib.contextmanager
def booted(suite: str, *, boot: bool = True):
    """A fresh machine of a suite, thrown away at the end."""
    require()
    sweep()
    pristine = make_pristine(suite)
    with _reserved(suite) as folder:
        for name in ("root", "upper"):
            (folder / name).mkdir()
        _run("mount", "-t", "tmpfs", "tmpfs", folder / "upper")  # an overlay cannot lie on an overlay
        (folder / "upper/changes").mkdir(mode=0o755)
        (folder / "upper/work").mkdir()
        layers = f"lowerdir={pristine},upperdir={folder}/upper/changes,workdir={folder}/upper/work"
        _run("mount", "-t", "overlay", "overlay", "-o", layers, folder / "root")
        machine = Container(folder, suite)
        try:
            if boot:
                machine.boot()
            yield machine
        finally:
            machine.cut()
