"""What was found last of each thing that is looked at, and whether people were told."""

import peewee

from appliance.core import clock
from appliance.storage.database import Table
from appliance.storage.fields import InstantField


class HealthState(Table):
    """One check as it stands since `since_at`: a code, the wording of its sentence, its level and facts (JSON: sizes,
    dates and names of programs, nothing of anyone).

    A row is written when something changed, so that a quiet machine writes little; `told` when a letter spoke of the
    problem and none yet of its end.
    """

    code = peewee.CharField(max_length=40, unique=True)
    wording = peewee.CharField(max_length=40)
    level = peewee.SmallIntegerField()
    facts = peewee.TextField(default="{}")
    checked_at = InstantField(default=clock.now)
    since_at = InstantField(default=clock.now)
    told = peewee.BooleanField(default=False)
    told_at = InstantField(null=True)


MODELS = (HealthState,)
