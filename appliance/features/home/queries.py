"""What waits for this person: requests to decide in their classes, and their own requests that wait for a teacher."""

from typing import NamedTuple

from appliance.core import clock
from appliance.school.models import Classroom, JoinRequest, School, SchoolYear
from appliance.school.policy import tint
from appliance.storage.prepared import P, Prepared, many


class Waiting(NamedTuple):
    """Pending requests: how many in each class that the actor manages (by row id), and the actor's own."""

    to_decide: dict[int, int]
    own: list


class ChildView(NamedTuple):
    """A child as the chip shows it, with the address that shows this child alone."""

    public_id: str
    first_name: str
    class_name: str
    initials: str
    tint: int
    url: str
    class_url: str
    school_name: str


_PENDING = Prepared(
    lambda: (
        JoinRequest.select(
            JoinRequest.classroom.alias("classroom_id"),
            JoinRequest.account.alias("account_id"),
            JoinRequest.child_name,
            JoinRequest.created_at,
            School.name.alias("school_name"),
        )
        .join(Classroom, on=JoinRequest.classroom == Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(SchoolYear, on=Classroom.year == SchoolYear.id)
        .where(
            (JoinRequest.status == "pending")
            & (SchoolYear.ends_on >= P("today"))
            & ((JoinRequest.account == P("account")) | JoinRequest.classroom.in_(many("managed")))
        )
        .order_by(JoinRequest.created_at, JoinRequest.id)
    )
)


def list_waiting(actor) -> Waiting:
    """The pending requests that concern this person, in one query; of other people's only the number."""
    managed = [access.classroom_id for access in actor.classes if access.can_manage]
    to_decide: dict[int, int] = {}
    own = []
    for row in _PENDING.all(account=actor.account_id, managed=managed, today=clock.today()):
        if row.account_id == actor.account_id:
            own.append(row)
        if row.classroom_id in managed:
            to_decide[row.classroom_id] = to_decide.get(row.classroom_id, 0) + 1
    return Waiting(to_decide, own)


def list_children(actor) -> list[ChildView]:
    """The actor's own children, each once, in name order."""
    found = {}
    for child in actor.children:
        initials = "".join(word[:1] for word in child.name.split()[:2]).upper()
        found.setdefault(
            child.public_id,
            ChildView(
                child.public_id,
                child.first_name,
                child.classroom_name,
                initials,
                tint(child.public_id),
                f"/?enfant={child.public_id}",
                f"/classes/{child.classroom_public_id}",
                child.school_name,
            ),
        )
    return list(found.values())


def list_news(cards) -> dict[str, list]:
    """Of these posts, those that still have to be read, by the public id of each child whom they concern."""
    found: dict[str, list] = {}
    for card in cards:
        for child in () if card.is_read else card.children:
            found.setdefault(child.public_id, []).append(card)
    return found
