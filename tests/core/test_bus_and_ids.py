"""Events reach everyone who asked, and ids never repeat or confuse."""

from dataclasses import dataclass

from appliance.core import bus, ids


@dataclass
class Rang:
    times: int


def test_a_subscriber_that_fails_does_not_stop_the_others(caplog):
    heard = []

    def broken(event):
        raise RuntimeError

    bus.subscribe(Rang, broken)
    bus.subscribe(Rang, heard.append)
    bus.subscribe(Rang, heard.append)
    bus.deliver(Rang(1))
    assert len(heard) == 1 and "subscriber failed" in caplog.text


def test_ids_are_short_distinct_and_unambiguous():
    made = {ids.new_id() for _ in range(10_000)}
    assert len(made) == 10_000
    assert all(len(one) == 16 and set(one) <= set(ids.ALPHABET) for one in made)
    assert not set("ilou") & set(ids.ALPHABET)
