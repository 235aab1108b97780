"""Reads of my_account: one's own rows only; never a trace of another guardian."""

from dataclasses import dataclass

from appliance.school.models import Guardian, Guardianship, NoticeAcceptance, School, Student
from appliance.school.policy import tint


@dataclass(frozen=True)
class OwnChild:
    """A child that the reader is linked to, and what the link allows; without authority, the first name alone."""

    first_name: str
    name: str
    public_id: str
    school_name: str
    class_name: str
    authority: str

    @property
    def initials(self) -> str:
        """The letters of the square mark, the same wherever the reader meets this child."""
        return "".join(word[:1] for word in self.name.split()[:2]).upper()

    @property
    def tint(self) -> int:
        """A steady colour, 0 to 11."""
        return tint(self.public_id)


def list_own_children(actor) -> list[OwnChild]:
    """Every child that the actor is linked to, in name order, with the actor's own link.

    Only legal authority shows where the child goes now: their school, their class, and the name in use there.
    """
    rows = (
        Guardianship.select(Guardianship, Student, School)
        .join(Student, on=Guardianship.student == Student.id)
        .join(School, on=Student.school == School.id)
        .switch(Guardianship)
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .where(Guardian.account == actor.account_id)
        .order_by(Student.first_name, Student.last_name, Student.id)
    )
    legal = {child.public_id: child.classroom_name for child in actor.children}
    return [
        OwnChild(
            row.student.first_name,
            row.student.name if row.authority == "legal" else row.student.first_name,
            row.student.public_id,
            row.student.school.name if row.authority == "legal" else "",
            legal.get(row.student.public_id, "") if row.authority == "legal" else "",
            row.authority,
        )
        for row in rows
    ]


def list_notices(actor) -> list[NoticeAcceptance]:
    """The actor's own proofs of the notice, the latest first."""
    query = NoticeAcceptance.select().where(NoticeAcceptance.account == actor.account_id)
    return list(query.order_by(NoticeAcceptance.accepted_at.desc(), NoticeAcceptance.id.desc()))
