"""Pupils of a class: added, corrected, photo rights, departure and its undoing."""

from datetime import timedelta

from appliance.core import clock
from appliance.core.errors import NotFound, Refused
from appliance.core.i18n import _
from appliance.features.classroom.actions.names import fold
from appliance.features.classroom.queries import people
from appliance.school.models import Enrolment, Student
from appliance.school.policy import require
from appliance.services import plans
from appliance.services.people import children
from appliance.storage.database import transaction

PHOTO_RIGHTS = ("yes", "no", "unknown")
_TWICE = timedelta(minutes=1)


def add_pupil(actor, access, *, namesake: bool = False, **values) -> str:
    """Add a pupil to the class and give the public id; a form sent twice adds one.

    A name that the class already has is Refused unless `namesake` says that it is another child.
    """
    require(access.can_manage)
    with transaction():
        same = [
            pupil
            for pupil in people.list_pupils(access)
            if fold(pupil.name) == fold(f"{values['first_name']} {values.get('usage_name') or values['last_name']}")
        ]
        for pupil in same:
            row = Student.get_by_id(pupil.id)
            if row.born_on == values.get("born_on") and clock.now() - row.created_at < _TWICE:
                return pupil.public_id
        if same and not namesake:
            raise Refused(
                _("Un élève de la classe porte déjà ce nom. Si c’est un autre enfant, cochez la case et recommencez."),
                field="namesake",
            )
        classroom = people.get_classroom(access)
        student = children.create_student(actor, classroom.school, **values)
        children.enrol(actor, student, classroom)
    return student.public_id


def edit_pupil(actor, access, public_id: str, **changes) -> None:
    """Correct what the school knows of a pupil of the class."""
    require(access.can_manage)
    children.update_student(actor, _row(access, public_id), **changes)


def set_photo_rights(actor, access, public_id: str, photo_rights: str) -> None:
    """Say whether pictures of this pupil may be published."""
    require(access.can_manage)
    if photo_rights not in PHOTO_RIGHTS:
        raise Refused(_("Choisissez une des réponses."), field="photo_rights")
    children.update_student(actor, _row(access, public_id), photo_rights=photo_rights)


def set_family_comfort(actor, access, public_id: str, family_comfort: bool) -> None:
    """Say whether this pupil's guardians may save photos and films, whatever the others of the class may."""
    require(access.can_manage)
    plans.set_family_comfort(actor, access, _row(access, public_id), family_comfort)


def end_enrolment(actor, access, public_id: str) -> None:
    """Take a pupil out of the class from today; `return_pupil` undoes it."""
    require(access.can_manage)
    children.leave(actor, _row(access, public_id), people.get_classroom(access))


def return_pupil(actor, access, public_id: str) -> None:
    """Undo a departure: the pupil is in the class again, and their guardians read again."""
    require(access.can_manage)
    for student in list_departed(access):
        if student.public_id == public_id:
            children.enrol(actor, student, people.get_classroom(access))
            return
    people.get_pupil(access, public_id)  # already back: sent twice


def list_departed(access) -> list[Student]:
    """The pupils who left this class this year, by last name; for those who manage it."""
    require(access.can_manage)
    return list(
        Student.select()
        .join(Enrolment)
        .where((Enrolment.classroom == access.classroom_id) & (Enrolment.left_on <= clock.today()))
        .order_by(Student.last_name, Student.first_name, Student.id)
    )


def _row(access, public_id: str) -> Student:
    student = Student.get_or_none(Student.id == people.get_pupil(access, public_id).id)
    if student is None:
        raise NotFound()
    return student
