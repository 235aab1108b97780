"""The primitives that everything rests on agree with the public vectors, on whatever library version is installed."""

import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from appliance.crypto.kdf import encode_parts, hkdf_expand


def hexed(test, *names):
    return [bytes.fromhex(test[name]) for name in names]


def count_aead(tests, cipher):
    """Run each vector both ways; gives how many did what they should, and how many the library refuses to try."""
    counts = {"valid": 0, "invalid": 0, "valid but refused for its nonce size": 0}
    for _, test in tests:
        key, nonce, aad, message, sealed, tag = hexed(test, "key", "iv", "aad", "msg", "ct", "tag")
        try:
            opened = cipher(key).decrypt(nonce, sealed + tag, aad)
        except InvalidTag:
            assert test["result"] == "invalid"
            counts["invalid"] += 1
        except ValueError:
            counts["invalid" if test["result"] == "invalid" else "valid but refused for its nonce size"] += 1
        else:
            assert test["result"] == "valid"
            assert opened == message
            assert cipher(key).encrypt(nonce, message, aad) == sealed + tag
            counts["valid"] += 1
    return list(counts.values())


def test_aes_gcm(wycheproof):
    assert count_aead(wycheproof("aes_gcm_test.json"), AESGCM) == [202, 87, 27]


def test_chacha20_poly1305(wycheproof):
    assert count_aead(wycheproof("chacha20_poly1305_test.json"), ChaCha20Poly1305) == [256, 69, 0]


def test_aes_key_wrap(wycheproof):
    counts = {"valid": 0, "invalid": 0, "acceptable": 0}
    for _, test in wycheproof("aes_wrap_test.json"):
        key, message, wrapped = hexed(test, "key", "msg", "ct")
        try:
            opened = aes_key_unwrap(key, wrapped)
        except (InvalidUnwrap, ValueError):
            assert test["result"] != "valid"
        else:
            assert test["result"] != "invalid"
            assert opened == message
            assert aes_key_wrap(key, message) == wrapped
        counts[test["result"]] += 1
    assert counts == {"valid": 36, "invalid": 126, "acceptable": 3}


@pytest.mark.parametrize(("hash_name", "expected"), [("sha256", [83, 3]), ("sha512", [80, 3])])
def test_hkdf(wycheproof, hash_name, expected):
    counts = {"valid": 0, "invalid": 0}
    for _, test in wycheproof(f"hkdf_{hash_name}_test.json"):
        material, salt, info, result = hexed(test, "ikm", "salt", "info", "okm")
        try:
            # The vectors begin with Extract, which nothing here needs: all our keys are uniformly random.
            uniform = hmac.digest(salt or bytes(hashlib.new(hash_name).digest_size), material, hash_name)
            derived = hkdf_expand(uniform, info, test["size"], hash_name)
        except ValueError:
            assert test["result"] == "invalid"
        else:
            assert test["result"] == "valid"
            assert derived == result
        counts[test["result"]] += 1
    assert list(counts.values()) == expected


def test_ed25519(wycheproof):
    counts = {"valid": 0, "invalid": 0}
    for group, test in wycheproof("ed25519_test.json"):
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(group["publicKey"]["pk"]))
        message, signature = hexed(test, "msg", "sig")
        try:
            key.verify(signature, message)
        except InvalidSignature:
            assert test["result"] == "invalid"
        else:
            assert test["result"] == "valid"
        counts[test["result"]] += 1
    assert counts == {"valid": 88, "invalid": 63}


def test_parts_that_join_to_the_same_text_are_encoded_apart():
    lists = [("a", "bc"), ("ab", "c"), ("abc",), ("abc", ""), ("", "abc"), ("a", "b", "c")]
    assert len({encode_parts("label", *parts) for parts in lists}) == len(lists)
    assert encode_parts("é", 1) == b"\0\0\0\2\xc3\xa9\0\0\0\x08\0\0\0\0\0\0\0\1"


@pytest.mark.parametrize("part", [-1, 2**64, True, None, 1.5])
def test_parts_that_have_no_single_encoding_are_refused(part):
    with pytest.raises((TypeError, ValueError)):
        encode_parts("label", part)
