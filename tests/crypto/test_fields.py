"""A sealed field opens only under its key and in its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.crypto import fields
from appliance.crypto.errors import Tampered

KEY = bytes(range(32))
PLACE = fields.field_context("ecole-1", "absence", "reason", "42")


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_a_sealed_value_opens_in_its_place(text):
    sealed = fields.seal(KEY, PLACE, text)
    assert len(sealed) == len(text) + fields.OVERHEAD
    assert fields.open_sealed(KEY, PLACE, sealed) == text


def test_the_same_value_is_never_sealed_twice_alike():
    assert len({fields.seal(KEY, PLACE, b"grippe") for _ in range(50)}) == 50


def test_another_place_or_key_opens_nothing():
    sealed = fields.seal(KEY, PLACE, b"grippe")
    for place in ("43", "4"):
        with pytest.raises(Tampered):
            fields.open_sealed(KEY, fields.field_context("ecole-1", "absence", "reason", place), sealed)
    with pytest.raises(Tampered):
        fields.open_sealed(bytes(32), PLACE, sealed)


def test_every_changed_byte_and_length_is_noticed():
    sealed = fields.seal(KEY, PLACE, b"grippe")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(Tampered):
            fields.open_sealed(KEY, PLACE, bytes(changed))
    for size in range(len(sealed)):
        with pytest.raises(Tampered):
            fields.open_sealed(KEY, PLACE, sealed[:size])
    with pytest.raises(Tampered):
        fields.open_sealed(KEY, PLACE, sealed + b"\0")


def test_what_the_database_gives_back_as_memoryview_opens():
    assert fields.open_sealed(KEY, PLACE, memoryview(fields.seal(KEY, PLACE, b"grippe"))) == b"grippe"


def test_forgotten_subkeys_are_derived_again():
    sealed = fields.seal(KEY, PLACE, b"grippe")
    fields.forget_keys()
    assert fields._cipher.cache_info().currsize == 0
    assert fields.open_sealed(KEY, PLACE, sealed) == b"grippe"


def test_a_place_is_whole_and_a_key_has_32_bytes():
    with pytest.raises(ValueError):
        fields.field_context("ecole-1", "absence", "reason", "")
    with pytest.raises(ValueError):
        fields.seal(KEY[:16], PLACE, b"")
