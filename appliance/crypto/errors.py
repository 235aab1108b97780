"""Everything that cryptography can refuse, each with one meaning; none of the messages holds a secret."""

import enum


class Tampered(Exception):
    """What was read is not what was written under this key and this context; nothing of it may be used."""


class Busy(Exception):
    """The bounded pool of password workers is full; the caller answers "try again" and hashes nothing."""


class KeyFileProblem(enum.Enum):
    """Why a key file is refused; the screens word it."""

    MISSING = "missing"
    EXISTS = "exists"
    OPEN_TO_OTHERS = "open_to_others"
    WRONG_OWNER = "wrong_owner"
    NOT_A_FILE = "not_a_file"
    UNREADABLE = "unreadable"
    MALFORMED = "malformed"
    MISTYPED = "mistyped"
    NO_CREDENTIALS = "no_credentials"


class KeyFileError(Exception):
    """The key file can't be used as it stands; `remedy` is what the operator types or does next."""

    def __init__(self, problem: KeyFileProblem, path: str, message: str, remedy: str) -> None:
        super().__init__(f"{path}: {message}. {remedy}")
        self.problem = problem
        self.path = path
        self.remedy = remedy


class CodeProblem(enum.Enum):
    """Why a typed code is refused before it is even looked up."""

    LENGTH = "length"
    CHARACTER = "character"
    CHECK = "check"


class BadCode(ValueError):
    """A typed code that can't be a code of ours (too short, foreign character, mistyped)."""

    def __init__(self, problem: CodeProblem) -> None:
        super().__init__(f"not a code: {problem.value}")
        self.problem = problem


class NotCanonical(ValueError):
    """A value that has no canonical form here (a float, a huge integer, a lone surrogate…)."""
