"""Identifiers that the server makes for whoever opens an account: nobody can ask for a taken one, so none is told."""

import re
import secrets
import unicodedata

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_PART = 60


def make_identifier(first_name: str, last_name: str, digits: int = 4) -> str:
    """Names without accents, then random digits, as in marc.lefort.4821; it may be taken: the writer tries again."""
    parts = [part for part in (_plain(first_name), _plain(last_name)) if part] or ["compte"]
    return f"{'.'.join(parts)}.{secrets.randbelow(10**digits):0{digits}d}"


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    letters = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return re.sub("[^a-z0-9]+", "-", letters)[:_PART].strip("-")
