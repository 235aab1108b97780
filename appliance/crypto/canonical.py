"""Canonical JSON (RFC 8785) of what the journal writes: integers and text only, one byte form per value."""

from json.encoder import JSONEncoder, encode_basestring

from appliance.crypto.errors import NotCanonical

_MAX_INTEGER = 2**53 - 1
_LITERALS = {True: "true", False: "false"}
_TEXTS = JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode


def canonical_bytes(value: object) -> bytes:
    """Give the only byte form of a value made of dict, list, str, int, bool and None; else NotCanonical.

    Floats are refused whatever their value: their text form differs between languages too easily for a journal.
    """
    output: list[str] = []
    try:
        _write(value, output.append)
        return "".join(output).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("text holds a lone surrogate") from error
    except RecursionError as error:
        raise NotCanonical("value is nested too deeply") from error


def _write(value, emit) -> None:
    kind = type(value)
    if kind is str:
        # Escapes exactly what RFC 8785 §3.2.2.2 wants: quote, backslash and controls, short forms first.
        emit(encode_basestring(value))
    elif kind is int:
        if not -_MAX_INTEGER <= value <= _MAX_INTEGER:
            raise NotCanonical("integer is beyond ±(2^53 − 1), which JSON readers would round")
        emit(str(value))
    elif kind is dict:
        _write_object(value, emit)
    elif kind is list or kind is tuple:
        emit("[")
        for index, item in enumerate(value):
            if index:
                emit(",")
            _write(item, emit)
        emit("]")
    elif kind is bool:
        emit(_LITERALS[value])
    elif value is None:
        emit("null")
    else:
        raise NotCanonical(f"{kind.__name__} has no canonical form here")


def _write_object(value: dict, emit) -> None:
    for key in value:
        if type(key) is not str:
            raise NotCanonical("keys are text")
    # RFC 8785 §3.2.3 orders by UTF-16 code units, which differs from Python's order beyond the basic plane.
    plain = all(map(str.isascii, value))
    if plain and all(type(item) is str for item in value.values()):
        emit(_TEXTS(value))  # the same bytes, from the library's own loop
        return
    ordered = sorted(value) if plain else sorted(value, key=_utf16)
    separator = "{"
    for key in ordered:
        emit(separator)
        emit(encode_basestring(key))
        emit(":")
        _write(value[key], emit)
        separator = ","
    emit("}")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
