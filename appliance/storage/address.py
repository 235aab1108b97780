"""The address of a PostgreSQL database: whoever misreads where its password ends quotes it in the error."""

import re
import urllib.parse

from appliance.core.errors import ConfigError

UNREADABLE = (
    "the address of the database cannot be read. In its password, write %25 for %, %40 for @, %2F for /, %23 for #, "
    "%3F for ?, %3A for :, %5B for [ and %5D for ]"
)


def split(url: str) -> urllib.parse.SplitResult:
    """The parts of an address; ConfigError when its host and port are not where they should be."""
    try:
        parts = urllib.parse.urlsplit(url)
        _port = parts.port
    except ValueError:
        raise ConfigError(UNREADABLE) from None
    return parts


def require_plain(url: str) -> None:
    """ConfigError unless libpq reads the address as we do: it ends the password at the first @, and refuses a % that
    stands for itself."""
    if url.count("@") > 1 or "@" in url.replace(split(url).netloc, "", 1) or re.search("%(?![0-9A-Fa-f]{2})", url):
        raise ConfigError(UNREADABLE)
