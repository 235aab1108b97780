"""Mon compte: one's name, language, theme, address, password, devices, children, and the proof of the notice."""

from appliance.core.feature import Feature, PersonalData
from appliance.core.i18n import lazy_
from appliance.features.my_account import routes

feature = Feature(
    name="my_account",
    title=lazy_("Mon compte"),
    blueprint=routes.bp,
    personal_data=(
        PersonalData(
            tables=("account",),
            purpose="let a person sign in and be named to the school",
            legal_basis="public-interest mission",
            retention="at most 3 months after the person has left (arrêté of 30/11/2006, art. 6)",
            path_to_person="account.id",
        ),
    ),
)
