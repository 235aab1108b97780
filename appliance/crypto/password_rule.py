"""Which passwords are refused (design 3.6): too short, known to everyone, or guessed from who the person is.

Length is the only demand; there is no rule about kinds of characters. The wording for people lives elsewhere.
"""

import enum
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

MIN_LENGTH = 12
MAX_LENGTH = 256
_LONGEST_REPEATED_UNIT = 4
_SHORTEST_RUN = 4
_FREE_CHARACTERS = 3
_LONGEST_DATE = 8
_SEQUENCES = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn,;:!",
    "qwertyuiop",
    "asdfghjkl;",
    "zxcvbnm,./",
    "qwertzuiop",
    "&é\"'(-è_çà)=",
    "!@#$%^&*()_+",
    "aqwzsxedcrfvtgbyhnuj",
    "qazwsxedcrfvtgbyhnuj",
    "1q2w3e4r5t6y7u8i9o0p",
    "1a2z3e4r5t6y7u8i9o0p",
    "a1b2c3d4e5f6g7h8i9j0",
)
_DISGUISES = str.maketrans("01345789@$!€", "oieastbgasie")
# Words that stand beside a name without adding a secret: "EcoleJeanJaures", "marie.dupont@orange.fr".
_GLUE = frozenset(
    "preau ecole maternelle elementaire primaire groupe scolaire classe college lycee carnet liaison de du des la le"
    " les et saint sainte st ste monsieur madame mme mr papa maman famille cp ce ce1 ce2 cm cm1 cm2 ps ms gs fr com org"
    " net www http https gmail orange wanadoo free sfr laposte hotmail outlook yahoo icloud ac gouv education".split()
)
_SIGNS = " !?.,;:*-_+&#/()\"'=@$€%<>^~"
_DIGITS = "0123456789"


class PasswordProblem(enum.Enum):
    """Why a password is refused; the screens word it."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"
    REPEATED = "repeated"
    SEQUENCE = "sequence"
    CONTEXT = "context"
    COMMON = "common"


def check_password(password: str, context_words: Iterable[str] = ()) -> PasswordProblem | None:
    """Give the reason to refuse a new password, or None; `context_words` are the person's names, e-mail and schools."""
    if len(password) > 4 * MAX_LENGTH:
        return PasswordProblem.TOO_LONG
    password = unicodedata.normalize("NFC", password)
    if len(password) < MIN_LENGTH:
        return PasswordProblem.TOO_SHORT
    if len(password) > MAX_LENGTH:
        return PasswordProblem.TOO_LONG
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        return PasswordProblem.UNREADABLE
    lowered = password.casefold()
    if _is_repeated(lowered):
        return PasswordProblem.REPEATED
    if _is_sequence(lowered):
        return PasswordProblem.SEQUENCE
    cores = _cores(password)
    words = _context_tokens(context_words)
    if any(_is_made_of(core, words) for core in cores):
        return PasswordProblem.CONTEXT
    if any(_is_common(core) for core in cores):
        return PasswordProblem.COMMON
    return None


@cache
def blocklist() -> frozenset[str]:
    """Give the known passwords and words, folded; a password that is one of them with digits around it is refused."""
    text = files(__package__).joinpath("blocklist.txt").read_text("utf-8")
    return frozenset(_fold(line) for line in text.splitlines() if line and not line.startswith("#"))


def _is_repeated(text: str) -> bool:
    """Say whether a unit of one to four characters, repeated, gives the text."""
    return any(text == (text[:unit] * len(text))[: len(text)] for unit in range(1, _LONGEST_REPEATED_UNIT + 1))


def _is_sequence(text: str) -> bool:
    """Say whether runs along a keyboard, the digits or the alphabet make up all but three characters of the text."""
    free = at = 0
    while at < len(text):
        run = _run_length(text, at)
        if run < _SHORTEST_RUN:
            run = 1
            free += 1
        at += run
    return free <= _FREE_CHARACTERS


def _run_length(text: str, start: int) -> int:
    longest = 0
    for sequence in _sequences_both_ways():
        end = start + max(longest, _SHORTEST_RUN - 1)
        while end < len(text) and text[start : end + 1] in sequence:
            end += 1
            longest = end - start
    return longest


@cache
def _sequences_both_ways() -> tuple[str, ...]:
    return _SEQUENCES + tuple(sequence[::-1] for sequence in _SEQUENCES)


def _cores(password: str) -> set[str]:
    """Give what remains of a password without its decoration: as typed, without digits, and with disguises undone."""
    plain = _fold(password)
    letters = re.sub(r"[0-9]", "", plain)
    if len(plain) - len(letters) > _LONGEST_DATE:
        letters = ""
    # Around a word, signs and digits are decoration; inside and at its end they may stand for letters (m0td3p4ss3).
    undisguised = {_fold(password.strip(around).translate(_DISGUISES)) for around in (_SIGNS, _SIGNS + _DIGITS)}
    return {core for core in (plain, letters, *undisguised) if core}


def _is_common(core: str) -> bool:
    known = blocklist()
    if core in known:
        return True
    return any(
        len(core) % unit == 0 and core[:unit] in known and core == core[:unit] * (len(core) // unit)
        for unit in range(3, len(core) // 2 + 1)
    )


def _context_tokens(context_words: Iterable[str]) -> frozenset[str]:
    tokens = set()
    for text in context_words:
        parts = [_fold(part) for part in re.split(r"[\W_]+", text)]
        tokens.update(part for part in parts if len(part) > 1)
        tokens.update(part[0] for part in parts if part)
        tokens.add(_fold(text))
    tokens.discard("")
    return frozenset(tokens)


def _is_made_of(core: str, words: frozenset[str]) -> bool:
    """Say whether the text is nothing but context words, initials and glue, with at least one whole word of three."""
    # Each position that can be reached keeps whether a whole word was used on the way.
    reached: dict[int, bool] = {0: False}
    tokens = words | _GLUE
    lengths = sorted({len(token) for token in tokens})
    for at in range(len(core)):
        if at not in reached:
            continue
        for length in lengths:
            if core[at : at + length] in tokens and at + length <= len(core):
                reached[at + length] = reached.get(at + length, False) or reached[at] or length >= 3
    return reached.get(len(core), False)


def _fold(text: str) -> str:
    """Reduce to lower-case letters and digits without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalnum())
