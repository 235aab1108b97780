"""The stored-file format agrees with the public vectors, with `cryptography`'s own and with a decoder of FORMAT.md."""

import hashlib
import importlib.util
import io
import zlib

import pytest

from appliance.crypto import stream
from appliance.crypto.errors import Tampered
from appliance.crypto.suites import AES_256_GCM, COBBLESTONE_128, SUITES, derive_file_keys
from tests.crypto import decoder

KEY = bytes(range(32))
CONTEXT = b"the context"
CHUNK = 16384
SIZES = (0, 1, CHUNK - 1, CHUNK, 2 * CHUNK + 5, 9 * CHUNK)
VECTORS = {
    "128": ("c2sp_chunked_encryption_aes_128_gcm_test.json", COBBLESTONE_128),
    "256": ("c2sp_chunked_encryption_aes_256_gcm_test.json", AES_256_GCM),
}


def decoded(test, name):
    """Undo the vectors' compression (zlib, in the three longest fields)."""
    return zlib.decompress(bytes.fromhex(test[name]))


def read_whole(reader):
    return reader.read()


def read_at_random(reader):
    """Read the chunks from last to first, each in two unequal parts."""
    parts = {}
    for number in range(reader.size // CHUNK, -1, -1):
        middle = number * CHUNK + 1000
        reader.seek(middle)
        parts[middle] = reader.read(CHUNK - 1000)
        reader.seek(number * CHUNK)
        parts[number * CHUNK] = reader.read(1000)
    return b"".join(parts[position] for position in sorted(parts))


def read_sent(reader):
    return b"".join(iter(lambda: reader.read1(3 * CHUNK), b""))


@pytest.mark.parametrize("read", [read_whole, read_at_random, read_sent])
@pytest.mark.parametrize("size", VECTORS)
def test_cobblestone_vectors(wycheproof, size, read):
    name, suite = VECTORS[size]
    counts = {"valid": 0, "invalid": 0}
    for _, test in wycheproof(name):
        key, context, data = bytes.fromhex(test["key"]), bytes.fromhex(test["ctx"]), decoded(test, "ct")
        try:
            plain = read(stream.DecryptingReader(key, context, io.BytesIO(data), suite=suite))
        except (Tampered, ValueError):
            verdict = "invalid"
        else:
            verdict = "valid"
            assert len(plain) == test["msgLength"]
            assert hashlib.sha512(plain).hexdigest() == test["msgSha512"]
        assert verdict == test["result"], test["comment"]
        counts[verdict] += 1
    assert counts == {"valid": 10, "invalid": 25}


def test_cobblestone_vectors_are_written_byte_for_byte(wycheproof, monkeypatch):
    written = 0
    for _, test in wycheproof(VECTORS["256"][0]):
        if test["result"] != "valid":
            continue
        key, context, data = bytes.fromhex(test["key"]), bytes.fromhex(test["ctx"]), decoded(test, "ct")
        monkeypatch.setattr(stream, "urandom", lambda size, data=data: data[:size])
        plain = stream.DecryptingReader(key, context, io.BytesIO(data)).read()
        sink = io.BytesIO()
        stream.encrypt(key, context, io.BytesIO(plain), sink)
        assert sink.getvalue() == data
        written += 1
    assert written == 10


@pytest.mark.parametrize("size", VECTORS)
def test_derived_nonces_are_those_of_the_vectors(wycheproof, size):
    name, suite = VECTORS[size]
    suite = SUITES.get(suite, suite)
    checked = 0
    for _, test in wycheproof(name):
        if test["result"] == "valid":
            data = decoded(test, "ct")
            _, nonce, commitment = derive_file_keys(
                suite, bytes.fromhex(test["key"]), data[:24], bytes.fromhex(test["ctx"])
            )
            assert nonce.to_bytes(12, "big").hex() == test["baseNonce"]
            assert commitment == data[24:56]
            checked += 1
    assert checked == 10


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_the_decoder_of_the_specification_reads_what_the_product_writes(encrypted, some_bytes, size, suite):
    plain = some_bytes(size)
    data = encrypted(plain, suite=suite)
    assert decoder.decode_file(KEY, CONTEXT, data) == plain
    for broken in (data[:-1], data + b"\0", data[:60] + bytes([data[60] ^ 1]) + data[61:], data[:-16]):
        with pytest.raises(ValueError):
            decoder.decode_file(KEY, CONTEXT, broken)


@pytest.mark.skipif(
    importlib.util.find_spec("cryptography.cobblestone") is None,
    reason="by design: this version of cryptography has no Cobblestone to compare with",
)
@pytest.mark.parametrize("size", SIZES)
def test_cryptography_reads_what_the_product_writes_and_the_reverse(encrypted, opened, some_bytes, size):
    from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor

    plain = some_bytes(size)
    theirs = Cobblestone256Decryptor(KEY, CONTEXT)
    assert theirs.update(encrypted(plain)) + theirs.finalize() == plain
    theirs = Cobblestone256Encryptor(KEY, CONTEXT)
    data = theirs.update(plain[:1000]) + theirs.update(plain[1000:]) + theirs.finalize()
    assert opened(data, suite=AES_256_GCM).read() == plain
    assert read_at_random(opened(data)) == plain
