"""Names are compared without accents, case, hyphens, apostrophes and double blanks, and kept as they are written."""

import re
import unicodedata

# Letters that Unicode does not decompose; ONDE's ISO-8859-1 has no œ and writes oe.
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"})
_JOINERS = re.compile(r"[-_'`´’‘ʼʹ′‐‑‒–—―−\s|]+")
_HONORIFICS = {"M": "M", "MR": "M", "MONSIEUR": "M", "MME": "F", "MLLE": "F", "MADAME": "F", "MADEMOISELLE": "F"}


def name_key(text: str) -> str:
    """The comparable form of a name; empty only where nothing visible is written."""
    plain = _fold(text)
    return _JOINERS.sub(" ", plain).strip() or plain.strip()


def class_key(text: str) -> str:
    """The comparable form of a class name: as a name, so that « CE1-A » and « ce1 a » are one class."""
    return name_key(text)


def header_key(text: str) -> str:
    """The comparable form of a column title: letters and digits only, so that « Né(e) le » is `neele`."""
    return "".join(char for char in _fold(text) if char.isalnum())


def person_key(last_name: str, first_name: str, *rest: str) -> str:
    """One string for several names, comparable as a whole."""
    return "|".join(name_key(part) for part in (last_name, first_name, *rest))


def address_key(*parts: str) -> str:
    """The comparable form of a postal address; punctuation does not make two addresses."""
    return " ".join(re.sub(r"[^\w]+", " ", name_key(part)).strip() for part in parts).strip()


def civility_key(text: str) -> str:
    """M, F, or nothing where the file does not say."""
    return _HONORIFICS.get(re.sub(r"[^A-Z]", "", text.upper()), "")


def phone_key(number: str) -> str:
    """The digits of a number, French prefixes made equal; empty where there are too few to call anyone."""
    digits = re.sub(r"\D", "", re.sub(r"^\s*(\+|00)\s*33\s*(\(0\))?", "0", number))
    return digits if len(digits) >= 6 else ""


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    kept = (c for c in folded if not "\u0300" <= c <= "\u036f" and unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", "".join(kept))
