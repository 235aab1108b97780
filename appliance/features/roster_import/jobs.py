"""What an import leaves behind goes away by itself: an upload after its hour, the before-images after their month."""

from appliance.services.roster import keeping


def forget_imports() -> None:
    """Delete the uploads that nobody applied in time and the changes too old to be undone."""
    keeping.forget_uploads()
    keeping.forget_changes()
