"""What changed between two texts, word by word, at a bounded cost.

Nothing is invented or lost: the same and removed pieces are the old text, the same and added pieces the new one.
"""

import re
from collections import Counter
from difflib import SequenceMatcher

SAME, ADDED, REMOVED = "same", "added", "removed"

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_INSIDE_WORD = re.compile(r"\S\S")
_INSIDE_LINE = re.compile(r"[^\n]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+\Z")
# difflib looks at every pair of equal words at each step: this many keep the worst text under half a second.
_MAX_WORDS = 6000
_MAX_PAIRS = 30_000


def list_changes(old: str, new: str) -> list[tuple[str, str]]:
    """The pieces of both texts in reading order, each (`same` | `removed` | `added`, text); what was removed first.

    Word by word; line by line where that would cost too much; beyond that, the whole middle is replaced.
    """
    for pattern, inside in ((_WORDS, _INSIDE_WORD), (_LINES, _INSIDE_LINE)):
        start, middle_old, middle_new, end = _split_common(old, new, inside)
        pieces = _compare(pattern.findall(middle_old), pattern.findall(middle_new))
        if pieces is not None:
            break
    else:
        start, middle_old, middle_new, end = _split_common(old, new, _INSIDE_WORD)
        pieces = [(REMOVED, middle_old), (ADDED, middle_new)]
    return _merge([(SAME, start), *pieces, (SAME, end)])


def _compare(before: list[str], after: list[str]) -> list[tuple[str, str]] | None:
    if len(before) + len(after) > _MAX_WORDS:
        return None
    counts = Counter(after)
    if sum(counts[token] for token in before if not token.isspace()) > _MAX_PAIRS:
        return None
    return _match(before, after)


def _match(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    matcher = SequenceMatcher(str.isspace, before, after, autojunk=False)
    pieces = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            pieces.append((SAME, "".join(before[i1:i2])))
        else:
            pieces += [(REMOVED, "".join(before[i1:i2])), (ADDED, "".join(after[j1:j2]))]
    return pieces


def _merge(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one kind become one piece; a space alone between two changes belongs to both of them."""
    merged: list[list[str]] = [[SAME, ""]]
    removed = added = ""
    pieces = [piece for piece in pieces if piece[1]]
    for index, (kind, text) in enumerate(pieces):
        between = (removed or added) and index + 1 < len(pieces)
        if kind != SAME or (between and text.isspace() and "\n" not in text):
            removed += text if kind != ADDED else ""
            added += text if kind != REMOVED else ""
        elif removed or added:
            merged += [[REMOVED, removed], [ADDED, added], [SAME, text]]
            removed = added = ""
        else:
            merged[-1][1] += text
    merged += [[REMOVED, removed], [ADDED, added]]
    return [(kind, text) for kind, text in merged if text]


def _split_common(old: str, new: str, inside: re.Pattern) -> tuple[str, str, str, str]:
    """What both begin with, the two middles, what both end with; never cut `inside` a word (or a line)."""
    start = _common_length(old, new)
    while start and (_cuts(inside, old, start) or _cuts(inside, new, start)):
        start -= 1
    rest_old, rest_new = old[start:], new[start:]
    end = _common_length(rest_old[::-1], rest_new[::-1])
    while end and (_cuts(inside, rest_old, len(rest_old) - end) or _cuts(inside, rest_new, len(rest_new) - end)):
        end -= 1
    return (
        old[:start],
        rest_old[: len(rest_old) - end],
        rest_new[: len(rest_new) - end],
        rest_old[len(rest_old) - end :],
    )


def _cuts(inside: re.Pattern, text: str, at: int) -> bool:
    return 0 < at < len(text) and inside.match(text, at - 1) is not None


def _common_length(old: str, new: str) -> int:
    """How many characters both begin with, by halving: slices are compared in C, characters are not."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
