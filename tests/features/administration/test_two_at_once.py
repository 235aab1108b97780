"""Two people who govern the same place at the same moment: one acts, the other is told why not, the place keeps its
rule."""

import pytest

from appliance.core.errors import Refused
from appliance.features.administration import actions
from appliance.school.models import Account, Classroom, Office, School
from appliance.school.policy import SYSTEM
from appliance.services.people import places
from tests.services.people.test_races import at_once, kinds


def heads(world) -> list[Office]:
    return list(Office.select().where((Office.role == "principal") & (Office.school == world.cm1.school)))


@pytest.fixture
def two_heads(world):
    """The school has two heads, each of whom may withdraw the other."""
    places.appoint(SYSTEM, world.account("teacher2"), world.academy, "principal", world.cm1.school)
    return {key: world.actor(key) for key in ("principal", "teacher2")}


def test_two_heads_who_withdraw_each_other_leave_one(world, two_heads):
    one, other = two_heads.values()
    school = world.cm1.school
    found = at_once(
        lambda: actions.dismiss(one, school, other.public_id, "principal"),
        lambda: actions.dismiss(other, school, one.public_id, "principal"),
    )
    assert kinds(found) == ["NoneType", "Refused"] and len(heads(world)) == 1


def test_two_administrators_who_withdraw_each_other_leave_one(world):
    places.appoint(SYSTEM, world.account("teacher2"), world.academy, "admin")
    one, other = world.actor("admin"), world.actor("teacher2")
    found = at_once(
        lambda: actions.dismiss(one, world.academy, other.public_id, "admin"),
        lambda: actions.dismiss(other, world.academy, one.public_id, "admin"),
    )
    assert kinds(found) == ["NoneType", "Refused"]
    assert Office.select().where(Office.role == "admin").count() == 1


def test_a_head_whose_account_is_closed_heads_nothing(world, two_heads):
    """Else the last one who can sign in would leave the school to nobody; the closed one can always be withdrawn."""
    one, other = two_heads.values()
    Account.update(disabled_at=world.cm1.created_at).where(Account.id == other.account_id).execute()
    with pytest.raises(Refused):
        actions.dismiss(one, world.cm1.school, one.public_id, "principal")
    actions.dismiss(one, world.cm1.school, other.public_id, "principal")
    assert [office.account_id for office in heads(world)] == [one.account_id]


def test_one_class_of_a_name_is_made(world, two_heads):
    school = world.cm1.school.public_id
    acts = [
        lambda actor=actor: actions.create_classroom(actor, school, "CE2", "", "2025-2026")
        for actor in two_heads.values()
    ]
    found = at_once(*acts, *acts)
    assert kinds(found) == ["Classroom", "Refused", "Refused", "Refused"]
    assert Classroom.select().where(Classroom.name == "CE2").count() == 1
    head, ours = two_heads["principal"], [world.cm1.public_id, world.ce1.public_id]
    found = at_once(*[lambda each=each: actions.rename_classroom(head, each, "CP", "") for each in ours])
    assert kinds(found) == ["NoneType", "Refused"]


def test_one_school_of_a_name_and_one_office_are_made(world):
    admin, academy = world.actor("admin"), world.academy
    found = at_once(*[lambda: actions.create_school(admin, academy.public_id, "Neuve", "", "") for _i in range(3)])
    assert kinds(found) == ["Refused", "Refused", "School"]
    assert School.select().where(School.name == "Neuve").count() == 1
    named = world.account("teacher").identifier
    assert at_once(*[lambda: actions.appoint(admin, academy, named, "dpo") for _i in range(3)]) == [None] * 3
    assert Office.select().where(Office.account == world.account("teacher")).count() == 1
