"""Changing some keys leaves every other line as the operator wrote it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import config
from appliance.core.errors import ConfigError
from installer import settings

LINES = config.example().splitlines()
TEXTS = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)
KEYS = ["public_url", "host", "to", "another"]
CHANGES = st.dictionaries(
    st.sampled_from(["server", "mail", "backup", "unheard_of"]),
    st.dictionaries(st.sampled_from(KEYS), st.one_of(TEXTS, st.integers(), st.booleans()), min_size=1),
    min_size=1,
)
COMMENTS = st.lists(st.tuples(st.integers(0, len(LINES)), TEXTS.filter(lambda text: "\n" not in text)), max_size=5)


@given(CHANGES, COMMENTS)
def test_what_is_set_is_read_and_all_other_lines_stay(changes, comments):
    lines = LINES.copy()
    for at, text in comments:
        lines.insert(at, f"# {text}")
    before = "\n".join(lines) + "\n"
    after = settings.change(before, changes)
    read = tomllib.loads(after)
    for section, keys in changes.items():
        assert {name: read[section][name] for name in keys} == keys
    assert [line for line in after.split("\n") if line.startswith("#")] == [
        line for line in lines if line.startswith("#")
    ]
    untouched = [
        line for line in lines if "=" in line and line.split(" =")[0] not in ("public_url", "host", "to", "another")
    ]
    assert [line for line in after.split("\n") if line in set(untouched)] == untouched


@given(CHANGES)
def test_the_same_change_twice_is_one_change(changes):
    once = settings.change(config.example(), changes)
    assert settings.change(once, changes) == once


def test_a_file_keeps_its_mode_and_says_whether_it_changed(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("# ours\n" + config.example())
    path.chmod(0o600)
    assert settings.save(path, {"mail": {"host": "smtp.ville.fr"}})
    assert not settings.save(path, {"mail": {"host": "smtp.ville.fr"}})
    assert path.read_text().startswith("# ours\n") and path.stat().st_mode & 0o777 == 0o600
    assert config.load(path).mail.host == "smtp.ville.fr"


def test_a_wrong_value_changes_nothing(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(config.example())
    with pytest.raises(ConfigError):
        settings.save(path, {"mail": {"port": "many"}})
    assert path.read_text() == config.example()
    assert [each.name for each in Path(tmp_path).iterdir()] == ["config.toml"]
