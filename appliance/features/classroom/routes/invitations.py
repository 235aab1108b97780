"""Invitations: who has no account yet, and one PDF with a letter each."""

import flask

from appliance.core.i18n import ngettext
from appliance.features.classroom import forms
from appliance.features.classroom.actions import letters
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, done, open_managed, pdf, public_url, show, to


@bp.page("/classes/<classroom>/invitations", access="staff", methods=("GET", "POST"))
def invitation_list(classroom):
    """Tick and print: each letter holds a code of its own, which nobody can read again later."""
    access, form = open_managed(classroom), forms.LettersForm()
    if form.submit(lambda: letters.print_letters(flask.g.actor, access, form.guardians.data or [], public_url())):
        return pdf(form.result, "courriers")
    return _show(access, form)


@bp.page("/classes/<classroom>/invitations/annuler", access="staff", methods=("POST",))
def cancel_letters(classroom):
    """Letters that were lost, or given to the wrong person: their codes open nothing any more."""
    access, form = open_managed(classroom), forms.LettersForm()
    if form.submit(lambda: letters.cancel_letters(flask.g.actor, access, form.guardians.data or [])):
        done(ngettext("%(num)s code est annulé.", "%(num)s codes sont annulés.", form.result))
        return to("invitation_list", access)
    return _show(access, form)


def _show(access, form):
    pupils = people.list_pupils(access)
    waiting = letters.list_waiting(pupils)
    chosen = form.guardians.data or []
    if not form.is_submitted():
        chosen = [adult.public_id for _pupil, adult in waiting if adult.state == "none"]
    return show("classroom/invitations.html", access, form, waiting=waiting, pupils=pupils, chosen=chosen)
