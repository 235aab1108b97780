"""Requests to join the class."""

import flask

from appliance.core.i18n import _
from appliance.features.classroom import forms
from appliance.features.classroom.actions import requests
from appliance.features.classroom.queries import people
from appliance.features.classroom.routes.base import bp, done, open_managed, show, to

BOTH = ("GET", "POST")


@bp.page("/classes/<classroom>/demandes", access="staff")
def request_list(classroom):
    """Who typed the class key and waits."""
    access = open_managed(classroom)
    return show("classroom/requests.html", access, requests=people.read_requests(flask.g.actor, access))


@bp.page("/classes/<classroom>/demandes/<request>", access="staff", methods=BOTH)
def decide(classroom, request):
    """Approve by choosing the child, or refuse."""
    access, form = open_managed(classroom), forms.DecisionForm()
    waiting = {each.public_id: each for each in people.list_requests(access)}
    if flask.request.method == "POST" and request not in waiting:
        flask.flash(_("Cette demande a déjà reçu une réponse."), "info")
        return to("request_list", access)
    found, pupils = people.read_request(flask.g.actor, access, request), people.list_pupils(access)
    likely = requests.list_likely(found, pupils)
    form.student.choices = [("", _("Choisir…")), *((each.public_id, each.name) for each in pupils)]
    form.adult.choices = [("", _("Une personne qui n’est pas encore sur la liste")), *_list_adults(likely or pupils)]
    if flask.request.method != "POST" and len(likely) == 1:
        form.student.data = likely[0].public_id
    if form.submit(
        lambda: requests.approve(
            flask.g.actor, access, request, form.student.data, form.adult.data, confirmed=form.confirmed.data
        )
    ):
        done(_("%(name)s suit maintenant la classe.", name=found.name))
        return to("request_list", access)
    return show("classroom/request.html", access, form, request=found, likely=likely)


def _list_adults(pupils) -> list[tuple[str, str]]:
    return [
        (adult.public_id, f"{adult.name} – {pupil.name}")
        for pupil in pupils
        for adult in pupil.adults
        if adult.authority == "legal" and adult.state != "joined"
    ]


@bp.page("/classes/<classroom>/demandes/<request>/refuser", access="staff", methods=("POST",))
def refuse(classroom, request):
    """Refuse; nothing of the class was ever shown to that person."""
    access = open_managed(classroom)
    requests.refuse(flask.g.actor, access, request)
    done(_("La demande est refusée. Rien de la classe n’a été montré à cette personne."))
    return to("request_list", access)
