"""The antivirus, for administrators: whether it answers, how old what it knows is, and what it put in quarantine."""

import flask

from appliance.core.i18n import _
from appliance.features.administration import actions, queries
from appliance.features.administration.routes.base import bp, done, to
from appliance.services.media import antivirus


def card(actor) -> dict:
    """What the card of the first page shows."""
    return {
        "scanner": antivirus.read_status(),
        "quarantined": queries.list_quarantined(actor),
        "waiting": queries.count_waiting(actor),
    }


@bp.page("/administration/quarantaine/<quarantined>/supprimer", access="admin", methods=("POST",))
def delete_quarantined(quarantined):
    """Destroy a file that is in quarantine."""
    actions.delete_quarantined(flask.g.actor, quarantined)
    done(_("Le fichier est détruit. Personne n’a pu l’ouvrir."))
    return to("index")
