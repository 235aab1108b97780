"""A person's password: one bounded pool computes every hash, and every refusal is said in words.

Hashing happens before a transaction, never inside: the single writer would wait for it.
"""

from collections.abc import Iterable

from appliance.core.config import Security
from appliance.core.errors import Refused, Unavailable
from appliance.core.i18n import lazy_
from appliance.crypto import passwords
from appliance.crypto.errors import Busy
from appliance.crypto.passwords import MAX_LENGTH, MIN_LENGTH, PasswordProblem

_hasher = passwords.Hasher()

WORDS = {
    PasswordProblem.TOO_SHORT: lazy_(
        "Ce mot de passe est trop court\u202f: il en faut au moins %(least)s caractères. "
        "Une petite phrase convient très bien.",
        least=MIN_LENGTH,
    ),
    PasswordProblem.TOO_LONG: lazy_(
        "Ce mot de passe est trop long\u202f: %(most)s caractères au plus.", most=MAX_LENGTH
    ),
    PasswordProblem.UNREADABLE: lazy_(
        "Ce mot de passe contient un signe invisible. Tapez-le au clavier plutôt que de le coller."
    ),
    PasswordProblem.REPEATED: lazy_(
        "Ce mot de passe répète toujours la même chose\u202f: il serait vite deviné. "
        "Choisissez plusieurs mots sans lien."
    ),
    PasswordProblem.SEQUENCE: lazy_(
        "Ce mot de passe suit les touches du clavier, l’alphabet ou les chiffres\u202f: il serait vite deviné. "
        "Choisissez plusieurs mots sans lien."
    ),
    PasswordProblem.CONTEXT: lazy_(
        "Ce mot de passe contient surtout votre nom, celui de l’école ou votre adresse\u202f: quelqu’un qui vous "
        "connaît le devinerait. Choisissez plusieurs mots sans lien."
    ),
    PasswordProblem.COMMON: lazy_(
        "Ce mot de passe est l’un des plus utilisés\u202f: il serait vite deviné. Choisissez plusieurs mots sans lien."
    ),
}


def configure(limits: Security) -> None:
    """Build the pool with the configured number of workers and places; the old one finishes and stops."""
    global _hasher
    old, _hasher = _hasher, passwords.Hasher(limits.hashing_workers, limits.hashing_queue)
    old.close()


def verify(stored: str, password: str) -> bool:
    """Whether this is the password; the same work for an empty hash; Unavailable when the pool is full."""
    try:
        return _hasher.verify(stored or None, password)
    except Busy:
        raise Unavailable() from None


def make_hash(password: str, about: Iterable[str] = (), *, field: str = "password") -> str:
    """The hash of a new password that the rule accepts, else Refused on `field`; `about` are the person's words."""
    problem = passwords.check_password(password, [word for word in about if word])
    if problem is not None:
        raise Refused(WORDS[problem], field=field)
    return rehash(password)


def rehash(password: str) -> str:
    """A hash with today's parameters, of a password that was already accepted."""
    try:
        return _hasher.hash(password)
    except Busy:
        raise Unavailable() from None


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return passwords.needs_rehash(stored)
