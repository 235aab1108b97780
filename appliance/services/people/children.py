"""Pupils, their classes and their guardians: the relations from which every access follows."""

import json
from dataclasses import asdict, dataclass
from datetime import date

from appliance.core import clock
from appliance.core.errors import Refused
from appliance.core.i18n import _
from appliance.crypto import fields
from appliance.school import keys
from appliance.school.models import Classroom, Enrolment, Guardian, Guardianship, School, Student
from appliance.services import audit
from appliance.services.media import rights
from appliance.storage.database import transaction

AUTHORITIES = ("legal", "contact", "withdrawn")


@dataclass(frozen=True)
class Contact:
    """How the school reaches a guardian; sealed in the row, opened for staff only."""

    address: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    email: str = ""
    phone_home: str = ""
    phone_work: str = ""
    phone_mobile: str = ""


def create_student(
    actor,
    school: School,
    first_name: str,
    last_name: str,
    *,
    usage_name: str = "",
    born_on: date | None = None,
    gender: str = "",
    photo_rights: str = "unknown",
) -> Student:
    """Add a pupil to a school."""
    with transaction():
        student = Student.create(
            school=school,
            first_name=first_name,
            last_name=last_name,
            usage_name=usage_name,
            born_on=born_on,
            gender=gender,
            photo_rights=photo_rights,
        )
        audit.record(actor, "create", "student_created", kind="student", object_id=student.public_id)
    return student


def update_student(actor, student: Student, **changes) -> None:
    """Change what the school knows of a pupil (names, birth, photo rights); saying the same again leaves no trace."""
    with transaction():
        changes = {name: value for name, value in changes.items() if getattr(student, name) != value}
        if not changes:
            return
        Student.update(changes).where(Student.id == student.id).execute()
        if "photo_rights" in changes:
            rights.forget_permissions(student.id, changes["photo_rights"])
        event = "photo_rights_changed" if set(changes) == {"photo_rights"} else "student_updated"
        reason = changes.get("photo_rights", "")
        audit.record(actor, "update", event, kind="student", object_id=student.public_id, reason=reason)


def enrol(actor, student: Student, classroom: Classroom) -> Enrolment:
    """Put a pupil in a class; one who had left comes back in the same row."""
    with transaction():
        enrolment, created = Enrolment.get_or_create(student=student, classroom=classroom)
        if not created and enrolment.left_on is None:
            return enrolment
        if not created:
            Enrolment.update(left_on=None).where(Enrolment.id == enrolment.id).execute()
        _record_enrolment(actor, "create", "student_enrolled", student, classroom)
    return enrolment


def leave(actor, student: Student, classroom: Classroom) -> None:
    """Take a pupil out of a class from today; what was published to them stays, their guardians no longer see it."""
    with transaction():
        changed = (
            Enrolment.update(left_on=clock.today())
            .where((Enrolment.student == student) & (Enrolment.classroom == classroom) & Enrolment.left_on.is_null())
            .execute()
        )
        if changed:
            _record_enrolment(actor, "update", "student_left", student, classroom)


def _record_enrolment(actor, operation, event, student, classroom) -> None:
    audit.record(
        actor,
        operation,
        event,
        kind="enrolment",
        object_id=student.public_id,
        classroom=classroom.public_id,
        classroom_id=classroom.id,
    )


def create_guardian(
    actor,
    school: School,
    first_name: str,
    last_name: str,
    *,
    usage_name: str = "",
    civility: str = "",
    contact: Contact | None = None,
    account=None,
) -> Guardian:
    """Add an adult whom the school knows; `contact` is sealed under the academy's key."""
    with transaction():
        guardian = Guardian.create(
            school=school,
            first_name=first_name,
            last_name=last_name,
            usage_name=usage_name,
            civility=civility,
            account=account,
        )
        if contact is not None:
            Guardian.update(contact=seal_contact(guardian, contact)).where(Guardian.id == guardian.id).execute()
        audit.record(actor, "create", "guardian_created", kind="guardian", object_id=guardian.public_id)
    return guardian


def update_guardian(actor, guardian: Guardian, *, contact: Contact | None = None, **names) -> None:
    """Change a guardian's names and, when `contact` is given, how the school reaches them."""
    with transaction():
        if contact is not None:
            names["contact"] = seal_contact(guardian, contact)
        Guardian.update(names).where(Guardian.id == guardian.id).execute()
        audit.record(actor, "update", "guardian_updated", kind="guardian", object_id=guardian.public_id)


def seal_contact(guardian: Guardian, contact: Contact) -> bytes:
    """The sealed bytes of a guardian's contact details."""
    key, context = _contact_key(guardian)
    return fields.seal(key, context, json.dumps(asdict(contact), ensure_ascii=False).encode())


def open_contact(guardian: Guardian) -> Contact:
    """A guardian's contact details; the caller has decided that the reader may see them."""
    if not guardian.contact:
        return Contact()
    key, context = _contact_key(guardian)
    return Contact(**json.loads(fields.open_sealed(key, context, guardian.contact)))


def _contact_key(guardian: Guardian) -> tuple[bytes, bytes]:
    academy = guardian.school.academy
    return keys.academy_key(academy), fields.field_context(academy.public_id, "guardian", "contact", guardian.public_id)


def link(actor, guardian: Guardian, student: Student, *, authority: str = "legal", kinship: str = "") -> Guardianship:
    """Link a guardian and a child; linking twice changes nothing."""
    if authority not in AUTHORITIES:
        raise ValueError(f"unknown authority {authority}")
    with transaction():
        guardianship, created = Guardianship.get_or_create(
            guardian=guardian, student=student, defaults={"authority": authority, "kinship": kinship}
        )
        if created:
            _record_guardianship(actor, "create", "guardianship_created", guardian, authority)
    return guardianship


def set_authority(actor, guardianship: Guardianship, authority: str, *, document_reference: str = "") -> None:
    """Change what a link allows, at once; taking authority away needs the reference of the document that decides it."""
    if authority not in AUTHORITIES:
        raise ValueError(f"unknown authority {authority}")
    if authority == "withdrawn" and not document_reference.strip():
        raise Refused(_("Indiquez la référence du document (jugement, ordonnance…)."), field="document_reference")
    with transaction():
        Guardianship.update(
            authority=authority, document_reference=document_reference.strip(), changed_at=clock.now()
        ).where(Guardianship.id == guardianship.id).execute()
        _record_guardianship(actor, "update", "guardianship_authority_changed", guardianship.guardian, authority)


def describe_link(actor, guardianship: Guardianship, kinship: str) -> None:
    """Say what a guardian is to a child (mother, grandparent…); it allows nothing by itself."""
    with transaction():
        if guardianship.kinship != kinship:
            Guardianship.update(kinship=kinship).where(Guardianship.id == guardianship.id).execute()
            _record_guardianship(actor, "update", "guardianship_described", guardianship.guardian, "")


def unlink(actor, guardianship: Guardianship) -> None:
    """Remove a link made by mistake; a decision of justice uses `set_authority`."""
    with transaction():
        _record_guardianship(actor, "delete", "guardianship_deleted", guardianship.guardian, guardianship.authority)
        guardianship.delete_instance()


def _record_guardianship(actor, operation, event, guardian, reason) -> None:
    audit.record(actor, operation, event, kind="guardianship", object_id=guardian.public_id, reason=reason)
