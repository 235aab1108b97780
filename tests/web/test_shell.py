"""The shell: health, sessions, headers, errors."""

import pytest


def test_health_tells_status_version_database_and_schema(world, database_kind):
    answer = world.visitor().get("/healthz")
    assert answer.status_code == 200
    assert answer.json["status"] == "ok" and answer.json["database"] == database_kind and answer.json["schema"] >= 1


def test_metrics_are_for_loopback_only(world):
    visitor = world.visitor()
    assert b"preau_requests_total" in visitor.get("/metrics").data
    assert visitor.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 404


@pytest.mark.parametrize("mark", ({"preau.forwarded": True}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}))
def test_what_a_proxy_passes_on_is_not_loopback(world, mark):
    assert world.visitor().get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1", **mark}).status_code == 404


def test_each_answer_forbids_framing_sniffing_and_inline_code(world):
    headers = world.visitor().get("/healthz").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"


def test_an_address_with_a_nul_is_a_page_that_does_not_exist(world):
    guardian = world.sign_in("guardian1")
    for address in ("/publications/%00", "/medias/%00/large"):
        assert guardian.get(address).status_code == 404, address
