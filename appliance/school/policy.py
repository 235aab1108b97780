"""Who may do what in a class: decided here, from the relations, for every feature.

A `ClassAccess` is the whole decision for one person and one class. It depends only on people's relations, which the
`access` revision follows: it is remembered under that revision and today's date, and never outlives either.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from appliance.core import clock
from appliance.core.errors import Denied, NotFound
from appliance.school import relations
from appliance.school.models import Revision
from appliance.school.relations import STAFF, Child, ClassAccess
from appliance.storage.prepared import P, Prepared

__all__ = [
    "STAFF",
    "SYSTEM",
    "Actor",
    "Child",
    "ClassAccess",
    "find_access",
    "forget",
    "get_access",
    "get_access_by_id",
    "keep",
    "recall",
    "require",
    "revision",
    "tint",
]


@dataclass(frozen=True)
class Actor:
    """The person of this request. `access_revision` tells how fresh decisions must be."""

    account_id: int
    public_id: str
    first_name: str
    last_name: str
    language: str
    theme: str
    session_id: int
    session_public_id: str
    access_revision: int
    notice_accepted: bool = True

    # What flask-login asks of a signed-in person.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """The public id, for flask-login."""
        return self.public_id

    @property
    def name(self) -> str:
        """First and last name, as shown."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def initials(self) -> str:
        """One or two letters for the round mark."""
        return (self.first_name[:1] + self.last_name[:1]).upper()

    @property
    def tint(self) -> int:
        """A steady colour, 0 to 11."""
        return tint(self.public_id)

    @property
    def offices(self) -> frozenset[str]:
        """Roles over a school or the academy: principal, admin, dpo."""
        return _relations(self).offices

    @property
    def children(self) -> tuple[Child, ...]:
        """Children that this person has legal authority over, in classes of the current year, in name order."""
        return _relations(self).children

    @property
    def classes(self) -> tuple[ClassAccess, ...]:
        """Every class that this person may open, in name order; the strongest role counts."""
        return _relations(self).classes

    @property
    def is_staff(self) -> bool:
        """Whether this person works with at least one class."""
        return any(access.is_staff for access in self.classes)

    @property
    def role_label(self) -> str:
        """The main role, for the menu and the journal."""
        if "dpo" in self.offices or "admin" in self.offices:
            return "dpo" if "dpo" in self.offices else "admin"
        roles = {access.role for access in self.classes}
        for role in ("principal", "teacher", "assistant", "guardian"):
            if role in roles or role in self.offices:
                return role
        return "contact"


def tint(public_id: str) -> int:
    """The steady colour (0 to 11) of a person or a child."""
    return sum(public_id.encode()) % 12


def find_access(actor: Actor, classroom_public_id: str) -> ClassAccess | None:
    """The decision for this person and this class, or None: then the class does not exist for them."""
    for access in actor.classes:
        if access.classroom_public_id == classroom_public_id:
            return access
    return None


def get_access(actor: Actor, classroom_public_id: str) -> ClassAccess:
    """The decision for this person and this class; NotFound when they have no place in it."""
    access = find_access(actor, classroom_public_id)
    if access is None:
        raise NotFound()
    return access


def get_access_by_id(actor: Actor, classroom_id: int) -> ClassAccess:
    """The same, from the row id that a query found."""
    for access in actor.classes:
        if access.classroom_id == classroom_id:
            return access
    raise NotFound()


def require(allowed: bool) -> None:
    """Denied unless allowed: for acts on what the actor may see."""
    if not allowed:
        raise Denied()


_memory: OrderedDict[tuple, object] = OrderedDict()
_memory_lock = threading.Lock()
_MEMORY_SIZE = 4096


def recall(what: str, actor: Actor):
    """What `keep` was given for this person under their access revision, today; None when nothing was."""
    return _memory.get((what, actor.account_id, actor.access_revision, clock.today()))


def keep(what: str, actor: Actor, value) -> None:
    """Remember a decision about this person until people's relations move or the day ends."""
    with _memory_lock:
        _memory[what, actor.account_id, actor.access_revision, clock.today()] = value
        while len(_memory) > _MEMORY_SIZE:
            _memory.popitem(last=False)


def _relations(actor: Actor) -> relations.Relations:
    known = recall("relations", actor)
    if known is None:
        known = relations.decide(actor.account_id)
        keep("relations", actor, known)
    return known


def forget() -> None:
    """Empty the memory of decisions (tests that change rows behind the journal's back)."""
    with _memory_lock:
        _memory.clear()


_REVISION = Prepared(lambda: Revision.select(Revision.value).where(Revision.scope == P("scope")))


def revision(scope: str) -> int:
    """The present revision of a scope; 0 before its first write."""
    row = _REVISION.first(scope=scope)
    return row.value if row else 0


SYSTEM = Actor(0, "", "Préau", "", "fr", "", 0, "", 0)
"""The appliance itself: jobs and the operator's commands act under this name and see through no class."""
