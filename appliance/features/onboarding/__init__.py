"""Arrivée: an invitation or a class key becomes an account; the sensitive-data notice that nobody skips."""

from appliance.core.feature import Feature, PersonalData
from appliance.core.i18n import lazy_
from appliance.features.onboarding import routes

feature = Feature(
    name="onboarding",
    title=lazy_("Arrivée"),
    blueprint=routes.bp,
    personal_data=(
        PersonalData(
            tables=("invitation",),
            purpose="let the person whom the school named, and nobody else, open an account or choose a new password",
            legal_basis="public-interest mission",
            retention="security.invitation_days; erased with the guardian or the account",
            path_to_person="invitation.guardian or invitation.account",
        ),
        PersonalData(
            tables=("join_request",),
            purpose="let a family ask to join a class, and the teacher decide",
            legal_basis="public-interest mission",
            retention="the school year; erased with the account",
            path_to_person="join_request.account",
        ),
        PersonalData(
            tables=("notice_acceptance",),
            purpose="prove that the sensitive-data notice was acknowledged or consented to",
            legal_basis="public-interest mission; consent where school.notice says so",
            retention="as long as the account",
            path_to_person="notice_acceptance.account",
        ),
    ),
)
