"""Key derivation and the one encoding of its inputs: every part is length-prefixed, so no two inputs collide."""

import hmac

_HASH_SIZES = {"sha256": 32, "sha512": 64}
_MAX_INTEGER = 2**64 - 1


def encode_parts(label: str, *parts: str | bytes | int) -> bytes:
    """Encode a label and its parts so that different inputs never give the same bytes (FORMAT.md §2.1).

    Text is UTF-8 and taken as it is; integers are unsigned, 8 bytes, big-endian.
    """
    encoded = []
    for part in (label, *parts):
        if isinstance(part, str):
            part = part.encode("utf-8")
        elif isinstance(part, int) and not isinstance(part, bool):
            if not 0 <= part <= _MAX_INTEGER:
                raise ValueError("integer parts are unsigned and fit in 64 bits")
            part = part.to_bytes(8, "big")
        elif not isinstance(part, bytes):
            raise TypeError("parts are str, bytes or int")
        encoded.append(len(part).to_bytes(4, "big"))
        encoded.append(part)
    return b"".join(encoded)


def hkdf_expand(key: bytes, info: bytes, length: int, hash_name: str = "sha512") -> bytes:
    """Derive `length` bytes from a uniformly random key, bound to `info` (HKDF-Expand, RFC 5869 §2.3)."""
    size = _HASH_SIZES[hash_name]
    if not 0 < length <= 255 * size:
        raise ValueError(f"HKDF-Expand gives 1 to {255 * size} bytes with {hash_name}")
    block = b""
    output = b""
    counter = 1
    while len(output) < length:
        block = hmac.digest(key, block + info + bytes((counter,)), hash_name)
        output += block
        counter += 1
    return output[:length]
