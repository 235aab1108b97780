"""What a session keeps from one page to the next is its own."""


def test_a_confirmation_waits_for_the_one_whom_it_is_for_and_is_said_once(world):
    browser, other = world.sign_in("guardian1"), world.sign_in("guardian2")
    assert browser.submit("/compte/nom", {"first_name": "Annette", "last_name": "Dubois"}).status_code == 303
    told = "Votre nom est enregistré."
    assert told not in other.get("/compte").text
    assert told in browser.get("/compte").text and told not in browser.get("/compte").text
