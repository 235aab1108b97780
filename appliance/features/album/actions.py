"""Taking copies away: allowed by the plan, and in the journal each time, whatever part of them is asked for."""

from appliance.core import clock
from appliance.core.errors import NotFound
from appliance.features.feed import api as feed
from appliance.school.policy import require
from appliance.services import audit, plans
from appliance.services.media import copies
from appliance.services.media.archive import Entry
from appliance.storage.database import transaction


def list_copies(actor, access, month: str | None, on_damaged) -> list[Entry]:
    """The files of a month of the album (None: of all), as an archive holds them. Denied to families without
    *Confort famille*; NotFound when there is nothing that they may see."""
    require(plans.may_download(actor, access))
    shown = [(item.media_id, clock.local(item.published_at)) for item in feed.list_album(actor, access, month)]
    if not shown:
        raise NotFound()
    return copies.list_entries(access, shown, on_damaged)


def record_export(actor, access, month: str | None, number: int) -> None:
    """Note in the journal that this person takes so many files of this month."""
    with transaction():
        audit.record(
            actor, "export", "album_exported", kind="classroom", object_id=access.classroom_public_id,
            classroom=access.classroom_public_id, tenant=access.academy_public_id,
            reason=f"{month or 'all'}, {number} files",
        )  # fmt: skip
