"""Offices: who heads a school, who administers, who protects the data."""

import flask

from appliance.core.errors import NotFound
from appliance.core.i18n import _
from appliance.features.administration import actions, forms, queries
from appliance.features.administration.routes.base import bp, done, show, show_code, to
from appliance.features.administration.routes.places import get_place, person_of
from appliance.web.forms import Form

BOTH = ("GET", "POST")
_PLACE = "/administration/<any(ecoles, academies):kind>/<place>/fonctions"


@bp.page(_PLACE, access="manager", methods=BOTH)
def offices(kind, place):
    """Who holds an office here, and a form to name someone who has an account."""
    found, form = get_place(kind, place), forms.IdentifierForm()
    _offer(form, found)
    if form.submit(lambda: actions.appoint(flask.g.actor, found, form.identifier.data, form.role.data)):
        done(_("La fonction est donnée. Elle vaut dès maintenant."))
        return to("offices", kind=kind, place=place)
    return show("offices", form, form=form, at=found, kind=kind, holders=queries.list_holders(found), roles=forms.ROLES)


@bp.page(f"{_PLACE}/nouveau", access="manager", methods=BOTH)
def create_officer(kind, place):
    """Open an account with an office; the code is shown once."""
    found, form = get_place(kind, place), forms.PersonForm()
    _offer(form, found)
    back = flask.url_for(".offices", kind=kind, place=place)
    if form.submit(lambda: actions.create_officer(flask.g.actor, found, person_of(form), form.role.data)):
        account, code = form.result
        return show_code(account, code, back)
    return show("person_form", form, form=form, title=_("Nouveau compte"), at=found.name, back=back)


@bp.page(f"{_PLACE}/<account>/<role>/retirer", access="manager", methods=BOTH)
def dismiss(kind, place, account, role):
    """Ask, then withdraw an office."""
    found, form = get_place(kind, place), Form()
    held = [o for o in queries.list_holders(found) if o.account.public_id == account and o.role == role]
    if not held and flask.request.method == "POST":
        return to("offices", kind=kind, place=place)  # sent twice
    if not held:
        raise NotFound()
    if form.submit(lambda: actions.dismiss(flask.g.actor, found, account, role)):
        done(_("La fonction est retirée."))
        if held[0].account_id == flask.g.actor.account_id:
            return flask.redirect("/", 303)
        return to("offices", kind=kind, place=place)
    return show("dismiss", form, form=form, at=found, kind=kind, office=held[0], role=forms.ROLES[role])


def _offer(form, place) -> None:
    form.role.choices = [(role, forms.ROLES[role]) for role in actions.list_roles(place)]
