"""A pupil of the class: record, arrival, correction, photo rights, departure."""

import flask

from appliance.core.i18n import _
from appliance.features.classroom import forms
from appliance.features.classroom.actions import pupils
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, done, open_managed, open_staffed, show, to
from appliance.school.models import Student

BOTH = ("GET", "POST")


@bp.page("/classes/<classroom>/eleves/nouveau", access="staff", methods=BOTH)
def add_pupil(classroom):
    """Add a pupil by hand."""
    access, form = open_managed(classroom), forms.NewPupilForm()
    if form.submit(lambda: pupils.add_pupil(flask.g.actor, access, **_values(form, "csrf_token"))):
        done(_("%(name)s est dans la classe. Ajoutez maintenant ses responsables.", name=form.first_name.data))
        return to("pupil", access, pupil=form.result)
    return show("classroom/pupil_form.html", access, form, pupil=None)


@bp.page("/classes/<classroom>/eleves/<pupil>", access="staff")
def pupil(classroom, pupil):
    """A pupil's record with the adults' contact details; each opening is in the journal."""
    access = open_staffed(classroom)
    record = people.read_pupil(flask.g.actor, access, pupil)
    return _draw(access, record, forms.PhotoRightsForm(formdata=None, photo_rights=record.photo_rights))


@bp.page("/classes/<classroom>/eleves/<pupil>/modifier", access="staff", methods=BOTH)
def edit_pupil(classroom, pupil):
    """Correct names and birth; the form shows them: opening it is in the journal, as opening the record is."""
    access = open_managed(classroom)
    form = forms.PupilForm(obj=Student.get_by_id(people.get_pupil(access, pupil).id))
    if form.submit(lambda: pupils.edit_pupil(flask.g.actor, access, pupil, **_values(form, "csrf_token"))):
        done(_("La fiche est à jour."))
        return to("pupil", access, pupil=pupil)
    return show("classroom/pupil_form.html", access, form, pupil=people.read_pupil(flask.g.actor, access, pupil))


@bp.page("/classes/<classroom>/eleves/<pupil>/photos", access="staff", methods=("POST",))
def photo_rights(classroom, pupil):
    """Say whether pictures of the pupil may be published."""
    access, form = open_managed(classroom), forms.PhotoRightsForm()
    if form.submit(lambda: pupils.set_photo_rights(flask.g.actor, access, pupil, form.photo_rights.data)):
        done(_("Le droit à l’image est à jour."))
        return to("pupil", access, pupil=pupil)
    return _draw(access, people.read_pupil(flask.g.actor, access, pupil), form)


@bp.page("/classes/<classroom>/eleves/<pupil>/confort", access="staff", methods=("POST",))
def family_comfort(classroom, pupil):
    """Give *Confort famille* to the pupil's guardians, or take it back."""
    access, form = open_managed(classroom), forms.ComfortForm()
    if form.submit(lambda: pupils.set_family_comfort(flask.g.actor, access, pupil, form.family_comfort.data)):
        done(_("C’est enregistré. Cela vaut dès maintenant."))
        return to("pupil", access, pupil=pupil)
    record = people.read_pupil(flask.g.actor, access, pupil)
    return _draw(access, record, forms.PhotoRightsForm(formdata=None, photo_rights=record.photo_rights), form)


def _draw(access, record, form, comfort=None):
    comfort = comfort or forms.ComfortForm(formdata=None, family_comfort=record.family_comfort)
    return show("classroom/pupil.html", access, form, pupil=record, comfort=comfort)


@bp.page("/classes/<classroom>/eleves/<pupil>/depart", access="staff", methods=BOTH)
def end_enrolment(classroom, pupil):
    """Ask, then take the pupil out of the class."""
    access, form = open_managed(classroom), forms.Form()
    record = people.get_pupil(access, pupil)
    if form.submit(lambda: pupils.end_enrolment(flask.g.actor, access, pupil)):
        done(
            _(
                "%(name)s n’est plus dans la classe. Vous pouvez annuler en bas de la liste des membres.",
                name=record.name,
            )
        )
        return to("members", access)
    return show("classroom/pupil_leaves.html", access, form, pupil=record)


@bp.page("/classes/<classroom>/eleves/<pupil>/retour", access="staff", methods=("POST",))
def return_pupil(classroom, pupil):
    """Undo a departure."""
    access = open_managed(classroom)
    pupils.return_pupil(flask.g.actor, access, pupil)
    done(_("L’élève est de nouveau dans la classe."))
    return to("members", access)


def _values(form, *without: str) -> dict:
    return {name: value for name, value in form.data.items() if name not in without}
