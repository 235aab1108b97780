"""What the tests of cryptography share: encrypted bytes in one call, and the public vectors."""

import io
import json
import random

import pytest

from appliance.crypto import stream

KEY = bytes(range(32))
CONTEXT = b"the context"


@pytest.fixture(scope="session")
def wycheproof(shared_data):
    """Read one Wycheproof file as a list of (group, test)."""

    def read(name):
        document = json.loads((shared_data / "vectors" / "wycheproof" / name).read_text())
        return [(group, test) for group in document["testGroups"] for test in group["tests"]]

    return read


@pytest.fixture(scope="session")
def some_bytes():
    """Give reproducible bytes that don't repeat."""

    def give(size, seed=1):
        return random.Random(seed).randbytes(size)

    return give


@pytest.fixture(scope="session")
def encrypted():
    """Encrypt bytes in memory, under the key and context of the tests unless told."""

    def give(plain, key=KEY, context=CONTEXT, suite=1):
        sink = io.BytesIO()
        assert stream.encrypt(key, context, io.BytesIO(plain), sink, suite=suite) == len(plain)
        return sink.getvalue()

    return give


@pytest.fixture(scope="session")
def opened():
    """Open encrypted bytes, under the key and context of the tests unless told."""

    def give(data, key=KEY, context=CONTEXT, **options):
        return stream.DecryptingReader(key, context, io.BytesIO(data), **options)

    return give
