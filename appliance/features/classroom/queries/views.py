"""People of a class as its pages show them; row ids stay inside, public ids go into addresses."""

from dataclasses import dataclass
from datetime import date, datetime

from appliance.school.policy import tint
from appliance.services.people.children import Contact


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = name.split()
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else ""


class Marked:
    """Someone with a name and a public id, shown by initials on a steady colour."""

    @property
    def initials(self) -> str:
        """Two letters for the mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class Adult(Marked):
    """A guardian of a pupil as the staff sees them. `state` is joined, invited or none (no account, no letter yet)."""

    id: int
    public_id: str
    name: str
    civility: str
    kinship: str
    authority: str
    guardianship_id: int
    state: str
    document_reference: str = ""
    contact: Contact | None = None


@dataclass(frozen=True)
class Pupil(Marked):
    """A pupil of the class with their guardians, for the staff."""

    id: int
    public_id: str
    first_name: str
    name: str
    born_on: date | None
    photo_rights: str
    adults: tuple[Adult, ...] = ()
    family_comfort: bool = False


@dataclass(frozen=True)
class Colleague(Marked):
    """A teacher or an assistant of the class."""

    public_id: str
    name: str
    role: str
    membership_id: int


@dataclass(frozen=True)
class Request(Marked):
    """Someone who typed the class key and waits."""

    id: int
    public_id: str
    name: str
    identifier: str
    child_name: str
    kinship: str
    created_at: datetime
