"""The life of one installation: each command teaches, and what the machine refuses is told with its remedy."""

import io

import pytest

from appliance import cli


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("init", "init --non-interactive"),
        ("serve", "serve --port 9000"),
        ("migrate", "migrate --with-backup"),
        ("demo", "preau demo"),
        ("import", "--dry-run"),
        ("account", "account create"),
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
