"""Files that are about to be compared with what was written."""

from appliance.core.config import Care
from appliance.features.feed import actions
from appliance.features.feed.actions import Content
from appliance.services.media import scrub
from appliance.services.media.models import Media
from appliance.storage import database
from tests.access.filling import document, photo


def publish(world, monkeypatch) -> list[Media]:
    """A photo and a document of a post; the comparison runs at full speed, and PostgreSQL's clock stands with ours."""
    monkeypatch.setattr(database, "read_clock", lambda: None)
    scrub.stopping.clear()
    scrub.configure(world.blobs, Care(scrub_mb_per_second=10000))
    actions.publish(world.actor("teacher"), world.cm1.public_id, Content(text="Bonjour"), files=[photo(), document()])
    return list(Media.select().order_by(Media.id))
