"""Texts in the reader's language. The message ids are the French texts; the other languages are Babel catalogues.

Catalogues are read from the .po files when they are first needed, so there is no build step to forget.
"""

import contextvars
import functools
import gettext as stdlib_gettext
import io
from contextlib import contextmanager
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import LazyProxy, Translations

SOURCE = "fr"
FOLDER = Path(__file__).resolve().parent.parent / "translations"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
NAMES = {"fr": "Français", "en": "English", "ar": "العربية"}

_language: contextvars.ContextVar[str] = contextvars.ContextVar("language", default=SOURCE)


class _French(stdlib_gettext.NullTranslations):
    """French is the source: a message is its own translation, and 0 is singular."""

    def ngettext(self, singular, plural, n):
        return singular if abs(n) < 2 else plural


@functools.cache
def catalogue(language: str) -> stdlib_gettext.NullTranslations:
    """The translations of a language; French where a text or the language is missing."""
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if language == SOURCE or not path.exists():
        return _French()
    with path.open("rb") as source:
        compiled = io.BytesIO()
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    translations = Translations(compiled)
    translations.add_fallback(_French())
    return translations


@functools.cache
def languages() -> tuple[str, ...]:
    """The languages that can be chosen: French, then those with a catalogue."""
    found = {path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/messages.po")}
    return (SOURCE, *sorted(found - {SOURCE}))


def current() -> str:
    """The language of whoever reads now."""
    return _language.get()


def direction(language: str | None = None) -> str:
    """`rtl` or `ltr`, for the page."""
    return "rtl" if (language or current()) in RIGHT_TO_LEFT else "ltr"


def activate(language: str | None) -> None:
    """Read and write in this language from here on (one request, one mail); an unknown one is French."""
    _language.set(language if language in languages() else SOURCE)


@contextmanager
def speaking(language: str | None):
    """Activate a language for a block: a mail is written in its reader's language, not its sender's."""
    token = _language.set(language if language in languages() else SOURCE)
    try:
        yield
    finally:
        _language.reset(token)


def _(message: str, **values: object) -> str:
    """The text in the reader's language; named values are put in after translation."""
    text = catalogue(_language.get()).gettext(message) if message else ""
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """The text for a number, by the language's own plural rule; `%(num)s` is the number."""
    text = catalogue(_language.get()).ngettext(singular, plural, num)
    return text % {"num": num, **values}


def lazy_(message: str, **values: object) -> LazyProxy:
    """A text translated each time it is shown (labels made at import)."""
    return LazyProxy(_, message, enable_cache=False, **values)


def file_size(size: int) -> str:
    """“1,4 Mo”, in the reader's way of writing numbers."""
    for limit, unit in ((1_000_000_000, _("Go")), (1_000_000, _("Mo")), (1000, _("ko"))):
        if size >= limit:
            return f"{format_decimal(size / limit, '#,##0.#', locale=current())}\u202f{unit}"
    return _("%(size)s\u202foctets", size=size)
