"""The key file is created once, read only when nobody else may read it, and a typo in it is always noticed."""

import os
import re
import stat
import subprocess
import sys

import pytest

from appliance.crypto import keyfile
from appliance.crypto.errors import KeyFileError, KeyFileProblem
from appliance.crypto.keyring import Kek


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kek"


def problem_of(action, *arguments, **options):
    with pytest.raises(KeyFileError) as caught:
        action(*arguments, **options)
    assert caught.value.remedy in str(caught.value)
    return caught.value.problem


def test_a_created_key_reads_back_and_is_for_its_owner_only(path):
    created = keyfile.create_kek(path)
    assert keyfile.load_kek(path) == created
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert re.fullmatch(r"[0-9a-f]{16}", created.id)


def test_the_umask_does_not_widen_or_narrow_the_mode(path):
    before = os.umask(0)
    try:
        keyfile.create_kek(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_an_existing_key_is_never_overwritten(path):
    created = keyfile.create_kek(path)
    assert problem_of(keyfile.create_kek, path) is KeyFileProblem.EXISTS
    assert keyfile.load_kek(path) == created


def test_of_two_programs_that_create_the_key_at_once_none_goes_on_with_another_than_that_of_the_file(path, monkeypatch):
    real, problems = os.link, []

    def overtaken(partial, target):
        monkeypatch.setattr(os, "link", lambda *names: [real(*names), real(*names)])  # the first one's, then its own
        problems.append(problem_of(keyfile.create_kek, path))

    monkeypatch.setattr(os, "link", overtaken)
    problems.append(problem_of(keyfile.create_kek, path))
    assert problems == [KeyFileProblem.EXISTS] * 2 and keyfile.load_kek(path)


def test_file_and_folder_are_on_the_disk_before_the_key_is_used(path, monkeypatch):
    synced = []
    true_fsync = os.fsync

    def noting(descriptor):
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        true_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    keyfile.create_kek(path)
    assert synced == [False, True]


def test_a_key_that_could_not_be_written_leaves_no_file(path, monkeypatch):
    def fail(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        keyfile.create_kek(path)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("moment", ["fchmod", "fsync", "link"])
def test_killed_before_the_key_is_whole_there_is_none_and_it_can_be_made(path, moment):
    kill_at(moment, path)
    assert not path.exists()
    assert keyfile.create_kek(path) == keyfile.load_kek(path)
    assert list(path.parent.iterdir()) == [path]


def test_killed_once_the_key_is_whole_it_counts_and_is_forgotten_under_all_its_names(path):
    kill_at("unlink", path)
    made = keyfile.load_kek(path)
    assert problem_of(keyfile.create_kek, path) is KeyFileProblem.EXISTS
    keyfile.prepare_next(path)
    keyfile.take_over(path)
    keyfile.forget_retired(path)
    assert list(path.parent.iterdir()) == [path] and keyfile.load_kek(path) != made


def kill_at(moment: str, path) -> None:
    """Create a key in a process that is killed where it would call this of the system the first time for a file."""
    script = f"""
import os, sys
from appliance.crypto import keyfile
true = os.{moment}
def killed(*arguments):
    if "{moment}" == "unlink" and not os.path.exists(arguments[0]):
        return true(*arguments)
    os.kill(os.getpid(), 9)
os.{moment} = killed
keyfile.create_kek(sys.argv[1])
"""
    assert subprocess.run([sys.executable, "-c", script, path]).returncode == -9


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420, 0o402, 0o644, 0o660])
def test_a_key_that_others_may_use_is_refused_with_the_command_that_helps(path, mode):
    keyfile.create_kek(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"chmod 0400 {path}") as caught:
        keyfile.load_kek(path)
    assert caught.value.problem is KeyFileProblem.OPEN_TO_OTHERS


def test_a_key_of_another_user_is_refused(path, monkeypatch):
    keyfile.create_kek(path)
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1000)
    if owner == 0:
        os.chown(path, 12345, -1)
    assert problem_of(keyfile.load_kek, path) is KeyFileProblem.WRONG_OWNER


def test_what_is_missing_or_no_file_is_said_so(path, tmp_path):
    assert problem_of(keyfile.load_kek, path) is KeyFileProblem.MISSING
    assert problem_of(keyfile.load_kek, tmp_path) is KeyFileProblem.NOT_A_FILE
    assert problem_of(keyfile.create_kek, tmp_path / "nowhere" / "kek") is KeyFileProblem.MISSING
    os.mkfifo(path, 0o400)
    assert problem_of(keyfile.load_kek, path) is KeyFileProblem.NOT_A_FILE


def test_systemd_gives_the_key_as_a_credential(tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    created = keyfile.create_kek(folder / "preau.kek")
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    (folder / "preau.kek").chmod(0o440)
    assert keyfile.load_kek("credential:preau.kek", environ) == created
    assert keyfile.load_kek(folder / "preau.kek", environ) == created
    assert problem_of(keyfile.load_kek, folder / "preau.kek", {}) is KeyFileProblem.OPEN_TO_OTHERS
    (folder / "preau.kek").chmod(0o444)
    assert problem_of(keyfile.load_kek, "credential:preau.kek", environ) is KeyFileProblem.OPEN_TO_OTHERS


@pytest.mark.parametrize("name", ["", "..", "../kek", "a/b"])
def test_a_credential_is_a_plain_name_that_systemd_gave(name, tmp_path):
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert problem_of(keyfile.load_kek, f"credential:{name}", environ) is KeyFileProblem.NO_CREDENTIALS
    assert problem_of(keyfile.load_kek, "credential:kek", {}) is KeyFileProblem.NO_CREDENTIALS


def test_every_mistyped_character_is_noticed():
    text = keyfile.format_kek(Kek(bytes(range(32))))
    for position, character in enumerate(text):
        if character in "0123456789abcdef" and position > text.index("id: ") + 3:
            other = "0" if character != "0" else "1"
            assert problem_of(keyfile.parse_kek, (text[:position] + other + text[position + 1 :]).encode()) in {
                KeyFileProblem.MISTYPED,
                KeyFileProblem.MALFORMED,
            }


def test_a_key_typed_again_by_hand_reads_back():
    kek = Kek(bytes(range(32)))
    typed = "# copied from the safe\r\n\r\n" + keyfile.format_kek(kek).replace(" ", "   ").replace("\n", "\r\n")
    typed = typed.replace("   ", " ", 1).replace("preau-key-file   v1", "preau-key-file v1")
    assert keyfile.parse_kek(typed.encode().replace(b"1a1b1c1d", b"1A1B 1C1D")) == kek


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 100, b"\xff\xfe", b"preau-key-file v1\n", b"x" * 5000, b"preau-key-file v2\nid: 1\nkey: 2\ncheck: 3"],
)
def test_what_is_no_key_file_is_refused(content):
    assert problem_of(keyfile.parse_kek, content) is KeyFileProblem.MALFORMED


def test_a_cut_or_doubled_key_file_is_refused():
    text = keyfile.format_kek(Kek(bytes(range(32))))
    lines = text.splitlines()
    for broken in (text[:-12], text + lines[2], text.replace("1f\n", "\n"), "\n".join([*lines[:3], lines[1]])):
        assert problem_of(keyfile.parse_kek, broken.encode()) in {KeyFileProblem.MALFORMED, KeyFileProblem.MISTYPED}


def test_no_message_shows_the_key():
    text = keyfile.format_kek(Kek(bytes(range(32))))
    with pytest.raises(KeyFileError) as caught:
        keyfile.parse_kek(text.replace("check: e", "check: f").encode())
    assert "0001" not in str(caught.value)
