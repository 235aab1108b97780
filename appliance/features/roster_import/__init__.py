"""Import des listes: a roster file becomes classes, pupils and guardians; seen before it is applied, undone after."""

from appliance.core.feature import Feature, NavItem, PersonalData
from appliance.core.i18n import lazy_
from appliance.features.roster_import import routes
from appliance.services.roster import keeping
from appliance.services.roster.models import MODELS

feature = Feature(
    name="roster_import",
    title=lazy_("Import des listes"),
    blueprint=routes.bp,
    models=MODELS,
    personal_data=(
        PersonalData(
            tables=("roster_import", "roster_change"),
            purpose="look at a roster before it is applied, and put back what an import changed",
            legal_basis="public-interest mission",
            retention="the files one hour, sealed; what was changed 30 days, sealed; the counts with the journal",
            path_to_person="roster_import.account (who imported); the rows named by roster_change.kind and row_id",
        ),
        PersonalData(
            tables=("roster_source",),
            purpose="know what the last file said, so that a correction made by the school since is not overwritten",
            legal_basis="public-interest mission",
            retention="as long as the class, the pupil or the guardian it speaks of",
            path_to_person="roster_source.student, roster_source.guardian",
        ),
    ),
    nav=(
        NavItem(
            lazy_("Import"),
            "roster_import.index",
            "upload",
            80,
            lambda actor: bool(actor.offices & {"principal", "admin"}),
        ),
    ),
    jobs=(keeping.forget_uploads,),
    hourly=(keeping.forget_changes,),
)
