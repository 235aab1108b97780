"""The state of the journal, for the DPO: its size, its root, whether it holds, what was written last."""

import flask

from appliance.core.i18n import _
from appliance.features.administration import actions, queries
from appliance.features.administration.routes.base import bp, show, to
from appliance.services import audit


@bp.page("/journal", access="dpo")
def journal():
    """Size, root, last verification, and the names of the latest events."""
    size, root = audit.root()
    return show("journal", size=size, root=root.hex(), check=queries.find_last_check(), entries=queries.list_entries())


@bp.page("/journal/verifier", access="dpo", methods=("POST",))
def verify():
    """Recompute everything now."""
    problems = actions.verify_journal(flask.g.actor)
    if problems:
        flask.flash(
            _("Le journal ne correspond pas à son empreinte. Prévenez l’administrateur sans rien modifier."), "error"
        )
    else:
        flask.flash(_("Le journal est intact."), "done")
    return to("journal")
