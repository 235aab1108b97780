"""Short codes that people read from paper and type: no look-alike letters, a typo is told apart from a wrong code.

Only the keyed hash of a code is stored; guessing is limited by the caller's throttling and by the code's life.
"""

import hmac
import secrets

from appliance.crypto.errors import BadCode, CodeProblem
from appliance.crypto.kdf import encode_parts

CODE_LENGTH = 12
GROUP = 4
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_SEPARATORS = frozenset(" -‐‑‒–—.\u00a0\u202f\t\r\n")
_CODE_LABEL = "preau/code/v1"


def new_code(length: int = CODE_LENGTH) -> str:
    """Give a fresh code as it is printed, `K7QM-2XPA-94TD`: 5 random bits a character, the last one checks the rest."""
    if not 8 <= length <= 31 or length % GROUP:
        raise ValueError("codes are made of 2 to 7 groups of four")
    values = [secrets.randbelow(32) for _ in range(length - 1)]
    values.append(_check_value(values))
    return format_code("".join(_ALPHABET[value] for value in values))


def parse_code(text: str, length: int = CODE_LENGTH) -> str:
    """Give the canonical form of what somebody typed (case, separators, O/0, I/L/1 don't matter), else BadCode."""
    # A pasted page is no code: don't even look at it.
    if len(text) > 4 * length:
        raise BadCode(CodeProblem.LENGTH)
    try:
        values = [_VALUES[character.upper()] for character in text if character not in _SEPARATORS]
    except KeyError:
        raise BadCode(CodeProblem.CHARACTER) from None
    if len(values) != length:
        raise BadCode(CodeProblem.LENGTH)
    if _check_value(values[:-1]) != values[-1]:
        raise BadCode(CodeProblem.CHECK)
    return "".join(_ALPHABET[value] for value in values)


def format_code(code: str) -> str:
    """Give a canonical code in groups of four, as it is printed and read out."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def hash_code(key: bytes, code: str, length: int = CODE_LENGTH) -> bytes:
    """Give what is stored of a code, typed or printed: a keyed hash, so that the database alone can't be searched."""
    return hmac.digest(key, encode_parts(_CODE_LABEL, parse_code(code, length)), "sha256")


def _check_value(values: list[int]) -> int:
    """Sum value × α^position in GF(32): any one wrong character and any two exchanged ones change it."""
    total = 0
    for value in reversed(values):
        total = _double(total ^ value)
    return total


def _double(value: int) -> int:
    """Multiply by α in GF(32) = GF(2)[x] / (x^5 + x^2 + 1)."""
    value <<= 1
    return value ^ 0b100101 if value & 0b100000 else value
