"""Whatever is typed into whatever field gives either a text beside that field or a configuration that is right."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import config
from appliance.core.errors import ConfigError
from installer import answers as asking
from installer import apply, rules, settings, sites
from installer.answers import Answers

FINE = Answers(admin_email="mairie@ville.fr")
ANY = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="ab.:/@[]{}$;\"'\\\n\t\x7f\ud800²0 <>,-%#", max_size=30),
    st.sampled_from(
        ["https://[", "https://x:99999", "https://a;b{", "postgresql://[::1", "ssh://h:x/y", "²", "0" * 5000]
    ),
)
LIKELY = st.one_of(
    ANY,
    st.from_regex(r"\Ahttps?://[a-z0-9.\[\]:-]{1,20}(:[0-9]{1,6})?/?\Z"),
    st.from_regex(r"\A(ssh|s3|postgresql)://[a-z@:0-9./-]{1,30}\Z"),
    st.from_regex(r"\A/[a-z /\"%\\.-]{0,20}\Z"),
    st.from_regex(r"\A[a-z.-]{1,12}@[a-z.-]{1,12}\Z"),
)


def written(answers: Answers, folder: Path) -> config.Config:
    """The configuration that these answers give, read back."""
    values = apply.values_of(answers, folder)
    return config.parse(settings.change(config.example(), values), name="test", folder=folder)


@given(st.sampled_from(asking.names()), LIKELY)
def test_any_text_in_any_field_is_refused_in_words_or_gives_a_right_configuration(name, text):
    answers = asking.replace(FINE, {name: text})
    problems = rules.check(answers)
    assert set(problems) <= set(asking.names()) and all(problems.values())
    if not problems:
        made = written(answers, Path("/srv/preau"))
        assert made.backup.to == answers.backup_to and made.mail.host == answers.mail_host
        site = sites.write_nginx(made, answers.host)
        assert site.count("{") == sites.write_nginx(made, "localhost").count("{")
        assert all(sign not in answers.host for sign in " ;{}\"'\n$\\")


@given(st.dictionaries(st.sampled_from(asking.names()), LIKELY, min_size=2, max_size=6))
def test_several_odd_answers_never_make_it_fall(changes):
    answers = asking.replace(FINE, changes)
    rules.check(answers)
    rules.check(answers, again=True)
    answers.list_schools()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("public_url", "carnet.ville.fr"),
        ("public_url", "https://carnet.ville.fr/prefixe"),
        ("public_url", "https://moi@carnet.ville.fr"),
        ("public_url", "https://a_b.fr;return"),
        ("public_url", "https://evil.fr[::1]"),
        ("public_url", "https://carnet.ville.fr:"),
        ("public_url", "https://carnet.ville.fr:0443"),
        ("schools", ""),
        ("schools", "École;12"),
        ("admin_email", ""),
        ("admin_email", "mairie"),
        ("admin_password", "court"),
        ("database_url", "mysql://h/b"),
        ("database_url", "postgresql://h"),
        ("backup_to", "sauvegardes"),
        ("backup_to", "/"),
        ("backup_to", "/var/lib/preau"),
        ("backup_to", "/var/lib/preau/blobs"),
        ("backup_to", "/var/lib/preau/blobs/copies"),
        ("backup_to", "/var/lib/preau/backups/.."),
        ("backup_to", "ssh://-oProxyCommand=id@nas.ville.fr/x"),
        ("backup_to", "ssh://preau:secret@nas.ville.fr/x"),
        ("backup_to", "ssh://nas.ville.fr/x?y"),
        ("mail_port", "0"),
        ("mail_port", "²"),
        ("mail_sender", "Préau"),
        ("mail_sender", "Préau <preau@ville.fr"),
        ("web_server", "iis"),
        ("responsible_body", "a\x00b"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(name, text):
    assert set(rules.check(asking.replace(FINE, {name: text}))) == {name}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("public_url", "https://carnet.ville.fr:8443"),
        ("public_url", "https://192.0.2.7"),
        ("public_url", "https://Carnet.Ville.fr/"),
        ("public_url", "https://[2001:db8::7]"),
        ("schools", "École A;0751234a;Paris\nÉcole B"),
        ("database_url", "postgresql://preau:m%40t@db.ville.fr:5433/preau"),
        ("backup_to", "ssh://preau@nas.ville.fr:2222/volume/preau"),
        ("backup_to", "s3://sauvegardes/preau"),
        ("backup_to", "/mnt/disque dur"),
        ("backup_to", "/var/lib/preau/backups"),
        ("backup_to", "ssh://nas.ville.fr/volume/preau"),
        ("mail_sender", "Préau <preau@ville.fr>"),
        ("mail_sender", "preau@localhost"),
        ("database_url", "postgresql:///preau"),
        ("admin_password", "un préau sous la pluie"),
    ],
)
def test_what_people_answer_is_taken(name, text):
    assert rules.check(asking.replace(FINE, {name: text})) == {}


def test_a_machine_that_was_set_up_is_not_asked_again_whose_it_is():
    nothing = dataclasses.replace(FINE, responsible_body="", schools="", admin_email="")
    assert set(rules.check(nothing)) == {"responsible_body", "schools", "admin_email"}
    assert rules.check(nothing, again=True) == {}
    assert "schools" in rules.check(dataclasses.replace(nothing, schools="École;12"), again=True)


def test_the_files_in_use_are_never_their_own_backup_wherever_they_lie(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "blobs")
    for name, fine in (("", False), ("blobs/x", False), ("link", False), ("backups", True)):
        problems = rules.check(asking.replace(FINE, {"backup_to": str(tmp_path / name)}), media=tmp_path / "blobs")
        assert (problems == {}) is fine, name


def test_variables_answer_and_a_bar_ends_a_school():
    found = asking.read_environment(
        {"PREAU_SETUP_SCHOOLS": "A;0751234A|B", "PREAU_SETUP_MAIL_HOST": "smtp", "PREAU_SETUP_NONE": "x", "PATH": "/"}
    )
    assert found == {"schools": "A;0751234A\nB", "mail_host": "smtp"}


def test_a_file_answers_with_texts_numbers_and_lists(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text('schools = ["A", "B"]\nmail_port = 587\nmail_host = "smtp"\n')
    assert asking.read_file(path) == {"schools": "A\nB", "mail_port": "587", "mail_host": "smtp"}


@pytest.mark.parametrize(
    ("text", "said"), [("collège = 1", "collège"), ("x = ", "cannot be read"), ("plan = 1.5", "plan")]
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, text, said):
    path = tmp_path / "answers.toml"
    path.write_text(text.replace("collège", '"collège"'))
    with pytest.raises(ConfigError, match=said):
        asking.read_file(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        asking.read_file(tmp_path / "absent.toml")


def test_a_file_with_a_password_that_others_may_read_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text('admin_password = "un préau sous la pluie"\n')
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        asking.read_file(path)
    path.chmod(0o600)
    assert asking.read_file(path) == {"admin_password": "un préau sous la pluie"}
    path.write_text('admin_password = ""\nmail_host = "smtp"\n')
    path.chmod(0o644)
    assert asking.read_file(path)["mail_host"] == "smtp"


def test_each_question_belongs_to_a_group_and_speaks():
    assert [name for group in asking.GROUPS for name in asking.group_of(group)] == asking.names()
    assert all(str(asking.spec(name)["text"]) for name in asking.names())
