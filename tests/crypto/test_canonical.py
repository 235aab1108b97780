"""Canonical JSON has one byte form per value, that of RFC 8785; what has none is refused."""

import enum
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.crypto.canonical import canonical_bytes
from appliance.crypto.errors import NotCanonical


def parsed(text):
    """Read JSON with `56.0` as the integer that it is."""
    return json.loads(text, parse_float=lambda digits: int(float(digits)) if float(digits) % 1 == 0 else float(digits))


def test_public_vectors_without_fractions_pass_and_the_one_with_fractions_is_refused(shared_data):
    folder = shared_data / "vectors" / "jcs" / "testdata"
    passed, refused = [], []
    for file in sorted((folder / "input").glob("*.json")):
        try:
            result = canonical_bytes(parsed(file.read_text("utf-8")))
        except NotCanonical:
            refused.append(file.stem)
        else:
            assert result == (folder / "output" / file.name).read_bytes()
            assert result == bytes.fromhex((folder / "outhex" / f"{file.stem}.txt").read_text())
            passed.append(file.stem)
    assert passed == ["arrays", "french", "structures", "unicode", "weird"]
    assert refused == ["values"]


def test_text_literals_and_integers_are_written_as_the_rfc_writes_them():
    # The example of RFC 8785 §3.2.2, without its fractions.
    value = {"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False], "numbers": [0, -1, 2**53 - 1]}
    expected = (
        '{"literals":[null,true,false],"numbers":[0,-1,9007199254740991],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_bytes(value) == expected.encode()
    assert canonical_bytes("\b\t\n\f\r\x00\x1f\x7f\u2028é😂") == '"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\u2028é😂"'.encode()


def test_keys_are_in_the_order_of_utf_16():
    assert canonical_bytes({"\ufb33": 1, "😂": 2, "z": 3}) == '{"z":3,"😂":2,"\ufb33":1}'.encode()


class Level(enum.IntEnum):
    HIGH = 1


@pytest.mark.parametrize(
    "value",
    [1.0, 0.5, float("nan"), 2**53, -(2**53), b"bytes", {1: "x"}, {None: 1}, "\ud800", {"\udfff": 1}, {1, 2}, object()]
    + [[1, [2, [3.5]]], {"a": {"b": 1.0}}, Level.HIGH],
)
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical_bytes(value)


def test_bottomless_nesting_is_refused():
    value = []
    value.append(value)
    with pytest.raises(NotCanonical):
        canonical_bytes(value)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(_VALUES)
def test_the_canonical_form_reads_back_and_is_its_own_canonical_form(value):
    written = canonical_bytes(value)
    assert json.loads(written) == value
    assert canonical_bytes(json.loads(written)) == written
