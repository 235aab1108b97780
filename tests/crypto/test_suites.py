"""The suite of a machine is the one that it seals faster."""

import itertools

from appliance.crypto import suites
from appliance.crypto.suites import AES_256_GCM, CHACHA20_POLY1305, Suite, fastest_suite


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def machine(monkeypatch, clock, costs):
    def cipher(cost):
        class Cipher:
            def __init__(self, key):
                pass

            def encrypt(self, nonce, data, aad):
                clock.now += cost

        return Cipher

    monkeypatch.setattr(suites, "SUITES", {number: Suite(b"name", cipher(cost), 32) for number, cost in costs.items()})


def test_a_machine_with_aes_instructions_takes_aes_and_one_without_chacha(monkeypatch):
    clock = Clock()
    for fast, slow in itertools.permutations((AES_256_GCM, CHACHA20_POLY1305)):
        machine(monkeypatch, clock, {fast: 0.01, slow: 0.05})
        assert fastest_suite(clock) == fast


def test_on_a_tie_the_published_suite_is_taken(monkeypatch):
    clock = Clock()
    machine(monkeypatch, clock, {CHACHA20_POLY1305: 0.015625, AES_256_GCM: 0.015625})
    assert fastest_suite(clock) == AES_256_GCM
