"""Guardians of a pupil: added, linked, corrected, and what the link allows. A change of authority counts at once."""

from datetime import timedelta

from appliance.core import clock
from appliance.core.errors import NotFound, QuotaReached, Refused
from appliance.core.i18n import _
from appliance.features.classroom.actions.names import fold
from appliance.features.classroom.queries import people
from appliance.school.models import Guardian, Guardianship, Student
from appliance.school.policy import require
from appliance.services import plans
from appliance.services.people import children
from appliance.services.people.children import Contact
from appliance.storage.database import transaction

_TWICE = timedelta(minutes=1)


def add_guardian(
    actor,
    access,
    student_public_id: str,
    *,
    first_name: str,
    last_name: str,
    authority: str,
    usage_name: str = "",
    kinship: str = "",
    civility: str = "",
    contact: Contact | None = None,
    document_reference: str = "",
    namesake: bool = False,
) -> str:
    """Add an adult to a pupil and give the public id; a form sent twice adds one.

    A name that the pupil's guardians already hold is Refused unless `namesake` says that it is someone else.
    """
    require(access.can_manage)
    with transaction():
        pupil = people.get_pupil(access, student_public_id)
        same = [adult for adult in pupil.adults if fold(adult.name) == fold(f"{first_name} {usage_name or last_name}")]
        for adult in same:
            if clock.now() - Guardian.get_by_id(adult.id).created_at < _TWICE:
                return adult.public_id
        if same and not namesake:
            raise Refused(
                _("Cet élève a déjà un adulte de ce nom. Si c’est quelqu’un d’autre, cochez la case et recommencez."),
                field="namesake",
            )
        require_room(access)
        guardian = children.create_guardian(
            actor,
            people.get_classroom(access).school,
            first_name,
            last_name,
            usage_name=usage_name,
            civility=civility,
            contact=contact,
        )
        _link(actor, guardian, pupil.id, authority, kinship, document_reference)
    return guardian.public_id


def link_guardian(
    actor, access, student_public_id: str, guardian_public_id: str, *, authority: str, kinship: str = "",
    document_reference: str = "",
) -> None:  # fmt: skip
    """Link a pupil with someone whom the school already knows through a class that the actor manages."""
    require(access.can_manage)
    with transaction():
        pupil = people.get_pupil(access, student_public_id)
        if any(adult.public_id == guardian_public_id for adult in pupil.adults):
            return
        known = {guardian.public_id: guardian for guardian in list_known(actor, access, student_public_id)}
        if guardian_public_id not in known:
            raise Refused(_("Choisissez une personne dans la liste."), field="guardian")
        require_room(access)
        _link(actor, known[guardian_public_id], pupil.id, authority, kinship, document_reference)


def _link(actor, guardian: Guardian, student_id: int, authority: str, kinship: str, document_reference: str) -> None:
    made = children.link(
        actor,
        guardian,
        Student.get_by_id(student_id),
        authority="contact" if authority == "withdrawn" else authority,
        kinship=kinship,
    )
    if authority == "withdrawn":
        children.set_authority(actor, made, "withdrawn", document_reference=document_reference)


def list_known(actor, access, student_public_id: str) -> list[Guardian]:
    """Whom one may link: the guardians of the pupils in the classes of the school that the actor manages."""
    require(access.can_manage)
    pupil = people.get_pupil(access, student_public_id)
    own = {adult.id for adult in pupil.adults}
    found: set[int] = set()
    for other in actor.classes:
        if other.can_manage and other.school_id == access.school_id:
            found |= {adult.id for each in people.list_pupils(other) for adult in each.adults}
    return list(
        Guardian.select()
        .where(Guardian.id.in_(sorted(found - own)))
        .order_by(Guardian.last_name, Guardian.first_name, Guardian.id)
    )


def edit_guardian(
    actor, access, student_public_id: str, guardian_public_id: str, *, kinship: str, contact: Contact, **names
) -> None:
    """Correct an adult's names and contact details, and what they are to this pupil."""
    require(access.can_manage)
    adult = people.get_adult(people.get_pupil(access, student_public_id), guardian_public_id)
    with transaction():
        children.update_guardian(actor, Guardian.get_by_id(adult.id), contact=contact, **names)
        children.describe_link(actor, Guardianship.get_by_id(adult.guardianship_id), kinship)


def change_authority(
    actor, access, student_public_id: str, guardian_public_id: str, authority: str, document_reference: str = ""
) -> None:
    """Change what an adult may see of this pupil, at once; withdrawing asks for the document that decides it."""
    require(access.can_manage)
    if authority not in children.AUTHORITIES:
        raise Refused(_("Choisissez une des réponses."), field="authority")
    children.set_authority(
        actor,
        get_guardianship(access, student_public_id, guardian_public_id),
        authority,
        document_reference=document_reference,
    )


def remove_link(actor, access, student_public_id: str, guardian_public_id: str) -> None:
    """Remove a link that was made by mistake; one that a decision of justice withdrew stays as its trace."""
    require(access.can_manage)
    pupil = people.get_pupil(access, student_public_id)
    if not any(adult.public_id == guardian_public_id for adult in pupil.adults):
        return
    guardianship = get_guardianship(access, student_public_id, guardian_public_id)
    if guardianship.authority == "withdrawn":
        raise Refused(_("Ce lien garde la trace d’une décision. Modifiez l’autorité au lieu de le retirer."))
    children.unlink(actor, guardianship)


def get_guardianship(access, student_public_id: str, guardian_public_id: str) -> Guardianship:
    """The link of an adult and a pupil of the class; NotFound for any other."""
    adult = people.get_adult(people.get_pupil(access, student_public_id), guardian_public_id)
    guardianship = Guardianship.get_or_none(Guardianship.id == adult.guardianship_id)
    if guardianship is None:
        raise NotFound()
    return guardianship


def count_members(access) -> int:
    """How many adults the class has: its pupils' guardians once each, its teachers and assistants."""
    guardians = {adult.id for pupil in people.list_pupils(access) for adult in pupil.adults}
    return len(guardians) + len(people.list_team(access))


def require_room(access) -> None:
    """Refuse one more adult once the class has as many members as its plan allows."""
    most = plans.plan_of(access.classroom_id).members
    if most is not None and count_members(access) >= most:
        raise QuotaReached(
            _(
                "La classe a atteint son nombre maximal de membres (%(max)d). Rien n’a été ajouté.",
                max=most,
            )
        )
