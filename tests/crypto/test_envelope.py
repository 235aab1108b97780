"""A wrapped key opens only under its parent, its kind and both identities."""

import os

import pytest

from appliance.crypto.envelope import object_context, unwrap, wrap
from appliance.crypto.errors import Tampered
from tests.crypto import decoder

PARENT, KEY = bytes(range(32)), bytes(range(32, 64))
IDENTITY = {"kind": "object", "parent_id": "6e-A", "child_id": "photo-1"}


def test_a_wrapped_key_opens_under_its_identity():
    wrapped = wrap(PARENT, **IDENTITY, key=KEY)
    assert len(wrapped) == 40
    assert unwrap(PARENT, **IDENTITY, wrapped=wrapped) == KEY


@pytest.mark.parametrize(
    "change",
    [{"kind": "tenant"}, {"parent_id": "6e-B"}, {"child_id": "photo-2"}, {"parent_id": "6e-Ap", "child_id": "hoto-1"}],
)
def test_another_identity_opens_nothing(change):
    wrapped = wrap(PARENT, **IDENTITY, key=KEY)
    with pytest.raises(Tampered):
        unwrap(PARENT, **(IDENTITY | change), wrapped=wrapped)


def test_another_parent_opens_nothing():
    with pytest.raises(Tampered):
        unwrap(KEY, **IDENTITY, wrapped=wrap(PARENT, **IDENTITY, key=KEY))


def test_every_changed_bit_and_length_is_noticed():
    wrapped = wrap(PARENT, **IDENTITY, key=KEY)
    for bit in range(0, 320, 7):
        changed = bytearray(wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            unwrap(PARENT, **IDENTITY, wrapped=bytes(changed))
    for other in (b"", wrapped[:-1], wrapped[:32], wrapped + bytes(8)):
        with pytest.raises(Tampered):
            unwrap(PARENT, **IDENTITY, wrapped=other)


def test_only_whole_keys_with_whole_identities_are_wrapped():
    with pytest.raises(ValueError):
        wrap(PARENT, **IDENTITY, key=KEY[:16])
    with pytest.raises(ValueError):
        wrap(PARENT[:16], **IDENTITY, key=KEY)
    for name in IDENTITY:
        with pytest.raises(ValueError):
            wrap(PARENT, **(IDENTITY | {name: ""}), key=KEY)


def test_the_decoder_of_the_specification_opens_what_the_product_wraps():
    for _ in range(10):
        parent, key = os.urandom(32), os.urandom(32)
        wrapped = wrap(parent, kind="classroom", parent_id="école", child_id="CM1", key=key)
        assert decoder.open_wrapped(parent, "classroom", "école", "CM1", wrapped) == key
        with pytest.raises(ValueError):
            decoder.open_wrapped(parent, "classroom", "école", "CM2", wrapped)


def test_each_part_of_a_context_matters():
    whole = {
        "format": "media",
        "tenant": "t",
        "classroom": "c",
        "object_id": "o",
        "rendition": "r",
        "generation": 0,
    }
    contexts = {object_context(**whole)}
    contexts |= {object_context(**(whole | {name: "other"})) for name in list(whole)[:-1]}
    contexts |= {object_context(**(whole | {"generation": 1})), object_context(**(whole | {"classroom": ""}))}
    assert len(contexts) == 8
    assert object_context(**whole) == decoder.parts("preau/object/v1", "media", "t", "c", "o", "r", 0)
    with pytest.raises(ValueError):
        object_context(**(whole | {"object_id": ""}))
