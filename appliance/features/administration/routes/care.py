"""The state of the encrypted files, for administrators: how many, when they were last compared, which are damaged."""

from appliance.features.administration import queries
from appliance.services.media import scrub


def card(actor) -> dict:
    """What the card of the first page shows."""
    care = scrub.report()
    academies = [each.id for each in queries.list_academies(actor)]
    return {"care": care, "damaged": scrub.list_damaged(academies) if care.damaged else []}
