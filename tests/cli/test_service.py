"""The life of one installation: each command teaches, and what the machine refuses is told with its remedy."""

import io
import os

import pytest

from appliance import cli
from tests.support.process import initialise, preau


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("init", "init --non-interactive"),
        ("serve", "serve --port 9000"),
        ("migrate", "migrate --with-backup"),
        ("demo", "preau demo"),
        ("import", "--dry-run"),
        ("account", "account create"),
        ("school", "school plan"),
        ("sheet", "sheet print"),
        ("backup", "backup rehearse"),
        ("restore", "restore --from"),
    ],
)
def test_the_help_of_each_command_ends_with_lines_to_type(capsys, command, word):
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert word in capsys.readouterr().out.split("options:")[1].split("\n\n", 1)[1]


def test_init_without_anyone_to_answer_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert cli.main(["--config", str(tmp_path / "new/config.toml"), "init"]) == 1
    assert "--non-interactive" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_init_where_nothing_can_be_written_names_the_place(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["--config", str(tmp_path / "file/config.toml"), "init", "--non-interactive"]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in said and "--config" in said


@pytest.mark.parametrize("command", [("serve",), ("demo",)])
@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_no_machine_has_is_refused(capsys, command, port):
    with pytest.raises(SystemExit):
        cli.main([*command, "--port", port])
    assert "0 to 65535" in capsys.readouterr().err


@pytest.fixture(scope="module")
def foreign_key(tmp_path_factory):
    """An installation whose key file is another one's."""
    folder = tmp_path_factory.mktemp("schools")
    initialise(folder / "ours")
    initialise(folder / "theirs")
    os.replace(folder / "theirs" / "keys" / "kek", folder / "ours" / "keys" / "kek")
    return folder / "ours"


@pytest.mark.parametrize(
    "command",
    [
        "serve",
        "backup",
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in ("init --non-interactive", "class create --name CM1", "account list", "key rotate")
        ),
    ],
)
def test_the_key_of_another_installation_is_refused_before_anything_is_written_under_it(foreign_key, command):
    before = {path: path.read_bytes() for path in foreign_key.rglob("*kek*")}
    done = preau("--config", foreign_key / "config.toml", *command.split())
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "not the key of this installation" in done.stderr and "recovery sheet" in done.stderr
    assert {path: path.read_bytes() for path in foreign_key.rglob("*kek*")} == before


def test_what_tells_about_the_keys_does_so_under_another_installation_s(foreign_key):
    shown = preau("--config", foreign_key / "config.toml", "key", "show")
    assert shown.returncode == 0 and "1 academies wrapped under" in shown.stdout
    assert "the key of the academy" in preau("--config", foreign_key / "config.toml", "doctor").stdout


def test_the_demo_never_takes_a_folder_that_holds_other_things(tmp_path, capsys):
    initialise(tmp_path)  # a real school, whose files have the names of the demo's
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert cli.main(["demo", "--folder", str(tmp_path), "--seed-only"]) == 1
    assert "--folder" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == kept


def test_the_demo_where_nothing_can_be_written_names_the_place(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert cli.main(["demo", "--folder", str(tmp_path / "file/school"), "--seed-only"]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "file") in said and "--folder" in said


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
@pytest.mark.parametrize("command", [("sheet", "verify"), ("restore", "--from", "somewhere"), ("backup", "rehearse")])
def test_a_sheet_that_cannot_be_read_is_named(tmp_path, capsys, command, content):
    sheet = tmp_path / "sheet.txt"
    if content is not None:
        sheet.write_bytes(content)
    assert cli.main(["--config", str(tmp_path / "config.toml"), *command, "--sheet", str(sheet)]) == 1
    said = capsys.readouterr().err
    assert str(sheet) in said and "cannot be read" in said


def test_media_that_can_lie_nowhere_name_their_setting(tmp_path):
    config = initialise(tmp_path)
    (tmp_path / "file").write_text("")
    config.write_text(config.read_text().replace('blobs = "blobs"', 'blobs = "file/blobs"'))
    done = preau("--config", config, "account", "list")
    assert done.returncode == 1 and "storage.blobs" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    ["doctor", *(pytest.param(each, marks=pytest.mark.slow) for each in ("account list", "key rotate", "migrate"))],
)
def test_a_damaged_database_is_told_with_the_way_back(tmp_path, command):
    config = initialise(tmp_path)
    for path in tmp_path.glob("preau.db*"):
        path.unlink()
    (tmp_path / "preau.db").write_bytes(b"no database" * 1000)
    done = preau("--config", config, *command.split())
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "damaged" in done.stderr and "preau restore --rows-only --replace" in done.stderr
