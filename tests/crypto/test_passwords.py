"""Argon2id at OWASP's minimum, the same cost for unknown accounts, a pool that says when it is full."""

import os
import sys
import threading
import unicodedata

import pytest

from appliance.crypto import passwords
from appliance.crypto.errors import Busy

PASSWORD = "les chats dorment au grenier"


@pytest.fixture(scope="module")
def stored():
    return passwords.hash_password(PASSWORD)


def test_a_password_is_recognised_and_another_is_not(stored):
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify_password(stored, PASSWORD) is True
    assert passwords.verify_password(stored, PASSWORD + " ") is False


def test_the_way_accents_are_typed_does_not_matter():
    composed = unicodedata.normalize("NFC", "l’été à la plage")
    stored = passwords.hash_password(composed)
    assert passwords.verify_password(stored, unicodedata.normalize("NFD", composed))


@pytest.mark.parametrize("stored_form", [None, "", "not a hash", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"])
def test_an_unknown_account_or_a_broken_hash_is_no_match(stored_form):
    assert passwords.verify_password(stored_form, PASSWORD) is False


@pytest.mark.parametrize("text", ["\ud800" * 12, "x" * 5000])
def test_a_text_that_cannot_be_a_password_is_no_match(stored, text):
    assert passwords.verify_password(stored, text) is False
    with pytest.raises(ValueError):
        passwords.hash_password(text)


def test_unknown_accounts_cost_the_same_hashing(monkeypatch, stored):
    tried = []

    class Recording:
        def verify(self, hashed, secret):
            tried.append(hashed)
            return True

    monkeypatch.setattr(passwords, "_ARGON2", Recording())
    assert passwords.verify_password(None, PASSWORD) is False
    assert passwords.verify_password(stored, "\ud800" * 12) is False
    assert passwords.verify_password(stored, PASSWORD) is True
    assert tried == [passwords.DUMMY_HASH, passwords.DUMMY_HASH, stored]


def test_only_hashes_with_other_parameters_are_made_again(stored):
    assert not passwords.needs_rehash(stored)
    assert not passwords.needs_rehash(passwords.DUMMY_HASH)
    assert passwords.needs_rehash(stored.replace("m=19456", "m=8192"))
    assert passwords.needs_rehash("not a hash")


@pytest.fixture
def hasher():
    hasher = passwords.Hasher(workers=1, queue_limit=1)
    yield hasher
    hasher.close()


def test_the_pool_hashes_and_verifies(hasher):
    stored = hasher.hash(PASSWORD)
    assert hasher.verify(stored, PASSWORD)
    assert not hasher.verify(stored, "something else")
    assert not hasher.verify(None, PASSWORD)


def test_beyond_the_queue_the_pool_is_busy_and_recovers(hasher, monkeypatch):
    started, go_on = threading.Event(), threading.Event()

    def slow(stored, password):
        started.set()
        assert go_on.wait(10)
        return True

    monkeypatch.setattr(passwords, "verify_password", slow)
    waiting = [threading.Thread(target=hasher.verify, args=("x", "y")) for _ in range(2)]
    waiting[0].start()
    assert started.wait(10)
    # The one place of the queue: taken here, so that the test needs no second thread to have arrived.
    queued = hasher._submit(slow, "x", "y")
    with pytest.raises(Busy):
        hasher.verify("x", "y")
    go_on.set()
    waiting[0].join(10)
    assert queued.result(10) is True
    assert hasher.verify("x", "y") is True


def test_a_failure_in_the_pool_gives_its_place_back(hasher):
    for _ in range(5):
        with pytest.raises(ValueError):
            hasher.hash("x" * 5000)
    assert hasher.hash(PASSWORD)


@pytest.mark.skipif(sys.platform != "linux", reason="by design: only Linux sets the priority of one thread")
def test_workers_lower_their_own_priority_and_nobody_elses(hasher):
    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def priority():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert hasher._submit(priority).result() == max(here, 10)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here


def test_a_sandbox_that_forbids_priorities_is_no_error(monkeypatch):
    def forbid(*arguments):
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbid)
    hasher = passwords.Hasher()
    assert hasher._submit(lambda: 1).result() == 1
    hasher.close()


def test_a_pool_has_a_worker():
    with pytest.raises(ValueError):
        passwords.Hasher(workers=0)
