"""What a session keeps from one page to the next is its own."""

import tracemalloc

from appliance.web import sessions


def test_what_browsers_call_themselves_is_not_remembered_at_any_length():
    tracemalloc.start()
    try:
        for number in range(200):
            assert sessions.agent_family(f"Firefox/{number} Android" + "x" * 30_000) == "Firefox · Android"
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_confirmation_waits_for_the_one_whom_it_is_for_and_is_said_once(world):
    browser, other = world.sign_in("guardian1"), world.sign_in("guardian2")
    assert browser.submit("/compte/nom", {"first_name": "Annette", "last_name": "Dubois"}).status_code == 303
    told = "Votre nom est enregistré."
    assert told not in other.get("/compte").text
    assert told in browser.get("/compte").text and told not in browser.get("/compte").text
