"""The ciphers that stored files may use, and the keys that one file gets (c2sp.org/chunked-encryption)."""

from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from appliance.crypto.kdf import hkdf_expand

AES_256_GCM = 1
CHACHA20_POLY1305 = 2
SALT_SIZE = 24
NONCE_SIZE = 12
COMMITMENT_SIZE = 32
_LABEL = b"c2sp.org/chunked-encryption@v1+"


class Suite(NamedTuple):
    """One cipher: its name in the IANA registry of AEAD algorithms, its class and its key size in bytes."""

    name: bytes
    aead: type
    key_size: int


SUITES = {
    AES_256_GCM: Suite(b"AEAD_AES_256_GCM", AESGCM, 32),
    CHACHA20_POLY1305: Suite(b"AEAD_CHACHA20_POLY1305", ChaCha20Poly1305, 32),
}
# Cobblestone-128 is read for the public vectors only; nothing of ours is written with 128-bit keys.
COBBLESTONE_128 = Suite(b"AEAD_AES_128_GCM", AESGCM, 16)


def derive_file_keys(suite: Suite, key: bytes, salt: bytes, context: bytes) -> tuple[object, int, bytes]:
    """Derive the cipher, the base nonce and the commitment of one file from its key, salt and context."""
    if len(key) != suite.key_size:
        raise ValueError(f"this suite takes a key of {suite.key_size} bytes")
    info = _LABEL + suite.name + b"\x00" + salt + context
    derived = hkdf_expand(key, info, suite.key_size + NONCE_SIZE + COMMITMENT_SIZE)
    base_nonce = int.from_bytes(derived[suite.key_size : suite.key_size + NONCE_SIZE], "big")
    return suite.aead(derived[: suite.key_size]), base_nonce, derived[-COMMITMENT_SIZE:]


def fastest_suite(timer: Callable[[], float], seconds: float = 1.0) -> int:
    """Measure for about `seconds` which suite this machine seals faster; `timer` is `time.perf_counter` or a fake."""
    chunk = bytes(16384)
    rates = {}
    for number, suite in SUITES.items():
        aead = suite.aead(bytes(suite.key_size))
        start = timer()
        done = 0
        # The key is a throw-away one: repeating its nonce gives nothing away.
        while (elapsed := timer() - start) < seconds / len(SUITES):
            aead.encrypt(bytes(NONCE_SIZE), chunk, None)
            done += 1
        rates[number] = done / elapsed
    return max(rates, key=lambda number: (rates[number], -number))
