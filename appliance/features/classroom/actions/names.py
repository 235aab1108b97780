"""When two names are the same to a school: case, accents, blanks and hyphens do not count."""

import unicodedata


def fold(name: str) -> str:
    """The form of a name under which it is compared."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(sign if sign.isalnum() else " " for sign in plain if not unicodedata.combining(sign))
    return " ".join(letters.split())
