"""Logs tell what happened to whom runs the server, and nothing about a person."""

import io
import json
import logging

import pytest

from appliance.core.logs import JsonFormatter
from appliance.features.feed import actions


@pytest.fixture
def lines():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger("preau")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_request_is_logged_by_its_rule_never_by_its_address(world, lines):
    post = actions.publish(world.actor("teacher"), world.cm1.public_id, actions.Content(text="Secret d’Anne"))
    world.sign_in("guardian1").get(f"/publications/{post.public_id}")
    text = json.dumps(lines())
    assert "/publications/<" in text and post.public_id not in text
    for personal in ("Anne", "Dubois", "guardian1", "Secret", "127.0.0.1"):
        assert personal not in text


def test_an_incident_names_the_place_in_the_code_and_none_of_the_data(world, lines, monkeypatch):
    from appliance.features.feed.queries import cards

    def broken(*arguments, **options):
        raise ValueError("Anne Dubois, 06 00 00 00 00")

    monkeypatch.setattr(cards, "get_card", broken)
    monkeypatch.setattr("appliance.features.feed.queries.get_card", broken)
    monkeypatch.setitem(world.app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = world.sign_in("guardian1").get("/publications/aaaaaaaaaaaaaaaa")
    incident = next(line for line in lines() if line["event"] == "incident")
    assert answer.status_code == 500 and incident["incident"] in answer.get_data(as_text=True)
    assert incident["error"] == "ValueError" and "broken" in incident["where"]
    assert "Anne" not in json.dumps(lines()) and "Anne" not in answer.get_data(as_text=True)
