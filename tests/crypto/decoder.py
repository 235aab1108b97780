"""A second reader of all that is encrypted, wrapped, sealed and chained, written from appliance/crypto/FORMAT.md alone;
shares no code with the product.

By hand: `python decoder.py KEY_HEX CONTEXT_HEX FILE > plaintext`.
"""

import hashlib
import hmac
import json
import struct
import sys
import zlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

SUITES = {1: (b"AEAD_AES_256_GCM", AESGCM), 2: (b"AEAD_CHACHA20_POLY1305", ChaCha20Poly1305)}
CHUNK = 16384


def parts(*values):
    """FORMAT.md §2.1."""
    out = b""
    for value in values:
        if isinstance(value, int):
            value = struct.pack(">Q", value)
        elif isinstance(value, str):
            value = value.encode()
        out += struct.pack(">I", len(value)) + value
    return out


def expand(key, info, length):
    """FORMAT.md §2.2."""
    out = previous = b""
    index = 0
    while len(out) < length:
        index += 1
        previous = hmac.new(key, previous + info + bytes([index]), hashlib.sha512).digest()
        out += previous
    return out[:length]


def decode_file(object_key, context, data):
    """FORMAT.md §3, whole file; ValueError for whatever is not a stored file of this key and context."""
    if len(data) < 72:
        raise ValueError("too short")
    aead, base = _cipher_of(object_key, context, data)
    plain = b""
    offset = 56
    for number in range(2**38):
        sealed = data[offset : offset + CHUNK + 16]
        try:
            opened = aead.decrypt((base ^ number).to_bytes(12, "big"), sealed, None)
        except Exception as error:
            raise ValueError(f"chunk {number}") from error
        plain += opened
        offset += len(sealed)
        if len(opened) < CHUNK:
            break
    if offset != len(data):
        raise ValueError("trailing bytes")
    return plain


def open_wrapped(parent_key, kind, parent_id, child_id, wrapped):
    """FORMAT.md §4, the unwrapping of RFC 3394 §2.2.2 spelled out on single AES blocks."""
    wrapping_key = expand(parent_key, parts("preau/wrap/v1", kind, parent_id, child_id), 32)
    # One block at a time is what RFC 3394 is made of.
    block = Cipher(algorithms.AES(wrapping_key), modes.ECB()).decryptor()  # noqa: S305
    count = len(wrapped) // 8 - 1
    check = int.from_bytes(wrapped[:8], "big")
    registers = [wrapped[8 * i : 8 * i + 8] for i in range(1, count + 1)]
    for round_ in range(5, -1, -1):
        for i in range(count, 0, -1):
            check ^= count * round_ + i
            opened = block.update(check.to_bytes(8, "big") + registers[i - 1])
            check = int.from_bytes(opened[:8], "big")
            registers[i - 1] = opened[8:]
    if check != 0xA6A6A6A6A6A6A6A6:
        raise ValueError("wrapped key does not open")
    return b"".join(registers)


def decode_range(object_key, context, data, start, end):
    """FORMAT.md §3.4, the bytes from `start` up to `end` without opening what stands elsewhere."""
    count, rest = divmod(len(data) - 56, CHUNK + 16)
    if len(data) < 72 or rest < 16:
        raise ValueError("length")
    cipher, base = _cipher_of(object_key, context, data)

    def chunk(number):
        begin = 56 + number * (CHUNK + 16)
        return cipher.decrypt((base ^ number).to_bytes(12, "big"), data[begin : begin + CHUNK + 16], None)

    size = count * CHUNK + len(chunk(count))
    start, end = min(start, size), min(end, size)
    first = start // CHUNK
    clear = b"".join(chunk(number) for number in range(first, -(-end // CHUNK)))
    return clear[start - first * CHUNK : max(start, end) - first * CHUNK]


def _cipher_of(object_key, context, data):
    """FORMAT.md §3.2, whichever suite the commitment tells."""
    salt, commitment = data[:24], data[24:56]
    for name, cipher in SUITES.values():
        derived = expand(object_key, b"c2sp.org/chunked-encryption@v1+" + name + b"\x00" + salt + context, 76)
        if hmac.compare_digest(derived[44:], commitment):
            return cipher(derived[:32]), int.from_bytes(derived[32:44], "big")
    raise ValueError("commitment")


def open_field(key, place, sealed):
    """FORMAT.md §5; `place` is (tenant, table, column, row id)."""
    if sealed[0] != 1:
        raise ValueError("version")
    field_key = expand(key, parts("preau/field/v1"), 32)
    return AESGCM(field_key).decrypt(sealed[1:13], sealed[13:], parts("preau/field-context/v1", *place))


def read_key_file(text):
    """FORMAT.md §6: the id and the key."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if lines.pop(0) != "preau-key-file v1":
        raise ValueError("header")
    found = dict(line.split(": ", 1) for line in lines)
    key = bytes.fromhex(found["key"].replace(" ", ""))
    if hashlib.sha256(parts("preau/kek-id/v1", key)).hexdigest()[:16] != found["id"]:
        raise ValueError("id")
    if hashlib.sha256(parts("preau/kek-check/v1", key)).hexdigest()[:8] != found["check"]:
        raise ValueError("check")
    return found["id"], key


def combine_shares(texts):
    """FORMAT.md §6, shares: the key of just as many as are needed."""
    points = {}
    for text in texts:
        found = dict(line.split(": ", 1) for line in text.splitlines()[1:])
        needed, number = [int(value) for value in found["need"].split(" of ")], int(found["share"])
        data = bytes.fromhex(found["data"].replace(" ", ""))
        check = parts("preau/share-check/v1", found["id"], *needed, number, data)
        if hashlib.sha256(check).hexdigest()[:8] != found["check"]:
            raise ValueError("check")
        points[number] = data
    key = bytes(32)
    for number, data in points.items():
        weight = 1
        for other in points:
            if other != number:
                inverse = next(x for x in range(256) if _times(x, other ^ number) == 1)
                weight = _times(_times(weight, other), inverse)
        key = bytes(a ^ _times(weight, b) for a, b in zip(key, data, strict=True))
    return key


def _times(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = a << 1 ^ (0x11B if a & 0x80 else 0), b >> 1
    return product


def tree_root(leaves):
    """FORMAT.md §7.2."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest()


def frontier(leaves):
    """FORMAT.md §7.3."""
    out, start = struct.pack(">Q", len(leaves)), 0
    for bit in reversed(range(64)):
        if len(leaves) >> bit & 1:
            out += tree_root(leaves[start : start + (1 << bit)])
            start += 1 << bit
    return out


def open_backup_file(kek, name, data):
    """FORMAT.md §8: the lines of a file of a backup."""
    key = expand(kek, parts("preau/purpose/v1", "backup"), 32)
    clear = decode_file(key, b"preau/backup/v1\0" + name.encode(), data)
    return [json.loads(line) for line in zlib.decompress(clear).splitlines()]


if __name__ == "__main__":
    with open(sys.argv[3], "rb") as stored:
        sys.stdout.buffer.write(decode_file(bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2]), stored.read()))
