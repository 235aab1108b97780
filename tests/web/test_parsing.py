"""What of a connection is a request."""

import pytest
from waitress.adjustments import Adjustments

from appliance import features, server
from appliance.web.parsing import Parser


@pytest.mark.parametrize("address", ("/connexion", "//connexion", "///connexion", "/%63onnexion", "http://a/connexion"))
def test_an_address_is_the_same_for_the_lanes_as_for_the_application(address):
    """Two slashes would have a password hashed in the lane of the pages."""
    features.load()
    parser = Parser(Adjustments())
    parser.received(f"POST {address} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".encode())
    assert parser.error is None and parser.path == "/connexion" and server._is_slow(parser)


@pytest.mark.parametrize("address", ("/televersements", "//televersements"))
def test_a_piece_that_would_be_spooled_is_refused_under_every_spelling_of_its_address(address):
    parser = Parser(Adjustments())
    parser.received(f"POST {address} HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n".encode())
    assert parser.completed and parser.error.code == 413


def test_a_text_that_speaks_of_codings_is_no_coding():
    parser = Parser(Adjustments())
    parser.received(b"GET /?transfer-encoding:x HTTP/1.1\r\nX: transfer-encoding: chunked\r\n\r\n")
    assert parser.completed and parser.error is None
