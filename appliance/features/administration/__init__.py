"""Schools, years, classes, offices and accounts for those who govern; the state of the service, and of the journal for
the DPO."""

from appliance.core.feature import Feature, NavItem
from appliance.core.i18n import lazy_
from appliance.features.administration import jobs, models, routes

feature = Feature(
    name="administration",
    title=lazy_("Administration"),
    blueprint=routes.bp,
    models=models.MODELS,
    no_personal_data={
        "journal_check": "dates and results of verifications, of nobody",
        "health_state": "codes, sizes and dates of the service itself, of nobody",
    },
    jobs=(jobs.compare_files, jobs.look_after_health),
    nav=(
        NavItem(
            lazy_("École"),
            "administration.index",
            "school",
            60,
            lambda actor: bool(actor.offices & {"principal", "admin"}),
        ),
        NavItem(
            lazy_("Comptes"),
            "administration.people",
            "people",
            61,
            lambda actor: bool(actor.offices & {"principal", "admin"}),
        ),
        NavItem(lazy_("Journal"), "administration.journal", "shield", 70, lambda actor: "dpo" in actor.offices),
    ),
)
