"""Bytes become text: UTF-8 where they are UTF-8, else the Western encoding they show; other formats are named."""

import re

from appliance.services.roster.problems import RosterRefused

_MAGIC = (
    (b"%PDF", "is_pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is_old_excel"),
    (b"\x1f\x8b", "is_archive"),
    (b"7z\xbc\xaf\x27\x1c", "is_archive"),
    (b"Rar!", "is_archive"),
    (b"{\\rtf", "is_word"),
    (b"\x89PNG", "is_binary"),
    (b"\xff\xd8\xff", "is_binary"),
    (b"GIF8", "is_binary"),
    (b"\x7fELF", "is_binary"),
    (b"SQLite format 3", "is_binary"),
)
_ZIPPED = (
    (b"application/vnd.oasis.opendocument.spreadsheet", "is_opendocument"),
    (b"xl/", "is_excel"),
    (b"word/", "is_word"),
)
_TEXT = ((b"<!doctype html", "is_web_page"), (b"<html", "is_web_page"), (b"<", "is_xml"))
# Bytes whose meaning tells ISO-8859-15 from -1 when they stand in a word: Œ œ Ÿ there, fractions here.
_LATIN_9 = re.compile(rb"[A-Za-z\xc0-\xff][\xbc-\xbe]|[\xbc-\xbe][A-Za-z\xc0-\xff]")


def read_text(data: bytes, file: str, limit: int) -> tuple[str, str]:
    """The text of a file and its encoding; RosterRefused where it is empty, too large or not text."""
    if len(data) > limit:
        raise RosterRefused("too_large", file, size=limit // (1024 * 1024))
    refuse_other_formats(data, file)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").removeprefix("\ufeff"), "utf-16"
    if not data.strip(b' \t\r\n\xef\xbb\xbf;,"'):
        raise RosterRefused("is_empty", file)
    head = data[:4096]
    if head.count(0) * 10 > len(head):
        raise RosterRefused("is_binary", file)
    return _decode(data)


def refuse_other_formats(data: bytes, file: str) -> None:
    """Say what a file is when it is evidently not delimited text, and what to do with it."""
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise RosterRefused(next((kind for mark, kind in _ZIPPED if mark in data), "is_archive"), file)
    for mark, kind in _MAGIC:
        if data.startswith(mark):
            raise RosterRefused(kind, file)
    beginning = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, kind in _TEXT:
        if beginning.startswith(mark):
            raise RosterRefused(kind, file)


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith(b"\xef\xbb\xbf"):
        return data[3:].decode("utf-8", "replace"), "utf-8-sig"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if _is_damaged_utf8(data, error):
            return data.decode("utf-8", "replace"), "utf-8"
    if re.search(rb"[\x80-\x9f]", data):
        try:
            return data.decode("cp1252"), "cp1252"
        except UnicodeDecodeError:
            return data.decode("iso-8859-1"), "iso-8859-1"
    encoding = "iso-8859-15" if _LATIN_9.search(data) else "iso-8859-1"
    return data.decode(encoding), encoding


def _is_damaged_utf8(data: bytes, error: UnicodeDecodeError) -> bool:
    """Cut inside its last character, or with a few bad bytes among many good ones: still UTF-8, and it is reported."""
    if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
        return not data[: error.start].isascii()
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return good >= 9 * bad
