"""Tests talk to this machine only: a connection or a name look-up that would leave it fails the test that tried."""

import ipaddress
import socket

import pytest

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex
_sendto, _getaddrinfo = socket.socket.sendto, socket.getaddrinfo


def is_here(host: object) -> bool:
    """Whether an address belongs to this machine: loopback, a wildcard, or nothing at all."""
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _require_here(family: int, address: object) -> None:
    if family in (socket.AF_INET, socket.AF_INET6) and not is_here(address[0]):
        _refuse(address[0])


def _refuse(host: object) -> None:
    # Not an OSError: code that copes with a broken network would swallow it.
    pytest.fail(f"A test tried to reach {host}. Tests use loopback only; put a local server or a fake in its place.")


def close() -> None:
    """Refuse whatever leaves the machine, in this process (a program that a test starts is not covered)."""

    def connect(self, address):
        _require_here(self.family, address)
        return _connect(self, address)

    def connect_ex(self, address):
        _require_here(self.family, address)
        return _connect_ex(self, address)

    def sendto(self, data, *rest):
        _require_here(self.family, rest[-1])
        return _sendto(self, data, *rest)

    def getaddrinfo(host, *rest, **options):
        if not is_here(host):
            _refuse(host)
        return _getaddrinfo(host, *rest, **options)

    socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto = connect, connect_ex, sendto
    socket.getaddrinfo = getaddrinfo


def reopen() -> None:
    """Undo `close`."""
    socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto = _connect, _connect_ex, _sendto
    socket.getaddrinfo = _getaddrinfo
