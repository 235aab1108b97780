"""The configuration: what is wrong is named with its key, its line and the remedy."""

from pathlib import Path

import pytest

from appliance.core import config
from appliance.core.errors import ConfigError


def test_the_example_is_read_back_as_the_defaults():
    assert config.parse(config.example()) == config.Config()


def test_the_example_file_of_the_project_is_the_generated_one(root):
    assert (root / "config.example.toml").read_text(encoding="utf-8") == config.example()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[server]\n\nprot = 80", "line 3: server.prot is not a setting"),
        ('[server]\nport = "80"', "line 2: server.port must be a whole number"),
        ("[server]\nport = true", "server.port must be a whole number"),
        ("[server]\nport = 70000", "at most 65535"),
        ("[limits]\nphotos_per_post = 0", "at least 1"),
        ('[school]\n# a comment\nnotice = "no"', "line 3: school.notice must be one of acknowledge, consent"),
        ("[sever]\nport = 1", "line 1: unknown section or key “sever”"),
        ("port = 1", "line 1: unknown section or key “port”"),
        ("[server\nport = 1", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(text, expected):
    with pytest.raises(ConfigError, match=expected.replace("[", r"\[")):
        config.parse(text)


def test_a_missing_file_says_how_to_create_it(tmp_path):
    with pytest.raises(ConfigError, match="init"):
        config.load(tmp_path / "absent.toml")


def test_a_file_that_is_not_text_is_refused_in_words(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(path)


def test_relative_paths_start_at_the_file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(config.example(), encoding="utf-8")
    assert config.load(path).path("keys/kek") == (tmp_path / "keys/kek").resolve()


def test_written_values_come_back_whatever_they_hold():
    text = config.example(school={"language": 'a"b\\c'}, server={"port": 9})
    read = config.parse(text, folder=Path("."))
    assert read.school.language == 'a"b\\c' and read.server.port == 9
