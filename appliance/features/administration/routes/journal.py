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
    return show(
        "journal", size=size, root=root.hex(), check=queries.find_last_check(), entries=queries.list_entries(),
        is_asked=queries.is_journal_check_asked(),
    )  # fmt: skip


@bp.page("/journal/verifier", access="dpo", methods=("POST",))
def verify():
    """Have everything recomputed, behind the pages."""
    actions.ask_journal_check(flask.g.actor)
    flask.flash(_("La vérification est demandée. Son résultat paraîtra ici, dans quelques minutes au plus."), "info")
    return to("journal")
