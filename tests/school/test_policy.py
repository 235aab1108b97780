"""A person's main role is the strongest of all that they are."""

import pytest

from appliance.school.policy import SYSTEM
from appliance.services.people import places


@pytest.mark.parametrize("who", ["teacher", "assistant", "principal", "admin", "dpo", "contact"])
def test_a_person_of_one_role_has_that_role(world, who):
    assert world.actor(who).role_label == who


def test_a_person_of_several_has_the_strongest(world):
    nadia = world.account("nadia")
    assert world.actor("nadia").role_label == "guardian"
    places.add_teacher(SYSTEM, nadia, world.cm1)
    assert world.actor("nadia").role_label == "teacher"
    places.appoint(SYSTEM, nadia, world.academy, "admin")
    assert world.actor("nadia").role_label == "admin"
