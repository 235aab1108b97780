"""Invitations: who has no account yet, and one PDF with a letter each."""

import flask

from appliance.features.classroom import forms
from appliance.features.classroom.actions import letters
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, open_managed, pdf, public_url, show


@bp.page("/classes/<classroom>/invitations", access="staff", methods=("GET", "POST"))
def invitation_list(classroom):
    """Tick and print: each letter holds a code of its own, which nobody can read again later."""
    access, form = open_managed(classroom), forms.LettersForm()
    pupils = people.list_pupils(access)
    waiting = letters.list_waiting(pupils)
    if form.submit(lambda: letters.print_letters(flask.g.actor, access, form.guardians.data or [], public_url())):
        return pdf(form.result, "courriers")
    chosen = form.guardians.data or []
    if not form.is_submitted():
        chosen = [adult.public_id for _pupil, adult in waiting if adult.state == "none"]
    return show("classroom/invitations.html", access, form, waiting=waiting, pupils=pupils, chosen=chosen)
