"""What a command says when it is refused."""

import pytest

from appliance.cli import explain
from appliance.core.errors import Unavailable
from appliance.crypto.errors import Tampered
from appliance.storage import database


def test_a_postgresql_that_is_down_is_named_without_its_password(world, tmp_path):
    before = database.db.obj
    try:
        database.configure("postgresql://u:S3CRET@127.0.0.1:1/db", tmp_path, 1)
        with pytest.raises(Unavailable) as raised:
            database.connect()
        text = explain(raised.value)
    finally:
        database.db.initialize(before)
    assert "cannot be opened" in text and "systemctl status postgresql" in text
    assert "S3CRET" not in text and "\n" not in text


def test_a_mail_that_did_not_leave_is_told_in_its_own_words():
    error = Unavailable("Le courriel n’a pas pu partir.")
    error.__cause__ = OSError("refused")
    assert explain(error) == "Le courriel n’a pas pu partir."
    assert "Beaucoup de monde" in explain(Unavailable())


def test_a_key_that_was_altered_is_told_with_who_knows_more():
    assert explain(Tampered("wrapped tenant key does not open")).endswith("preau doctor")
