"""What the tests of a class's people share: addresses, rows by name, and the journal's events."""

import json

import pytest

from appliance.school.models import Guardian, Guardianship
from appliance.services.audit import AuditEntry


class Room:
    """Addresses of the CM1's pages and rows by first name."""

    def __init__(self, world):
        self.world = world
        self.url = f"/classes/{world.cm1.public_id}"

    def pupil(self, first_name, end=""):
        """The address of a pupil's page."""
        return f"{self.url}/eleves/{self.world.student(first_name).public_id}{end}"

    def adult(self, pupil, first_name, end=""):
        """The address of the page of a pupil's adult."""
        return self.pupil(pupil, f"/responsables/{self.guardian(first_name).public_id}{end}")

    def guardian(self, first_name):
        """A guardian by first name."""
        return Guardian.get(Guardian.first_name == first_name)

    def link(self, first_name, pupil):
        """The link of an adult and a pupil."""
        student = self.world.student(pupil)
        return Guardianship.get_or_none(guardian=self.guardian(first_name), student=student)


@pytest.fixture
def room(world):
    """The CM1 of the world."""
    return Room(world)


@pytest.fixture
def events(world):
    """`events()` gives the names of all journal entries, oldest first."""

    def read():
        return [json.loads(bytes(row.entry))["event"] for row in AuditEntry.select().order_by(AuditEntry.seq)]

    return read
