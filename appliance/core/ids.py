"""Public identifiers: random, short enough for a URL, never a row number."""

import secrets

ALPHABET = "abcdefghjkmnpqrstvwxyz0123456789"  # 32 signs, none that a reader confuses
LENGTH = 16  # 80 bits: two ids collide after about 10^12 objects; access never rests on their secrecy


def new_id() -> str:
    """A fresh public id."""
    number = secrets.randbits(5 * LENGTH)
    signs = []
    for _ in range(LENGTH):
        signs.append(ALPHABET[number & 31])
        number >>= 5
    return "".join(signs)
