"""The adults of a pupil: added, linked, corrected, and what each may do."""

import flask

from appliance.core.i18n import _
from appliance.features.classroom import forms
from appliance.features.classroom.actions import guardians, letters
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, done, open_managed, pdf, public_url, show, to
from appliance.school.models import Guardian
from appliance.services.people.children import Contact

BOTH = ("GET", "POST")
_BASE = "/classes/<classroom>/eleves/<pupil>/responsables"
_CONTACT = tuple(Contact.__dataclass_fields__)


@bp.page(f"{_BASE}/nouveau", access="staff", methods=BOTH)
def add_guardian(classroom, pupil):
    """Add an adult whom the school does not know."""
    access, form = open_managed(classroom), forms.NewAdultForm()
    record = people.get_pupil(access, pupil)
    if form.submit(
        lambda: guardians.add_guardian(
            flask.g.actor,
            access,
            pupil,
            contact=_contact(form),
            **_values(form, *_CONTACT),
        )
    ):
        done(_("La personne est ajoutée. Remettez-lui son courrier depuis la page Invitations."))
        return to("pupil", access, pupil=pupil)
    return show("classroom/adult_form.html", access, form, pupil=record, adult=None)


@bp.page(f"{_BASE}/relier", access="staff", methods=BOTH)
def link_guardian(classroom, pupil):
    """Link the pupil with someone whom the school knows, a brother's or sister's parent for example."""
    access, form = open_managed(classroom), forms.LinkForm()
    record = people.get_pupil(access, pupil)
    known = guardians.list_known(flask.g.actor, access, pupil)
    form.guardian.choices = [("", _("Choisir…")), *((each.public_id, each.name) for each in known)]
    if form.submit(
        lambda: guardians.link_guardian(flask.g.actor, access, pupil, form.guardian.data, **_values(form, "guardian"))
    ):
        done(_("Le lien est fait."))
        return to("pupil", access, pupil=pupil)
    return show("classroom/adult_link.html", access, form, pupil=record, known=known)


@bp.page(f"{_BASE}/<adult>", access="staff", methods=BOTH)
def edit_guardian(classroom, pupil, adult):
    """Correct an adult's names and contact details."""
    access = open_managed(classroom)
    record = people.read_pupil(flask.g.actor, access, pupil)
    person = people.get_adult(record, adult)
    row = Guardian.get_by_id(person.id)
    form = forms.AdultForm(obj=row, data={"kinship": person.kinship, **vars(person.contact)})
    for field, known in ((form.kinship, person.kinship), (form.civility, person.civility)):
        if known not in dict(field.choices):  # a word of an imported list stays as it is
            field.choices = [*field.choices, (known, known)]
    if form.submit(
        lambda: guardians.edit_guardian(
            flask.g.actor, access, pupil, adult, contact=_contact(form, person.contact), **_values(form, *_CONTACT)
        )
    ):
        done(_("Les informations sont à jour."))
        return to("pupil", access, pupil=pupil)
    return show("classroom/adult_form.html", access, form, pupil=record, adult=person)


@bp.page(f"{_BASE}/<adult>/autorite", access="staff", methods=BOTH)
def authority(classroom, pupil, adult):
    """Change what an adult may do for this pupil; the page says what changes, and when: at once.

    It shows the decision that took an authority away: opening it is in the journal.
    """
    access, form = open_managed(classroom), forms.AuthorityForm()
    people.get_adult(people.get_pupil(access, pupil), adult)
    if form.submit(
        lambda: guardians.change_authority(
            flask.g.actor, access, pupil, adult, form.authority.data, form.document_reference.data
        )
    ):
        done(_("C’est fait, et cela vaut dès maintenant."))
        return to("pupil", access, pupil=pupil)
    record = people.read_pupil(flask.g.actor, access, pupil)
    person = people.get_adult(record, adult)
    if not form.is_submitted():
        form.authority.data, form.document_reference.data = person.authority, person.document_reference
    return show("classroom/adult_authority.html", access, form, pupil=record, adult=person)


@bp.page(f"{_BASE}/<adult>/retirer", access="staff", methods=BOTH)
def remove_link(classroom, pupil, adult):
    """Ask, then remove a link made by mistake."""
    access, form = open_managed(classroom), forms.Form()
    record = people.get_pupil(access, pupil)
    if flask.request.method == "POST" and not any(each.public_id == adult for each in record.adults):
        return to("pupil", access, pupil=pupil)  # sent twice
    person = people.get_adult(record, adult)
    if form.submit(lambda: guardians.remove_link(flask.g.actor, access, pupil, adult)):
        done(_("%(name)s n’est plus lié à cet élève.", name=person.name))
        return to("pupil", access, pupil=pupil)
    return show("classroom/adult_remove.html", access, form, pupil=record, adult=person)


@bp.page(f"{_BASE}/<adult>/code", access="staff", methods=("POST",))
def reset_code(classroom, pupil, adult):
    """A letter with a code for someone who cannot sign in any more."""
    return pdf(letters.print_reset(flask.g.actor, open_managed(classroom), pupil, adult, public_url()), "code")


def _contact(form, known: Contact | None = None) -> Contact:
    typed = {name: getattr(form, name).data for name in _CONTACT if hasattr(form, name)}
    return Contact(**{**(vars(known) if known else {}), **typed})


def _values(form, *without: str) -> dict:
    return {name: value for name, value in form.data.items() if name not in (*without, "csrf_token")}
