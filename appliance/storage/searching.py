"""A search by name in SQL, as people search: neither capitals nor accents count, the same in both dialects.

SQLite knows capitals of ASCII only and PostgreSQL those of its locale; so each letter typed becomes the set of letters
that it stands for. A function of ours called for each row would be simpler, and would hold up every other request.
"""

import re
import unicodedata

import peewee

from appliance.storage import database


def _base(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0].casefold()


def _sets() -> dict[str, str]:
    """For each letter without accent, all that stand for it, as ranges of a few signs: a long list would be slow."""
    ranges: dict[str, list[list[str]]] = {}
    for letter in (chr(code) for code in (*range(0x41, 0x250), *range(0x1E00, 0x1F00)) if chr(code).isalpha()):
        known = ranges.setdefault(_base(letter), [])
        if known and ord(known[-1][1]) + 1 == ord(letter):
            known[-1][1] = letter
        else:
            known.append([letter, letter])
    return {
        base: "".join(first if first == last else f"{first}-{last}" for first, last in known)
        for base, known in ranges.items()
    }


_SAME = _sets()


def holds(text: peewee.Node, searched: str) -> peewee.Expression:
    """Whether a text of the database (NFC) holds what was typed, whatever the capitals and the accents of either."""
    if database.is_sqlite():
        return peewee.Expression(text, "GLOB", "*" + "".join(_set(sign) or _literal(sign) for sign in searched) + "*")
    return peewee.Expression(text, "~", "".join(_set(sign) or re.escape(sign) for sign in searched))


def _set(sign: str) -> str:
    if not sign.isalpha():
        return ""
    other = {sign, sign.lower(), sign.upper()}
    return "[" + (_SAME.get(_base(sign)) or "".join(sorted(each for each in other if len(each) == 1))) + "]"


def _literal(sign: str) -> str:
    return f"[{sign}]" if sign in "*?[" else sign
