"""A file's name is only something to show: no path, no control, no trap for the system that saves it."""

import re
import unicodedata
from urllib.parse import quote

from appliance.core.richtext import normalise
from appliance.services.media.kinds import KINDS, Kind

DEFAULT = "document"
MAX_CHARACTERS = 120
MAX_BYTES = 240  # most file systems take 255 bytes

_MAX_READ = 4096
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=\.|\Z)", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*]')
# Other endings that say a type: they are replaced where they disagree with the content; any other one is kept inside.
_OTHER_ENDINGS = """
    3gp 7z aac ai apk app avi avif bat bin bmp bz2 class cmd com cpl dll dmg doc docm dot dotm eml eps exe flac
    gz heic heif hta htm html ics ini iso jar js json jsp lnk m4b mht mkv mov mpeg mpg msg msi numbers odg ods
    ott pages php pif ppt pptm ps ps1 psd pub py rar reg rtf scr sh svg svgz swf tar tgz tif tiff url vbe vbs
    wma wmv wsf xhtml xls xlsb xlsm xml xps xz zip
"""
_ENDINGS = frozenset(_OTHER_ENDINGS.split()).union(*(kind.extensions for kind in KINDS.values()))


def clean_file_name(name: str | None, kind: Kind | None = None) -> str:
    """A name that is safe to show and to save, at most 120 characters; its extension agrees with `kind`."""
    name = normalise((name or "")[-_MAX_READ:]).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(" " if char.isspace() else char for char in name if _is_kept(char))
    name = " ".join(_FORBIDDEN.sub("_", name).split()).lstrip(". ").rstrip(". ")
    stem, extension = _split(name)
    if kind is not None and extension.lower() not in kind.extensions:
        if extension.lower() not in _ENDINGS:
            stem = name  # what follows the last dot is no type: `Sortie 12.05`
        extension = kind.extension
    stem = stem.strip(". ") or DEFAULT
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    ending = f".{extension.lower()}" if extension else ""
    return _shorten(stem, ending) + ending


def content_disposition(name: str, *, inline: bool = False) -> str:
    """The header that gives a download its name: ASCII for old readers, then UTF-8 (RFC 6266 §4.3, RFC 8187 §3.2)."""
    name = clean_file_name(name)
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    ascii_name = re.sub(r"[^\w .,()+=@-]", "_", ascii_name).strip() or DEFAULT
    if ascii_name.startswith("."):
        ascii_name = DEFAULT + ascii_name
    header = f'{"inline" if inline else "attachment"}; filename="{ascii_name}"'
    return header if ascii_name == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"


def _is_kept(char: str) -> bool:
    """No control, invisible or private character; joiners and selectors of emoji go too."""
    return char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co")


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if dot and re.fullmatch(r"[A-Za-z0-9]{1,10}", extension):
        return stem, extension
    return name, ""


def _shorten(stem: str, ending: str) -> str:
    room = MAX_CHARACTERS - len(ending)
    short = stem[:room]
    while len((short + ending).encode()) > MAX_BYTES:
        short = short[:-1]
    if short != stem:
        while short and unicodedata.combining(stem[len(short)]):  # never half a letter
            short = short[:-1]
    return short.rstrip(". ") or DEFAULT
