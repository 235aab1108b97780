"""The set-up on a terminal, typed into a pseudo-terminal as an operator does."""

import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.process import PREAU, ROOT

pytestmark = pytest.mark.slow


class Terminal:
    """A `preau` command that believes it talks to a person."""

    def __init__(self, *arguments: object):
        self.text, self.at = "", 0
        self.pid, self.line = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a run in the background ignores Ctrl-C, and so would this
            command = [sys.executable, "-c", PREAU, *map(str, arguments)]
            os.execve(sys.executable, command, {**os.environ, "LC_ALL": "C.UTF-8"})  # noqa: S606 - our own program

    def read(self, seconds: float = 0.2) -> bool:
        """Take in what it says; False at its end."""
        if not select.select([self.line], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.line, 65536)
        except OSError:
            return False
        self.text += piece.decode(errors="replace").replace("\r\n", "\n")
        return bool(piece)

    def expect(self, pattern: str, seconds: float = 30) -> re.Match:
        """Wait until it says this, after what was already awaited."""
        deadline = time.monotonic() + seconds
        while not (found := re.compile(pattern).search(self.text, self.at)):
            assert time.monotonic() < deadline and self.read(), f"{pattern} never came:\n{self.text}"
        self.at = found.end()
        return found

    def type(self, text: str) -> None:
        """A line and Enter."""
        os.write(self.line, f"{text}\n".encode())

    def reply(self, pattern: str, text: str = "") -> None:
        """Wait for a question and answer it."""
        self.expect(pattern)
        self.type(text)

    def end(self, seconds: float = 60) -> int:
        """Its exit code."""
        deadline = time.monotonic() + seconds
        while self.read() and time.monotonic() < deadline:
            pass
        os.close(self.line)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def interrupt(self) -> None:
        """Ctrl-C, as often as it takes: Python may miss one between a question and its answer."""
        for _second in range(20):
            os.write(self.line, b"\x03")
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                if not self.read():
                    return


def start(folder: Path, *more: str) -> Terminal:
    return Terminal("--config", folder / "etc/config.toml", "setup", "--data", folder / "data", *more)


def answer(terminal: Terminal, folder: Path) -> None:
    """All the questions of a first set-up, two of them answered wrong at first."""
    (folder / "disk").mkdir()
    terminal.reply("Organisme responsable.*: $", "Commune d’Essai")
    terminal.reply("Écoles.*: $", "École A;0751234A | École B")
    terminal.reply("délégué.*: $")
    terminal.reply("Votre adresse.*: $", "mairie")
    terminal.reply("incomplète[^$]*Votre adresse.*: $", "mairie@ville.fr")
    terminal.reply("Votre mot de passe.*: $", "un préau sous la pluie")
    terminal.reply("Encore une fois.*: $", "un préau sous la pluie")
    terminal.reply("familles.*: $", "http://localhost:8080")
    terminal.reply("Serveur web.*: $", "none")
    terminal.reply("Base PostgreSQL.*: $")
    terminal.reply("sauvegardes.*: $", str(folder / "absent"))
    terminal.reply("Formule.*: $")
    terminal.reply("Go/s.*\n.*Chiffrement.*: $", "aes")
    terminal.reply("n’existe pas[^$]*sauvegardes.*: $", str(folder / "disk"))
    terminal.reply("Relais de courrier.*: $")


def read_back(terminal: Terminal, needs) -> None:
    """The groups that are asked, from the PDF that is named."""
    import subprocess

    path = terminal.expect(r"\n  (/\S+preau-recovery-\S+\.pdf)")[1]
    assert os.stat(path).st_mode & 0o777 == 0o600
    text = subprocess.run([needs("pdftotext"), "-layout", path, "-"], capture_output=True, text=True).stdout
    digits = re.findall(r"\b[0-9a-f]{8}\b", text.split("key:")[1])
    found = terminal.expect(r"Groupes (\d) et (\d).*: $")
    terminal.type("0" * 16)
    terminal.expect(r"Ce n’est pas ce que porte[^$]*Groupes.*: $")
    terminal.type(" ".join(digits[int(number) - 1] for number in found.groups()))
    terminal.expect("La fiche se relit")
    assert not Path(path).exists()


def test_an_operator_answers_reads_the_sheet_back_and_changes_one_group_later(tmp_path, needs):
    terminal = start(tmp_path)
    answer(terminal, tmp_path)
    terminal.reply("En parts.*: $", "5/2")
    terminal.reply("Il faut[^$]*En parts.*: $")
    read_back(terminal, needs)
    terminal.expect("… service")
    assert terminal.end() in (0, 1)
    assert "master key is new" not in terminal.text and "un préau sous la pluie" not in terminal.text
    config = (tmp_path / "etc/config.toml").read_text()
    assert str(tmp_path / "disk") in config and (tmp_path / "data/preau.db").exists()
    key = (tmp_path / "etc/keys/kek").read_bytes()

    terminal = start(tmp_path, "--only", "network")
    terminal.reply(r"familles \[http://localhost:8080\].*: $", "http://localhost:9090")
    terminal.reply("Serveur web.*: $")
    terminal.expect("… service")
    assert terminal.end() in (0, 1)
    assert "Organisme" not in terminal.text and "Relais" not in terminal.text and "fiche" not in terminal.text
    changed = (tmp_path / "etc/config.toml").read_text()
    assert changed == config.replace("http://localhost:8080", "http://localhost:9090")
    assert (tmp_path / "etc/keys/kek").read_bytes() == key


@pytest.mark.parametrize("far", [False, True])
def test_ctrl_c_leaves_everything_as_it_was(tmp_path, needs, far):
    terminal = start(tmp_path)
    path = None
    if far:
        answer(terminal, tmp_path)
        terminal.reply("En parts.*: $")
        path = terminal.expect(r"\n  (/\S+preau-recovery-\S+\.pdf)")[1]
        terminal.expect(r"Groupes.*: $")
    else:
        terminal.expect("Organisme responsable.*: $")
    terminal.interrupt()
    assert terminal.end() == 130
    assert {each.name for each in tmp_path.iterdir()} <= {"disk"} and not (path and Path(path).exists())


def test_one_group_alone_is_for_a_machine_that_was_set_up(tmp_path):
    terminal = start(tmp_path, "--only", "mail")
    terminal.expect("--only changes a machine that is set up")
    assert terminal.end() == 1
