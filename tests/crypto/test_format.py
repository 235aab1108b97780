"""FORMAT.md tells the truth: its worked values are what the code writes and reads."""

import io
import re
from pathlib import Path

import pytest

from appliance import crypto
from appliance.crypto import envelope, fields, keyfile, keyring, merkle, recovery, stream
from tests.crypto import decoder

KEY = bytes(range(32))
TEXT = (Path(crypto.__file__).parent / "FORMAT.md").read_text("utf-8")
VALUES = dict(re.findall(r"^([a-z0-9-]+) = ([0-9a-f]+)$", TEXT, re.MULTILINE))


def value(name):
    return bytes.fromhex(VALUES[name])


def test_the_attack_model_comes_first():
    assert TEXT.index("## 1. Attack model") < TEXT.index("## 2.")


@pytest.mark.parametrize("suite", [1, 2])
def test_stored_files(monkeypatch, suite):
    assert value("context") == envelope.object_context("cobblestone/1", "ecole-1", "6e-A", "photo-1", "original", 3)
    monkeypatch.setattr(stream, "urandom", lambda size: b"\xa0" * size)
    sink = io.BytesIO()
    stream.encrypt(KEY, value("context"), io.BytesIO(b"Bonjour"), sink, suite=suite)
    assert sink.getvalue() == value(f"file-{suite}")
    assert decoder.decode_file(KEY, value("context"), value(f"file-{suite}")) == b"Bonjour"


def test_wrapped_keys():
    identity = {"kind": "object", "parent_id": "6e-A", "child_id": "photo-1"}
    assert envelope.wrap(KEY, **identity, key=KEY) == value("wrapped")
    assert decoder.open_wrapped(KEY, *identity.values(), value("wrapped")) == KEY


def test_sealed_fields():
    assert fields.field_context("ecole-1", "absence", "reason", "42") == value("field-context")
    assert fields.open_sealed(KEY, value("field-context"), value("field")) == b"Bonjour"
    assert value("field")[1:13] == b"\xb0" * 12


def test_the_key_file_and_purpose_keys():
    kek = keyring.Kek(KEY)
    lines = keyfile.format_kek(kek).splitlines()
    assert lines[0] == "preau-key-file v1"
    assert lines[1] == f"id: {VALUES['kek-id']}"
    assert lines[3] == f"check: {VALUES['kek-check']}"
    assert keyring.derive(kek, "codes") == value("purpose-key")


def test_codes():
    assert recovery.hash_code(KEY, "0123-4567-89AK") == value("code-hash")


def test_the_journal_tree():
    frontier = merkle.Frontier()
    for entry in (b"a", b"b", b"c"):
        frontier = frontier.append(merkle.leaf_hash(entry))
    assert frontier.to_bytes() == value("frontier")
    assert frontier.root() == value("root")
