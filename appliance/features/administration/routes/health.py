"""The state of the service, for administrators: what is wrong first, each with its remedy; nothing is looked at in the
request."""

import flask

from appliance.core.i18n import _
from appliance.features.administration import actions
from appliance.features.administration.routes.base import bp, show, to
from appliance.services.health import checks, keeping, words


def card() -> dict:
    """What the link of the first page shows."""
    return {"unwell": keeping.count_bad()}


@bp.page("/administration/sante", access="admin")
def health():
    """Everything as it was found last."""
    found = [_row(state) for state in keeping.list_states()]
    return show(
        "health",
        unwell=[row for row in found if row["level"] != "ok"],
        well=[row for row in found if row["level"] == "ok" and row["code"] != "versions"],
        versions=next((row["versions"] for row in found if row["code"] == "versions"), {}),
        looked_at=keeping.find_last_run(),
        is_asked=keeping.is_asked(),
    )


@bp.page("/administration/sante/verifier", access="admin", methods=("POST",))
def check_health():
    """Have everything looked at now, behind the pages."""
    actions.ask_health_check(flask.g.actor)
    flask.flash(_("La vérification est demandée. Son résultat paraîtra ici, dans quelques minutes au plus."), "info")
    return to("health")


def _row(state) -> dict:
    text, remedy = words.describe(state.check)
    return {
        "code": state.check.code,
        "level": checks.LEVELS[state.check.level],
        "title": words.title(state.check.code),
        "text": text,
        "remedy": remedy,
        "says": state.check.facts.get("says", "") if state.check.level else "",
        "since": state.since,
        "versions": state.check.facts.get("versions", {}),
    }
