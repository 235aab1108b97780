"""Three voices about one value: the school's, the file's, and the file's of last time.

The file is followed where it changed since last time; what the school corrected meanwhile is otherwise kept. An empty
cell says nothing: it never erases.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.core.richtext import normalise
from appliance.services.people.children import Contact
from appliance.services.roster.matching import civility_key, name_key
from appliance.services.roster.records import RosterGuardian, RosterPupil

PUPIL_FIELDS = ("last_name", "first_name", "usage_name", "born_on", "gender", "photo_rights")
GUARDIAN_FIELDS = ("civility", "last_name", "first_name", "usage_name")
# An address is one value: half of the old one and half of the new one is nobody's home.
ADDRESS = ("address", "postal_code", "city", "country")
CONTACT_FIELDS = (*ADDRESS, "email", "phone_home", "phone_work", "phone_mobile")
_NAMES = ("last_name", "first_name", "usage_name")
_CIVILITIES = {"M": "M.", "F": "Mme"}
_UNKNOWN = {"photo_rights": "unknown"}


@dataclass(frozen=True)
class Merged:
    """What becomes of a row: columns to write, those that the school keeps against the file, what the file said."""

    changes: dict[str, object]
    kept: dict[str, tuple[object, object]]
    said: dict[str, object]


def plain(text: str) -> str:
    """A value of a file as the screens take it: NFC, one line, no invisible or direction-changing sign."""
    return " ".join(normalise(text).split())


def pupil_values(pupil: RosterPupil) -> dict[str, object]:
    """What a line of the pupils' file says, by column; nothing for what it leaves empty."""
    photo = {True: "yes", False: "no", None: ""}[pupil.photo_rights]
    values = {
        "last_name": plain(pupil.last_name) or pupil.last_name,
        "first_name": plain(pupil.first_name) or pupil.first_name,
        "usage_name": plain(pupil.usage_name),
        "born_on": pupil.born_on.isoformat() if pupil.born_on else "",
        "gender": pupil.gender,
        "photo_rights": photo,
    }
    return {name: value for name, value in values.items() if value}


def guardian_values(guardian: RosterGuardian) -> dict[str, object]:
    """What a line of the guardians' file says, by column; nothing for what it leaves empty."""
    values = {
        name: plain(getattr(guardian, name)) for name in ("last_name", "first_name", "usage_name", *ADDRESS, "email")
    }
    civility = plain(guardian.civility)
    values["civility"] = _CIVILITIES.get(civility_key(civility), civility if len(civility) <= 10 else "")
    numbers = {"home": [], "work": [], "mobile": []}
    for phone in guardian.phones:
        kind = {"extension": "work", "other": "mobile" if not numbers["mobile"] else "home"}.get(phone.kind, phone.kind)
        numbers[kind].append(plain(phone.number))
    values |= {f"phone_{kind}": " / ".join(listed) for kind, listed in numbers.items()}
    values["last_name"] = values["last_name"] or guardian.last_name
    values["first_name"] = values["first_name"] or guardian.first_name
    return {name: value for name, value in values.items() if value}


def contact_of(values: Mapping[str, object]) -> Contact:
    """The contact details among the values of a file."""
    return Contact(**{name: str(values.get(name, "")) for name in CONTACT_FIELDS})


def merge(ours: Mapping[str, object], file: Mapping[str, object], before: Mapping[str, object] | None) -> Merged:
    """Decide each value; `before` is what the last file said, None when no file ever spoke of this row."""
    before = before or {}
    changes, kept = {}, {}
    for names in ([name] for name in file if name not in ADDRESS):
        _decide(names, ours, file, before, changes, kept)
    said = {**before, **file}
    if any(name in file for name in ADDRESS):
        _decide(ADDRESS, ours, file, before, changes, kept)
        said |= {name: file.get(name, "") for name in ADDRESS}
    return Merged(changes, kept, {name: value for name, value in said.items() if value not in ("", None)})


def _decide(names, ours, file, before, changes, kept) -> None:
    mine = tuple(as_said(name, ours.get(name)) for name in names)
    theirs = tuple(file.get(name, "") for name in names)
    earlier = tuple(before.get(name, "") for name in names)
    if mine == theirs:
        return
    if not any(mine) or (any(earlier) and theirs != earlier):
        changes.update({name: new for name, old, new in zip(names, mine, theirs, strict=True) if old != new})
    elif any(_differs(*pair) for pair in zip(names, mine, theirs, strict=True)):
        kept[names[0]] = (" ".join(map(str, filter(None, mine))), " ".join(map(str, filter(None, theirs))))


def as_said(name: str, value: object) -> object:
    """A value of a row as a file would say it: nothing for what is unknown, a date as text."""
    value = "" if value is None or value == _UNKNOWN.get(name) else value
    return value.isoformat() if hasattr(value, "isoformat") else value


def _differs(name: str, mine: object, theirs: object) -> bool:
    """Whether a person would call it a difference: the case and accents of a name are not one."""
    if name in _NAMES:
        return name_key(str(mine)) != name_key(str(theirs))
    if name == "civility":
        return civility_key(str(mine)) != civility_key(str(theirs))
    return mine != theirs
