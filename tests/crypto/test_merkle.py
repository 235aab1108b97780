"""The journal's tree agrees with RFC 6962: what is proven is true, and nothing else can be proven."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.crypto import merkle
from appliance.crypto.errors import Tampered


def decoded(text):
    return base64.b64decode(text or "")


def vectors(shared_data, kind):
    files = sorted((shared_data / "vectors" / "merkle" / "testdata" / kind).rglob("*.json"))
    return [json.loads(file.read_text()) for file in files]


def test_public_proofs_are_judged_as_they_should(shared_data):
    counts = {"good": 0, "bad": 0}
    for case in vectors(shared_data, "inclusion"):
        proof = [decoded(text) for text in case["proof"] or []]
        accepted = merkle.verify_inclusion(
            decoded(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, decoded(case["root"])
        )
        assert accepted is not case["wantErr"], case["desc"]
        counts["good" if accepted else "bad"] += 1
    for case in vectors(shared_data, "consistency"):
        proof = [decoded(text) for text in case["proof"] or []]
        accepted = merkle.verify_consistency(
            case["size1"], case["size2"], decoded(case["root1"]), decoded(case["root2"]), proof
        )
        assert accepted is not case["wantErr"], case["desc"]
        counts["good" if accepted else "bad"] += 1
    # 172 bad ones stand in the folders of the first level, 12 more in inclusion/additional/*.
    assert counts == {"good": 12, "bad": 184}


def leaves(count):
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def naive_root(hashes):
    """The definition of RFC 6962 §2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return merkle.node_hash(naive_root(hashes[:split]), naive_root(hashes[split:]))


def test_a_frontier_has_the_root_of_the_definition():
    frontier = merkle.Frontier()
    assert frontier.root() == merkle.EMPTY_ROOT
    for size, leaf in enumerate(leaves(70), 1):
        assert frontier.append(leaf) is frontier
        assert frontier.size == size
        assert frontier.root() == naive_root(leaves(size)) == merkle.root_of(leaves(size))
        assert merkle.Frontier.from_bytes(frontier.to_bytes()) == frontier


def test_a_million_entries_are_held_by_few_hashes():
    frontier = merkle.Frontier.from_bytes((2**20 - 1).to_bytes(8, "big") + bytes(32 * 20))
    assert len(frontier.hashes) == 20
    frontier.append(merkle.leaf_hash(b""))
    assert (frontier.size, len(frontier.hashes)) == (2**20, 1)


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 9, b"\0" * 7 + b"\1", b"\0" * 7 + b"\1" + bytes(64)])
def test_a_frontier_that_does_not_fit_its_size_is_refused(data):
    with pytest.raises(Tampered):
        merkle.Frontier.from_bytes(data)


def test_every_leaf_is_proven_and_no_other_leaf_passes():
    for size in range(1, 20):
        hashes = leaves(size)
        root = merkle.root_of(hashes)
        for index in range(size):
            proof = merkle.inclusion_proof(hashes, index)
            assert merkle.verify_inclusion(hashes[index], index, size, proof, root)
            assert not merkle.verify_inclusion(merkle.leaf_hash(b"forged"), index, size, proof, root)
            assert not merkle.verify_inclusion(hashes[index], index + 1, size, proof, root)
            assert not merkle.verify_inclusion(hashes[index], index, size, [*proof, root], root)
            for cut in range(len(proof)):
                assert not merkle.verify_inclusion(hashes[index], index, size, proof[:cut], root)


def test_every_earlier_tree_is_proven_and_no_rewritten_one_passes():
    for later in range(1, 20):
        hashes = leaves(later)
        root = merkle.root_of(hashes)
        for earlier in range(1, later + 1):
            proof = merkle.consistency_proof(hashes, earlier)
            old = merkle.root_of(hashes[:earlier])
            forged = merkle.root_of([*hashes[: earlier - 1], merkle.leaf_hash(b"rewritten")])
            assert merkle.verify_consistency(earlier, later, old, root, proof)
            assert not merkle.verify_consistency(earlier, later, forged, root, proof)
            assert not merkle.verify_consistency(earlier, later, old, forged, proof)
            assert not merkle.verify_consistency(earlier, later, old, root, [*proof, root])


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 200), st.data())
def test_a_changed_proof_proves_nothing(size, data):
    hashes = leaves(size)
    root = merkle.root_of(hashes)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(hashes, index)
    place = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
    assert not merkle.verify_inclusion(hashes[index], index, size, [*proof[:place], changed, *proof[place + 1 :]], root)


def test_proofs_of_what_is_not_there_are_not_made():
    for index in (-1, 3):
        with pytest.raises(IndexError):
            merkle.inclusion_proof(leaves(3), index)
    for earlier in (0, 4):
        with pytest.raises(IndexError):
            merkle.consistency_proof(leaves(3), earlier)


def test_a_leaf_never_passes_for_a_node():
    left, right = leaves(2)
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
    with pytest.raises(ValueError):
        merkle.Frontier().append(b"short")


def test_an_inner_node_never_passes_for_a_leaf_nor_a_tree_for_a_smaller_one():
    hashes = leaves(8)
    root = merkle.root_of(hashes)
    above = merkle.inclusion_proof(hashes, 0)[1:]
    assert not merkle.verify_inclusion(merkle.node_hash(*hashes[:2]), 0, 8, above, root)
    # Leaf 7 of 8 takes the same turns as leaf 3 of 4, once more.
    assert not merkle.verify_inclusion(hashes[7], 3, 4, merkle.inclusion_proof(hashes, 7), root)


def test_a_tree_never_passes_for_one_of_another_size_in_a_consistency_proof():
    hashes = leaves(8)
    roots = {size: merkle.root_of(hashes[:size]) for size in range(1, 9)}
    shorter = merkle.consistency_proof(hashes[:4], 2)
    assert merkle.verify_consistency(2, 4, roots[2], roots[4], shorter)
    assert not merkle.verify_consistency(2, 8, roots[2], roots[4], shorter)
    # From 7 to 8 the path takes the same turns as from 3 to 4, once more.
    longer = merkle.consistency_proof(hashes, 7)
    assert merkle.verify_consistency(7, 8, roots[7], roots[8], longer)
    assert not merkle.verify_consistency(3, 4, roots[7], roots[8], longer)
