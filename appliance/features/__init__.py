"""Every capability of Préau, one folder each; a newcomer reads this list first."""

import importlib

from appliance.core.feature import Feature

NAMES = (
    "home",  # the first page: for a guardian, all children of all schools
    "signin",  # sign-in, sign-out, forgotten password
    "onboarding",  # the sensitive-data notice; an invitation becomes an account
    "my_account",  # one's name, language, password, devices
    "classroom",  # members, groups, invitations, class key and approvals
    "feed",  # posts with photos and documents, comments, reactions, receipts
    "album",  # the photos and films of a class by date; an archive of them
    "roster_import",  # a national roster file becomes classes, pupils and guardians
    "administration",  # schools, classes, offices, accounts: for principals and admins
)


def load() -> list[Feature]:
    """The manifests of all features, in the order above."""
    return [importlib.import_module(f"appliance.features.{name}").feature for name in NAMES]
