"""What every roster format yields: plain facts of the files, spelled as written, tied together by matching keys."""

from dataclasses import dataclass, field
from datetime import date

from appliance.services.roster.problems import ERROR, Problem

LEGAL = "legal"
CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class RosterFile:
    """A file as it was given: its name (for messages) and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RosterClass:
    """A class, spelled as where it is first met; a class of several levels has them all."""

    key: str
    name: str
    levels: tuple[str, ...]
    cycles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RosterPupil:
    """A pupil; `key` is family name + first name + class; `photo_rights` is None where the file says nothing."""

    key: str
    last_name: str
    usage_name: str
    first_name: str
    born_on: date | None
    gender: str
    class_name: str
    class_key: str
    level: str
    cycle: str
    ine: str | None
    photo_rights: bool | None
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class RosterPhone:
    """A telephone number as written; `kind` is home, work, extension, mobile or other."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class RosterGuardian:
    """A guardian; `key` is name + address, followed by a child where that is shared by two guardians of the file."""

    key: str
    civility: str
    last_name: str
    usage_name: str
    first_name: str
    address: str
    postal_code: str
    city: str
    country: str
    email: str
    phones: tuple[RosterPhone, ...]
    line: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class RosterLink:
    """A guardian answers for a pupil; `authority` is LEGAL or CONTACT."""

    guardian: str
    pupil: str
    authority: str


@dataclass(frozen=True, slots=True)
class RosterTeacher:
    """A teacher and the classes that the file gives them, spelled as written there."""

    key: str
    civility: str
    last_name: str
    usage_name: str
    first_name: str
    email: str
    phones: tuple[RosterPhone, ...]
    is_head: bool
    class_names: tuple[str, ...]
    line: int = field(compare=False)


@dataclass(frozen=True)
class Roster:
    """One reading of a school's files; each list is in the order of its keys, whatever the order of the lines."""

    classes: tuple[RosterClass, ...] = ()
    pupils: tuple[RosterPupil, ...] = ()
    guardians: tuple[RosterGuardian, ...] = ()
    links: tuple[RosterLink, ...] = ()
    teachers: tuple[RosterTeacher, ...] = ()
    problems: tuple[Problem, ...] = ()
    unresolved: int = 0

    @property
    def is_complete(self) -> bool:
        """Every line was understood; otherwise nobody may be said to have left because they are not in it."""
        return not any(problem.severity == ERROR for problem in self.problems)

    def summary(self) -> dict[str, int]:
        """The counts to show before anything is applied; `unresolved` counts children named by a guardian's line."""
        flags = [pupil.photo_rights for pupil in self.pupils]
        return {
            "classes": len(self.classes),
            "pupils": len(self.pupils),
            "guardians": len(self.guardians),
            "links": len(self.links),
            "unresolved": self.unresolved,
            "photo_yes": flags.count(True),
            "photo_no": flags.count(False),
            "photo_unknown": flags.count(None),
            "teachers": len(self.teachers),
        }
