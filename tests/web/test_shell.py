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


@pytest.mark.parametrize("address", ("/connexion", "/langue", "/compte/affichage", "/nulle-part"))
@pytest.mark.parametrize("busy", ({}, {"HTTP_PREAU_BUSY": "1"}), ids=("free", "busy"))
def test_a_form_that_is_too_large_is_refused_before_it_is_read(world, address, busy):
    """Reading one takes eighty times its size in memory, and everybody may send one."""

    sent = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "1000001", "wsgi.input": None}
    for method in ("POST", "GET"):
        answer = world.visitor().open(address, method=method, environ_overrides={**sent, **busy})
        assert answer.status_code == 413 and "trop lourd" in answer.text


@pytest.mark.parametrize("count, status", ((999, 400), (1_001, 413)))
def test_a_form_has_a_thousand_parts_at_most(world, count, status):
    part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    body = part * count + "--x--\r\n"
    answer = world.visitor().post("/langue", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == status


def test_the_texts_of_a_form_with_files_have_their_limit_too(world):
    body = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + "a" * 4_100_000 + "\r\n--x--\r\n"
    answer = world.visitor().post("/langue", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413


def test_an_address_with_a_nul_is_a_page_that_does_not_exist(world):
    guardian = world.sign_in("guardian1")
    for address in ("/publications/%00", "/medias/%00/large"):
        assert guardian.get(address).status_code == 404, address


def test_a_missing_file_is_not_told_in_the_language_of_whoever_asked_before(world):
    visitor = world.visitor()
    assert "does not exist" in visitor.get("/nulle-part", headers={"Accept-Language": "en"}).text
    assert "n’existe pas" in visitor.get("/static/nulle-part").text


@pytest.mark.parametrize("address", ("/classes//%s", "/publications//x", "/static//css/tokens.css"))
def test_no_answer_leads_to_the_host_that_a_request_names(world, address):
    address = address.replace("%s", world.cm1.public_id)
    answer = world.sign_in("guardian1").get(address, headers={"Host": "evil.example"})
    assert answer.status_code == 404 and "Location" not in answer.headers
