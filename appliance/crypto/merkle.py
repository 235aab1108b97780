"""The tree of the journal (RFC 6962): append-only, any entry and any earlier state provable from hashes alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from appliance.crypto.errors import Tampered

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry; the 0x00 prefix keeps a leaf from passing for a node (RFC 6962 §2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent (RFC 6962 §2.1)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """All that must be kept to append: the roots of the full subtrees that make up `size` leaves, largest first."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> "Frontier":
        """Add one leaf hash in place, as a list does, and give the frontier itself."""
        if len(leaf) != HASH_SIZE:
            raise ValueError("a leaf hash has 32 bytes")
        full = self.size
        while full & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            full >>= 1
        self.hashes.append(leaf)
        self.size += 1
        return self

    def root(self) -> bytes:
        """Give the root hash of all leaves so far."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """Serialise: the size in 8 bytes, big-endian, then the hashes (FORMAT.md §7.3)."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read a serialised frontier; a length that doesn't fit its size raises Tampered."""
        data = bytes(data)
        size = int.from_bytes(data[:8], "big")
        if len(data) != 8 + HASH_SIZE * size.bit_count():
            raise Tampered("tree frontier has a wrong length")
        return cls(size, [data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE)])


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Give the root hash of a list of leaf hashes (RFC 6962 §2.1)."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Prove that leaf `index` is in the tree of these leaf hashes (RFC 6962 §2.1.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    proof = []
    while len(leaves) > 1:
        split = _split(len(leaves))
        if index < split:
            proof.append(root_of(leaves[split:]))
            leaves = leaves[:split]
        else:
            proof.append(root_of(leaves[:split]))
            leaves = leaves[split:]
            index -= split
    return proof[::-1]


def consistency_proof(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """Prove that the tree of the first `earlier` leaves is a prefix of this one (RFC 6962 §2.1.2)."""
    if not 0 < earlier <= len(leaves):
        raise IndexError("no such earlier tree")
    proof = []
    whole = True
    while earlier < len(leaves):
        split = _split(len(leaves))
        if earlier <= split:
            proof.append(root_of(leaves[split:]))
            leaves = leaves[:split]
        else:
            proof.append(root_of(leaves[:split]))
            leaves = leaves[split:]
            earlier -= split
            whole = False
    if not whole:
        proof.append(root_of(leaves))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether the proof shows that this leaf hash stands at `index` of the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes((leaf, root, *proof)):
        return False
    last = size - 1
    current = leaf
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            current = node_hash(sibling, current)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and current == root


def verify_consistency(
    earlier: int, later: int, earlier_root: bytes, later_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether the proof shows that the earlier tree is a prefix of the later one (RFC 9162 §2.1.4.2).

    An empty earlier tree is a prefix of everything and proves nothing: it is refused unless both are empty.
    """
    if earlier == later:
        if not earlier and earlier_root != EMPTY_ROOT:
            return False
        return earlier >= 0 and not proof and earlier_root == later_root
    if not 0 < earlier < later or not proof or not _are_hashes((earlier_root, later_root, *proof)):
        return False
    path = list(proof)
    if earlier & (earlier - 1) == 0:
        path.insert(0, earlier_root)
    node, last = earlier - 1, later - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and old == earlier_root and new == later_root


def _split(size: int) -> int:
    """Give the largest power of two below `size`: where RFC 6962 cuts a tree in two."""
    return 1 << (size - 1).bit_length() - 1


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
