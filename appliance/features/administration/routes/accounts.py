"""The accounts of the school or the academy: who, which places, which state."""

import flask

from appliance.core.i18n import _
from appliance.features.administration import actions, forms, reach
from appliance.features.administration.routes.base import bp, done, page_url, show, show_code, to
from appliance.web.forms import Form

BOTH = ("GET", "POST")


@bp.page("/administration/comptes", access="manager")
def people():
    """All accounts, with a search by name; nothing of what they wrote or read."""
    searched = flask.request.args.get("nom", "")[:100].strip()
    found = reach.read_people(flask.g.actor, searched, flask.request.args.get("page", 1, type=int))
    return show(
        "people",
        accounts=found.people,
        total=found.total,
        searched=searched,
        roles=forms.ROLES,
        before=page_url(".people", searched, found.page - 1) if found.page > 1 else None,
        after=page_url(".people", searched, found.page + 1) if found.has_more else None,
    )


@bp.page("/administration/comptes/<account>", access="manager")
def person(account):
    """One account, and what can be done for it."""
    found, row = reach.read_person(flask.g.actor, account)
    return show("person", person=found, roles=forms.ROLES, can_help=reach.can_help(flask.g.actor, row))


@bp.page("/administration/comptes/<account>/fermer", access="manager", methods=BOTH)
def close_account(account):
    """Ask, then close an account."""
    row, form = reach.get_person(flask.g.actor, account), Form()
    if form.submit(lambda: actions.close_account(flask.g.actor, account)):
        done(_("Le compte est fermé et ses appareils sont déconnectés. Vous pouvez le rouvrir."))
        return to("person", account=account)
    return show("close_account", form, form=form, account=row)


@bp.page("/administration/comptes/<account>/rouvrir", access="manager", methods=("POST",))
def open_account(account):
    """Open a closed account again."""
    actions.open_account(flask.g.actor, account)
    done(_("Le compte est de nouveau ouvert."))
    return to("person", account=account)


@bp.page("/administration/comptes/<account>/code", access="manager", methods=("POST",))
def account_code(account):
    """A code for someone who lost their password; shown once."""
    found, code = actions.print_code(flask.g.actor, account)
    return show_code(found, code, flask.url_for(".person", account=account))
