"""Values of cells: a date, a yes or no, a number; what cannot be read is None and reported, never guessed."""

import re
from datetime import date

from appliance.services.roster.matching import header_key, phone_key

YES = frozenset({"oui", "o", "yes", "y", "vrai", "true", "1", "x"})
NO = frozenset({"non", "n", "no", "faux", "false", "0"})
GENDERS = {"f": "F", "fille": "F", "feminin": "F", "h": "M", "m": "M", "garcon": "M", "masculin": "M"}
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?", re.ASCII)
_FRENCH = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?: \d{2}:\d{2}(?::\d{2})?)?", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2}", re.ASCII)
_LOST_ZERO = re.compile(r"[1-9](?:\D*\d){8}\D*", re.ASCII)
_INE = re.compile(r"\d{9}[A-Z0-9]{2}|\d{10}[A-Z]|\d{4}[A-Z0-9]{7}", re.ASCII)
_EMAIL = re.compile(r"[^\s@\"<>(),:;\\\[\]]{1,64}@[^\s@\"<>(),:;\\\[\]_]{1,190}\.[^\s@\"<>(),:;\\\[\].\d_-]{2,}")


def read_date(text: str) -> tuple[date | None, str | None]:
    """(date, None) for yyyy-mm-dd or dd/mm/yyyy, else (None, kind of problem); two-digit years are not guessed."""
    if not text:
        return None, None
    iso, french = _ISO.fullmatch(text), _FRENCH.fullmatch(text)
    if iso:
        year, month, day = map(int, iso.groups())
    elif french:
        day, month, year = map(int, french.groups())
    else:
        return None, "short_year" if _SHORT_YEAR.fullmatch(text) else "bad_date"
    try:
        found = date(year, month, day)
    except ValueError:
        return None, "bad_date"
    return (found, None) if 1900 <= year <= 2199 else (None, "bad_date")


def read_flag(text: str) -> tuple[bool | None, bool]:
    """(True, False or None, understood): an empty cell is understood and says nothing."""
    key = header_key(text)
    if key in YES:
        return True, True
    if key in NO:
        return False, True
    return None, not text


def read_gender(text: str) -> tuple[str, bool]:
    """(F, M or nothing, understood)."""
    found = GENDERS.get(header_key(text), "")
    return found, bool(found) or not text


def read_ine(text: str) -> tuple[str | None, bool]:
    """(INE of eleven signs, understood); blanks inside are typing, anything else is not repaired."""
    ine = re.sub(r"\s", "", text).upper()
    if not ine:
        return None, True
    return (ine, True) if _INE.fullmatch(ine) else (None, False)


def read_email(text: str) -> tuple[str, bool]:
    """(address as written, understood)."""
    return (text, True) if not text or _EMAIL.fullmatch(text) else ("", False)


def read_postal_code(text: str, country: str) -> tuple[str, bool]:
    """(code, whole as written): a French code of four digits has lost its zero to a spreadsheet, and has it back."""
    lost = re.fullmatch(r"\d{4}", text, re.ASCII) and header_key(country) in ("", "france")
    return ("0" + text, False) if lost else (text, True)


def read_phone(text: str) -> tuple[str, bool]:
    """(number as written, understood): six digits at least, little else; of nine, a spreadsheet has taken the zero."""
    if not text:
        return "", True
    ok = bool(phone_key(text)) and len(text) <= 30 and re.fullmatch(r"[\d\s+().\-/]+", text, re.ASCII) is not None
    return (text, True) if ok and not _LOST_ZERO.fullmatch(text) else ("", False)
