"""What the people's services keep for themselves: failed attempts, so that guessing is slow for everyone."""

import peewee

from appliance.core import clock
from appliance.storage.database import Table
from appliance.storage.fields import BytesField, InstantField


class SignInAttempt(Table):
    """A failed attempt at a password, a code or a class key; it serves fifteen minutes, then a job forgets it.

    `subject` is a keyed hash of what was typed (an identifier), never the text: people type passwords in wrong fields.
    """

    kind = peewee.CharField(max_length=8)
    subject = BytesField()
    network = peewee.CharField(max_length=43, default="")
    at = InstantField(default=clock.now, index=True)

    class Meta:
        indexes = ((("kind", "subject", "at"), False), (("kind", "network", "at"), False))


MODELS = (SignInAttempt,)
