"""The master key split among several people: any k of the n shares give it back, fewer give nothing away.

Shamir, "How to share a secret" (CACM 22, 1979), byte by byte in GF(2^8) with the polynomial of AES. Each share is a few
lines of text with a check of its own; the id of the key tells whether what was put together is right.
"""

import itertools
import re
from hashlib import sha256
from os import urandom

from appliance.crypto.errors import KeyFileError, KeyFileProblem
from appliance.crypto.kdf import encode_parts
from appliance.crypto.keyring import KEY_SIZE, Kek

HEADER = "preau-key-share v1"
MOST = 16
_TRIES = 20_000  # all ways to take 8 of 16 shares: some may have been printed on another day
_CHECK_LABEL = "preau/share-check/v1"
_BLOCK = re.compile(
    rf"{HEADER}\s+id:\s*([0-9a-f]{{16}})\s+need:\s*(\d+) of (\d+)\s+share:\s*(\d+)\s+"
    r"data:\s*((?:[0-9a-f]{8}\s+){8})check:\s*([0-9a-f]{8})"
)


def _tables() -> tuple[list[int], list[int]]:
    exponents, logarithms, value = [0] * 510, [0] * 256, 1
    for power in range(255):
        exponents[power] = exponents[power + 255] = value
        logarithms[value] = power
        value ^= (value << 1) ^ (0x11B if value & 0x80 else 0)  # times 3, a generator
    return exponents, logarithms


_EXP, _LOG = _tables()


def _times(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _over(a: int, b: int) -> int:
    return _EXP[_LOG[a] - _LOG[b] + 255] if a else 0


def split(kek: Kek, need: int, total: int) -> list[str]:
    """The texts of `total` shares, any `need` of which give the key back (2 ≤ need ≤ total ≤ 16)."""
    if not 2 <= need <= total <= MOST:
        raise ValueError(f"at least 2 shares are needed, of at most {MOST}")
    # One random polynomial of degree need - 1 a byte, whose value at 0 is that byte.
    coefficients = [kek.key, *(urandom(KEY_SIZE) for _ in range(need - 1))]
    texts = []
    for number in range(1, total + 1):
        data = bytearray(KEY_SIZE)
        for coefficient in reversed(coefficients):
            data = bytearray(_times(value, number) ^ c for value, c in zip(data, coefficient, strict=True))
        texts.append(_format(kek.id, need, total, number, bytes(data)))
    return texts


def _format(kek_id: str, need: int, total: int, number: int, data: bytes) -> str:
    digits = data.hex()
    groups = " ".join(digits[at : at + 8] for at in range(0, 64, 8))
    check = _check(kek_id, need, total, number, data)
    return f"{HEADER}\nid: {kek_id}\nneed: {need} of {total}\nshare: {number}\ndata: {groups}\ncheck: {check}\n"


def _check(kek_id: str, need: int, total: int, number: int, data: bytes) -> str:
    return sha256(encode_parts(_CHECK_LABEL, kek_id, need, total, number, data)).hexdigest()[:8]


def are_in(text: str) -> bool:
    """Whether a text holds shares rather than a whole key."""
    return HEADER in _plain(text)


def _plain(text: str) -> str:
    """What was typed, without what does not matter: capitals, more spaces than one, empty lines."""
    return "\n".join(" ".join(line.split()) for line in text.lower().splitlines() if line.strip())


def combine(text: str) -> Kek:
    """The key that the shares in a text give; KeyFileError says which one is mistyped or how many are missing.

    Sheets that were printed at another time, for the same key, do not go together; those that do are found among them.
    """
    text = _plain(text)
    found: dict[tuple[int, bytes], None] = {}
    known: set[tuple[str, int, int]] = set()
    blocks = _BLOCK.findall(text)
    for kek_id, need, total, number, digits, check in blocks:
        data = bytes.fromhex("".join(digits.split()))
        if _check(kek_id, int(need), int(total), int(number), data) != check:
            raise _refuse(KeyFileProblem.MISTYPED, f"share {number} has a wrong character", "Compare it group by group")
        if not 1 <= int(number) <= int(total) <= MOST or not 2 <= int(need) <= int(total):
            raise _refuse(KeyFileProblem.MALFORMED, f"there is no share {number} of {total}", "Take the printed sheets")
        found[int(number), data] = None
        known.add((kek_id, int(need), int(total)))
    if len(blocks) < text.count(HEADER):
        what = f"only {len(blocks)} of the {text.count(HEADER)} shares that were typed can be read"
        remedy = "A share has six lines, and its data eight groups of eight digits, 0-9 and a-f"
        raise _refuse(KeyFileProblem.MISTYPED, what, remedy)
    if len(known) != 1:
        what = "these shares are of different keys" if known else "no whole share was found"
        raise _refuse(KeyFileProblem.MALFORMED, what, "Give shares of one sheet, six lines each")
    ((kek_id, need, _total),) = known
    numbers = {number for number, _data in found}
    if len(numbers) < need:
        raise _refuse(
            KeyFileProblem.MALFORMED,
            f"{len(numbers)} of {need} shares were given",
            f"Ask for {need - len(numbers)} more",
        )
    for some in itertools.islice(itertools.combinations(found, need), _TRIES):
        if len(dict(some)) == need:
            kek = Kek(_interpolate(dict(some)))
            if kek.id == kek_id:
                return kek
    raise _refuse(
        KeyFileProblem.MISTYPED,
        "these shares do not give the key that they name",
        f"They were not printed together: take {need} of the same day, which stands at the foot of each sheet",
    )


def _interpolate(shares: dict[int, bytes]) -> bytes:
    """The values at 0 of the polynomials through these points (Lagrange)."""
    key = bytearray(KEY_SIZE)
    for x, data in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                weight = _times(weight, _over(other, other ^ x))
        key = bytearray(byte ^ _times(weight, value) for byte, value in zip(key, data, strict=True))
    return bytes(key)


def _refuse(problem: KeyFileProblem, what: str, remedy: str) -> KeyFileError:
    return KeyFileError(problem, "recovery sheet", what, remedy)
