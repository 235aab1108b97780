"""The configuration: what is wrong is named with its key, its line and the remedy."""

import re
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
        ("[limits]\nposts_per_hour = 0", "at least 1"),
        ("[limits]\nphotos_per_post = 36", "limits.photos_per_post is now photos_per_post of [plans.standard]"),
        ("[plans]\ninitial = 2", "line 2: plans.initial is not a setting"),
        (
            '[plans]\ndefault = "gold"',
            "line 2: plans.default must be one of initiale, standard, plus, libre, not",
        ),
        ("[plans]\n\n[plans.plus]\nmember = 3", "line 4: plans.plus.member is not a setting. Settings of [plans.plus]"),
        ('[plans.plus]\nmembers = "3"', "line 2: plans.plus.members must be a whole number"),
        ("[plans]\nplus = { members = -3 }", "line 2: plans.plus.members must be at least 0"),
        ("[plans.Très-grand]\nmembers = 3", "not valid TOML"),
        ('[plans."Très grand"]\nmembers = 3', "must be named with at most 20 small letters"),
        ("[plans.default]\nmembers = 3", "line 1: plans.default must be a text in quotes"),
        ('[school]\n# a comment\nnotice = "no"', "line 3: school.notice must be one of acknowledge, consent"),
        ('[server]\nhost = "300.1.1.1"', "line 2: server.host must be an IP address"),
        ('[server]\npublic_url = "carnet.ville.fr"', "server.public_url must be http:// or https:// and a name"),
        ('[server]\npublic_url = "https://carnet.ville.fr/"', "without a final slash"),
        ('[server]\ntrusted_proxy = "nginx"', "server.trusted_proxy must be an IP address"),
        ('[school]\ntimezone = "Europe/Pari"', "line 2: school.timezone must be a name of"),
        ('[school]\ntimezone = "Europe"', "school.timezone must be a name of"),
        ('[school]\ntimezone = ""', "school.timezone must be a name of"),
        ('[school]\nlanguage = "xx"', "school.language must be one of fr,"),
        ("[security]\nsession_hours = 99999999999", "security.session_hours must be at most"),
        ("[sever]\nport = 1", "line 1: unknown section or key “sever”"),
        ("port = 1", "line 1: unknown section or key “port”"),
        ("[server\nport = 1", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(text, expected):
    with pytest.raises(ConfigError, match=re.escape(expected)):
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
    text = config.example(mail={"username": 'a"b\\c'}, server={"port": 9})
    read = config.parse(text, folder=Path("."))
    assert read.mail.username == 'a"b\\c' and read.server.port == 9


def test_a_table_adds_a_plan_without_limits_but_those_it_names():
    read = config.parse('[plans]\ndefault = "grand"\n[plans.grand]\nstorage_gb = 100')
    assert read.plans.named["grand"] == config.Plan(storage_gb=100) and read.plans.default == "grand"
    assert set(config.PLANS) < set(read.plans.named)


def test_a_line_that_a_built_in_plan_lacks_keeps_its_default():
    read = config.parse("[plans.initiale]\nmembers = 0")
    assert read.plans.named["initiale"] == config.Plan("Initiale", 2, 0, 5, 20, 1, 10)
    assert config.Config().plans.named["initiale"].members == 100
