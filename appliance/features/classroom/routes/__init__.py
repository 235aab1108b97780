"""HTTP of the class's people, a file per subject: parse, call, render."""

from appliance.features.classroom.routes.base import bp

# Imported for the routes that they declare.
from appliance.features.classroom.routes import adults, groups, invitations, members, pupils, requests, team  # noqa: F401 isort: skip

__all__ = ["bp"]
