"""The pool of password workers: bounded, quick enough, and polite when it is full."""

import threading
import time

import pytest

from appliance.core.config import Security
from appliance.core.errors import Unavailable
from appliance.services.people import accounts, passwords
from tests.support.world import PASSWORD


@pytest.fixture(autouse=True)
def _pool():
    yield
    accounts.configure(Security())


def test_beyond_its_places_the_pool_answers_come_back_and_hashes_nothing(monkeypatch):
    import dataclasses

    passwords.configure(dataclasses.replace(Security(), hashing_workers=1, hashing_queue=1))
    entered, release = threading.Event(), threading.Event()

    def slow(_stored, _typed):
        entered.set()
        return release.wait(10)

    monkeypatch.setattr("appliance.crypto.passwords.verify_password", slow)
    waiting = [threading.Thread(target=passwords.verify, args=("", "x")) for _i in range(2)]
    waiting[0].start()
    assert entered.wait(10)
    waiting[1].start()
    refused = _until_refused()
    release.set()
    for thread in waiting:
        thread.join(10)
    assert refused


def _until_refused() -> bool:
    """The second thread takes the last place in its own time; a refusal must come, never a third hash."""
    for _i in range(10_000):
        try:
            passwords._hasher._places.acquire(blocking=False) and passwords._hasher._places.release()
            if not passwords._hasher._places._value:
                passwords.verify("", "x")
        except Unavailable:
            return True
        threading.Event().wait(0.001)
    return False


@pytest.mark.bench
def test_thirty_people_a_second_sign_in_on_one_core(world):
    accounts.authenticate("guardian1@demo.test", PASSWORD)  # renews the cheap hash of the world
    begun = time.process_time()  # of all threads: what a core spends, whatever else the machine does
    for _i in range(30):
        accounts.authenticate("guardian1@demo.test", PASSWORD)
    assert time.process_time() - begun < 1.0
