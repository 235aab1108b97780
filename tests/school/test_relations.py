"""What a person is to each class is found from that person's own rows, however many classes the academy has."""

import pytest

from appliance.school import relations
from appliance.school.policy import SYSTEM
from appliance.services.people import places
from tests.support.asked import statements, tables_read_whole


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize("who", ["teacher", "guardian1", "principal", "admin"])
def test_a_decision_reads_neither_all_classes_nor_all_people(world, who):
    account = world.account(who)
    with statements() as asked:
        relations.decide(account.id)
    assert len(asked) == 1
    assert not tables_read_whole(asked) & {"classroom", "school", "account", "membership", "office", "enrolment"}


def test_someone_who_teaches_heads_and_has_a_child_finds_every_class_once_with_the_strongest_role(world):
    nadia = world.account("nadia")
    places.add_teacher(SYSTEM, nadia, world.far)
    places.appoint(SYSTEM, nadia, world.academy, "principal", world.cm1.school)
    found = relations.decide(nadia.id)
    assert [(access.classroom_name, access.role, len(access.children)) for access in found.classes] == [
        ("CE1", "principal", 1), ("CM1 A", "principal", 1), ("CP", "teacher", 0),
    ]  # fmt: skip
    places.appoint(SYSTEM, world.account("stranger"), world.academy, "principal")
    whole = relations.decide(world.account("stranger").id)
    assert [access.role for access in whole.classes] == ["principal"] * 3


def test_a_head_of_a_whole_academy_opens_no_class_of_another(world):
    elsewhere = places.create_academy(SYSTEM, "Ailleurs")
    places.appoint(SYSTEM, world.account("stranger"), elsewhere, "principal")
    assert [access.role for access in relations.decide(world.account("stranger").id).classes] == ["guardian"]
    places.add_teacher(SYSTEM, world.account("stranger"), world.cm1)
    found = relations.decide(world.account("stranger").id).classes
    assert [(access.classroom_name, access.role) for access in found] == [("CM1 A", "teacher"), ("CP", "guardian")]
