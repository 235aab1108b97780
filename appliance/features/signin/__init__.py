"""Connexion: sign in, sign out, choose a new password when the old one is forgotten."""

from appliance.core.feature import Feature, PersonalData
from appliance.core.i18n import lazy_
from appliance.features.signin import routes
from appliance.services.people import devices, throttle

feature = Feature(
    name="signin",
    title=lazy_("Connexion"),
    blueprint=routes.bp,
    personal_data=(
        PersonalData(
            tables=("session",),
            purpose="keep a person signed in on their own devices, and let them close each one",
            legal_basis="public-interest mission",
            retention="security.session_hours without a visit, security.session_days at most; deleted at sign-out",
            path_to_person="session.account",
        ),
        PersonalData(
            tables=("sign_in_attempt",),
            purpose="slow down whoever guesses passwords and codes",
            legal_basis="public-interest mission (security of the processing)",
            retention="15 minutes; a keyed hash and a truncated network, no name",
            path_to_person="none: the subject is a keyed hash",
        ),
    ),
    jobs=(throttle.forget_old,),
    hourly=(devices.forget_expired_sessions,),
)
