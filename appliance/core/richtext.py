"""Formatted text: a few Markdown marks become HTML, everything else stays the literal text that was typed.

Two locks stand between a text and the page: a parser that knows only bold, italic, lists, links and line breaks,
then an allow-list over what it produced. The cost is linear in the length, whatever was typed.
"""

import re
import threading
import unicodedata

import bleach
from markdown_it import MarkdownIt
from markdown_it.rules_inline import emphasis
from markupsafe import Markup

from appliance.core.errors import Refused
from appliance.core.i18n import _

# Whoever stores rendered HTML stores this number beside it, and renders again when it changes.
RENDER_VERSION = 2
SCHEMES = ("http", "https", "mailto", "tel")
TAGS = ("p", "br", "strong", "em", "ul", "ol", "li", "a")
ATTRIBUTES = {"a": ["href", "rel"], "ol": ["start"]}
REL = "noopener noreferrer nofollow"

# Per paragraph. The parser's emphasis is quadratic (Debian 12's version) in the marks that open nothing.
_MAX_MARKS = 200
_MAX_COMBINING = 8
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_SEPARATOR = re.compile(r"[ \t]*([-*+])(?:[ \t]+\1)+[ \t]*\Z")
_SCHEME_BEFORE = re.compile(r"(?<![0-9a-z])https?\Z", re.IGNORECASE)
_URL_REST = re.compile(r"://[^\W_][^\s<>\"\[\]*`|\\^{}«»“”]*")
_WWW = re.compile(r"(?<![\w./@-])www\.[^\W_][^\s<>\"\[\]*`|\\^{}«»“”]*\.[^\s<>\"\[\]*`|\\^{}«»“”]+", re.IGNORECASE)
_LINK_START = re.compile(r"(?:https?://|mailto:|tel:)[^\s]", re.IGNORECASE)
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_BIDI = "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides, isolates; the two marks that Arabic needs stay
_UNENCODABLE = "\ufeff\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_UNWANTED = re.compile(f"[{_CONTROLS}{_BIDI}{_UNENCODABLE}]")
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028\u2029]")
_LONG_RUN = re.compile(f"[\u0300-\U0010ffff]{{{_MAX_COMBINING + 1},}}")


def _limit_combining(run: re.Match) -> str:
    kept, marks = [], 0
    for char in run.group():
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MAX_COMBINING:
            kept.append(char)
    return "".join(kept)


def normalise(text: str) -> str:
    """NFC, LF line ends, no control, bidirectional-override or unencodable character, at most 8 marks on a letter.

    Marks are counted first because NFC is quadratic in them (UAX #15, Stream-Safe Text Format, bounds them too).
    """
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    return text if text.isascii() else unicodedata.normalize("NFC", _LONG_RUN.sub(_limit_combining, text))


def clean_input(text: str | None, *, limit: int, field: str | None = None) -> str:
    """What a person typed, normalised and trimmed; longer than `limit` characters is refused, never cut."""
    text = normalise(text or "").strip()
    if len(text) > limit:
        raise Refused(
            _(
                "Ce texte est trop long : %(count)s caractères, pour %(limit)s au plus. "
                "Rien n’a été envoyé : raccourcissez-le, puis recommencez.",
                count=len(text),
                limit=limit,
            ),
            field=field,
        )
    return text


def render(text: str) -> Markup:
    """The HTML of a formatted text: allowed tags only, links only to http, https, mailto and tel."""
    html = _tools.parser.renderer.render(_parse(text), _tools.parser.options, {})
    return Markup(_tools.cleaner.clean(html).strip())  # noqa: S704 - the line that the allow-list exists for


def plain(text: str, *, links: bool = True) -> str:
    """The text without its marks, for mails and notifications; a link's address follows its words."""
    pieces, lists = [], []
    for token in _parse(text):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(int(token.attrGet("start") or 1) if token.type == "ordered_list_open" else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
            _end_line(pieces, blank=not lists)
        elif token.type == "list_item_open":
            pieces.append("  " * (len(lists) - 1) + ("- " if lists[-1] is None else f"{lists[-1]}. "))
            lists[-1] = None if lists[-1] is None else lists[-1] + 1
        elif token.type in ("paragraph_close", "list_item_close"):
            _end_line(pieces, blank=not lists)
        elif token.type == "inline":
            pieces.append(_plain_inline(token.children or [], links))
    return "".join(pieces).strip()


def _end_line(pieces: list[str], *, blank: bool) -> None:
    """End the line that is open, once; with a blank line after it where a new paragraph begins."""
    if pieces and pieces[-1] not in ("\n", "\n\n"):
        pieces.append("\n\n" if blank else "\n")
    elif blank and pieces:
        pieces[-1] = "\n\n"


def excerpt(text: str, length: int) -> str:
    """The beginning on one line, at most `length` characters, cut between two words where there is one."""
    words = " ".join(plain(text, links=False).split())
    if len(words) <= length:
        return words
    cut = words[: max(length - 1, 0)]
    if words[len(cut)] != " " and cut.rfind(" ") > length // 2:
        cut = cut[: cut.rfind(" ")]
    while cut and (unicodedata.combining(words[len(cut)]) or words[len(cut)] in "\u200d\ufe0f" or cut[-1] in " \u200d"):
        cut = cut[:-1]
    return f"{cut.rstrip(' ,;:.')}…"


def _plain_inline(children: list, links: bool) -> str:
    pieces, opened = [], None
    for token in children:
        if token.type == "text":
            pieces.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            pieces.append("\n")
        elif token.type == "link_open":
            opened = (len(pieces), token.meta.get("typed") or token.attrGet("href"))
        elif token.type == "link_close" and opened:
            start, address = opened
            words, opened = "".join(pieces[start:]), None
            bare = address.split(":", 1)[1] if address.startswith(("mailto:", "tel:")) else address
            if links and words.strip() not in (address, bare):
                pieces.append(f" ({bare})")
    return "".join(pieces)


class _Tools(threading.local):
    """One parser and one cleaner per thread: bleach's Cleaner keeps state while it works."""

    def __init__(self):
        self.parser = _make_parser()
        self.cleaner = bleach.Cleaner(tags=TAGS, attributes=ATTRIBUTES, protocols=SCHEMES, strip=True)


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False, "breaks": True, "maxNesting": 20})
    parser.enable(["list", "emphasis", "link", "newline", "escape"])
    parser.inline.ruler.at("emphasis", _bounded_emphasis)
    parser.inline.ruler.after("text", "bare_url", _bare_url)
    parser.validateLink = lambda url: bool(_LINK_START.match(url))
    return parser


def _parse(text: str) -> list:
    tokens = _tools.parser.parse(_separate_lists(text))
    for token in tokens:
        if token.type == "inline":
            token.children = _finish_links(token.children or [])
    return tokens


def _separate_lists(text: str) -> str:
    """End a list at the first line that is not indented: people don't leave the blank line that Markdown wants.

    A line of nothing but marks, `* * *`, is a line that someone drew.
    """
    lines, in_list = [], False
    for line in text.expandtabs(4).split("\n"):
        if _SEPARATOR.match(line):
            lines += ["", f"\\{line.strip()}"] if in_list else [f"\\{line.strip()}"]
            in_list = False
        elif _ITEM.match(line):
            lines.append(line if in_list else line.lstrip())
            in_list = True
        elif in_list and (not line.strip() or line.startswith(" ")):
            lines.append(line)
        else:
            if in_list and lines[-1].strip():
                lines.append("")
            in_list = False
            lines.append(line.strip())
    return "\n".join(lines)


def _bounded_emphasis(state, silent: bool) -> bool:
    """The library's rule, except that these are literal: a run over three marks, a mark past the first 200, a single
    star inside a word, a number (2*3*4) or brackets."""
    marker = state.src[state.pos]
    if silent or marker not in "*_":
        return False
    length = state.scanDelims(state.pos, marker == "*").length
    if length <= 3 and len(state.delimiters) < _MAX_MARKS and not (length == 1 and _is_plain_star(state)):
        return emphasis.tokenize(state, silent)
    state.pending += marker * length
    state.pos += length
    return True


def _is_plain_star(state) -> bool:
    around = state.src[max(0, state.pos - 1) : state.pos + 2]
    return len(around) == 3 and around[1] == "*" and (around == "(*)" or (around[0] + around[2]).isalnum())


def _trim_url(url: str) -> str:
    """Leave out the punctuation of the sentence around an address, and a bracket that it doesn't open."""
    opened, closed, end = url.count("("), url.count(")"), len(url)
    while end and (url[end - 1] in ".,;:!?'’…_~" or (url[end - 1] == ")" and closed > opened)):
        closed -= url[end - 1] == ")"
        end -= 1
    return url[:end]


def _bare_url(state, silent: bool) -> bool:
    """An address typed as it is becomes a link; at the colon, because the text before it is already read."""
    if state.src[state.pos] != ":":
        return False
    scheme = _SCHEME_BEFORE.search(state.src[max(0, state.pos - 6) : state.pos])
    rest = scheme and _URL_REST.match(state.src, state.pos, state.posMax)
    if not rest:
        return False
    rest = _trim_url(rest.group())
    scheme = scheme.group()
    if len(rest) < 4 or not (silent or state.pending.endswith(scheme)):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme)]
        _push_link(state, scheme + rest)
    state.pos += len(rest)
    return True


def _push_link(state, url: str) -> None:
    opening = state.push("link_open", "a", 1)
    opening.attrs = {"href": state.md.normalizeLink(url)}
    opening.meta = {"typed": url}
    state.push("text", "", 0).content = url
    state.push("link_close", "a", -1)


def _finish_links(children: list) -> list:
    """No link within a link, `rel` on each, and `www.` addresses in the text outside links become links."""
    done, depth = [], 0
    for token in children:
        if token.type == "link_open":
            depth += 1
            if depth == 1:
                token.attrs = {"href": token.attrGet("href"), "rel": REL}
                done.append(token)
        elif token.type == "link_close":
            depth -= 1
            if depth == 0:
                done.append(token)
        elif token.type == "text" and not depth and "www." in token.content.lower():
            done.extend(_split_www(token))
        else:
            done.append(token)
    return done


def _split_www(token) -> list:
    make, pieces, position = type(token), [], 0
    for found in _WWW.finditer(token.content):
        url = _trim_url(found.group())
        href = _tools.parser.normalizeLink(f"https://{url}")
        pieces += [
            make("text", "", 0, content=token.content[position : found.start()]),
            make("link_open", "a", 1, attrs={"href": href, "rel": REL}, meta={"typed": url}),
            make("text", "", 0, content=url),
            make("link_close", "a", -1),
        ]
        position = found.start() + len(url)
    return [*pieces, make("text", "", 0, content=token.content[position:])]


_tools = _Tools()
