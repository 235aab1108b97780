"""What was found each time that someone verified the journal from this page."""

import peewee

from appliance.core import clock
from appliance.storage.database import Table
from appliance.storage.fields import BytesField, InstantField


class JournalCheck(Table):
    """One verification: how many entries there were, their root, and how many problems were found."""

    at = InstantField(default=clock.now)
    size = peewee.BigIntegerField()
    root = BytesField()
    problems = peewee.IntegerField()


MODELS = (JournalCheck,)
