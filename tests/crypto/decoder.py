"""A second reader of stored files and wrapped keys, written from appliance/crypto/FORMAT.md alone; shares no code with
the product.

By hand: `python decoder.py KEY_HEX CONTEXT_HEX FILE > plaintext`.
"""

import hashlib
import hmac
import struct
import sys

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
    salt, commitment = data[:24], data[24:56]
    for suite in SUITES:
        name, cipher = SUITES[suite]
        info = b"c2sp.org/chunked-encryption@v1+" + name + b"\x00" + salt + context
        derived = expand(object_key, info, 76)
        if derived[44:] == commitment:
            break
    else:
        raise ValueError("commitment")
    aead = cipher(derived[:32])
    base = int.from_bytes(derived[32:44], "big")
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


if __name__ == "__main__":
    with open(sys.argv[3], "rb") as stored:
        sys.stdout.buffer.write(decode_file(bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2]), stored.read()))
