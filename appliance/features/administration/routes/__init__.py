"""HTTP of administration, a file per subject: parse, call, render."""

from appliance.features.administration.routes.base import bp

# Imported for the routes that they declare.
from appliance.features.administration.routes import accounts, antivirus, health, journal, offices, places, plans  # noqa: F401 isort: skip

__all__ = ["bp"]
