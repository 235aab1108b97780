"""People of a class as its pages show them; row ids stay inside, public ids go into addresses."""

from dataclasses import dataclass
from datetime import date, datetime

from appliance.school.policy import tint
from appliance.services.people.children import Contact


def initials(self) -> str:
        """Two letters for the round mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class Pupil:
    """A pupil of the class with their guardians, for the staff."""

    id: int
    public_id: str
    first_name: str
    name: str
    born_on: date | None
    photo_rights: str
    adults: tuple[Adult, ...] = ()

    @property
    def initials(self) -> str:
        """Two letters for the square mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class Colleague:
    """A teacher or an assistant of the class."""

    public_id: str
    name: str
    role: str
    membership_id: int

    @property
    def initials(self) -> str:
        """Two letters for the round mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class Request:
    """Someone who typed the class key and waits."""

    id: int
    public_id: str
    name: str
    identifier: str
    child_name: str
    kinship: str
    created_at: datetime

    @property
    def initials(self) -> str:
        """Two letters for the round mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


_PUPILS = Prepared(
    lambda: (
        Student.select(
            Student.id,
            Student.public_id,
            Student.first_name,
            Student.last_name,
            Student.usage_name,
            Student.born_on,
            Student.photo_rights,
        )
        .join(Enrolment, on=Enrolment.student == Student.id)
        .where(
            (Enrolment.classroom == P("classroom")) & (Enrolment.left_on.is_null() | (Enrolment.left_on > P("today")))
        )
        .order_by(Student.last_name, Student.first_name, Student.id)
    )
)

_ADULTS = Prepared(
    lambda: (
        Guardianship.select(
            Guardianship.id.alias("guardianship_id"),
            Guardianship.student.alias("student_id"),
            Guardianship.authority,
            Guardianship.kinship,
            Guardianship.document_reference,
            Guardian.id.alias("guardian_id"),
            Guardian.public_id,
            Guardian.civility,
            Guardian.first_name,
            Guardian.last_name,
            Guardian.usage_name,
            Guardian.account.alias("account_id"),
        )
        .join(Guardian, on=Guardianship.guardian == Guardian.id)
        .where(Guardianship.student.in_(many("students")))
        .order_by(Guardianship.id)
    )
)

_INVITED = Prepared(
    lambda: (
        Invitation.select(Invitation.guardian.alias("guardian_id"))
        .where(
            Invitation.guardian.in_(many("guardians"))
            & Invitation.used_at.is_null()
            & Invitation.cancelled_at.is_null()
            & (Invitation.expires_at > P("now"))
        )
        .order_by(Invitation.id)
    )
)

_TEAM = Prepared(
    lambda: (
        Membership.select(
            Membership.id.alias("membership_id"),
            Membership.role,
            Account.public_id,
            Account.first_name,
            Account.last_name,
        )
        .join(Account, on=Membership.account == Account.id)
        .where((Membership.classroom == P("classroom")) & Account.disabled_at.is_null())
        .order_by(Membership.role.desc(), Account.last_name, Account.first_name, Membership.id)
    )
)

_REQUESTS = Prepared(
    lambda: (
        JoinRequest.select(
            JoinRequest.id,
            JoinRequest.public_id,
            JoinRequest.child_name,
            JoinRequest.kinship,
            JoinRequest.created_at,
            Account.first_name,
            Account.last_name,
            Account.identifier,
        )
        .join(Account, on=JoinRequest.account == Account.id)
        .where((JoinRequest.classroom == P("classroom")) & (JoinRequest.status == "pending"))
        .order_by(JoinRequest.created_at, JoinRequest.id)
    )
)


def initials(name: str) -> str:
    """The first letters of the first and the last word."""
    words = name.split()
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else ""


@dataclass(frozen=True)
class Adult:
    """A guardian of a pupil as the staff sees them. `state` is joined, invited or none (no account, no letter yet)."""

    id: int
    public_id: str
    name: str
    civility: str
    kinship: str
    authority: str
    document_reference: str
    guardianship_id: int
    state: str
    contact: Contact | None = None

    @property
    def initials(self) -> str:
        """Two letters for the round mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class Pupil:
    """A pupil of the class with their guardians, for the staff."""

    id: int
    public_id: str
    first_name: str
    name: str
    born_on: date | None
    photo_rights: str
    adults: tuple[Adult, ...] = ()

    @property
    def initials(self) -> str:
        """Two letters for the square mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class Colleague:
    """A teacher or an assistant of the class."""

    public_id: str
    name: str
    role: str
    membership_id: int

    @property
    def initials(self) -> str:
        """Two letters for the round mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)


@dataclass(frozen=True)
class Request:
    """Someone who typed the class key and waits."""

    id: int
    public_id: str
    name: str
    identifier: str
    child_name: str
    kinship: str
    created_at: datetime

    @property
    def initials(self) -> str:
        """Two letters for the round mark."""
        return initials(self.name)

    @property
    def tint(self) -> int:
        """A steady colour."""
        return tint(self.public_id)
