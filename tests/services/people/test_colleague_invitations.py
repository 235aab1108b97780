"""A colleague's code stands for as long as whoever made it decides who belongs to the class; it can be cancelled."""

import pytest

from appliance.core.errors import Denied, NotFound, Refused
from appliance.school import policy
from appliance.school.models import Account, Invitation, Membership, Office, SchoolYear
from appliance.school.policy import SYSTEM
from appliance.services.people import accounts, codes, invitations, places


def staff(world, key="teacher", classroom=None):
    actor = world.actor(key)
    return actor, policy.get_access(actor, (classroom or world.cm1).public_id)


def is_open(code) -> bool:
    try:
        return invitations.welcome(code).purpose == "colleague"
    except codes.WrongCode:
        return False


def team_place(world, key):
    return Membership.get((Membership.account == world.account(key)) & (Membership.classroom == world.cm1))


def test_a_teacher_taken_off_a_class_does_not_come_back_with_a_code_made_before(world):
    places.add_teacher(SYSTEM, world.account("teacher2"), world.cm1)
    code = invitations.invite_colleague(*staff(world, "teacher2"))
    places.remove_teacher(SYSTEM, team_place(world, "teacher2"))
    with pytest.raises(codes.WrongCode):
        invitations.link_account(world.actor("teacher2"), code)


@pytest.mark.parametrize("end", ["dismissed", "closed", "became an assistant"])
def test_a_code_ends_with_the_right_of_whoever_made_it(world, end):
    if end != "became an assistant":
        code = invitations.invite_colleague(*staff(world, "principal"))
        if end == "closed":
            accounts.disable(SYSTEM, world.account("principal"))
        else:
            places.dismiss(SYSTEM, Office.get(Office.account == world.account("principal")))
    else:
        places.add_teacher(SYSTEM, world.account("teacher2"), world.cm1)
        code = invitations.invite_colleague(*staff(world, "teacher2"))
        places.remove_teacher(SYSTEM, team_place(world, "teacher2"))
        places.add_teacher(SYSTEM, world.account("teacher2"), world.cm1, "assistant")
    assert not is_open(code)
    assert invitations.list_colleague_invitations(*staff(world)) == []


def test_an_assistant_sees_no_code_that_waits(world):
    with pytest.raises(Denied):
        invitations.list_colleague_invitations(*staff(world, "assistant"))


def test_the_code_of_a_past_year_brings_nobody_into_its_class(world, clock):
    code = invitations.invite_colleague(*staff(world))
    SchoolYear.update(ends_on=clock.today()).execute()
    assert is_open(code)
    clock.advance(days=1)
    assert not is_open(code)


def test_someone_of_the_team_who_tries_the_code_does_not_spend_it(world):
    code = invitations.invite_colleague(*staff(world))
    for key in ("teacher", "assistant"):
        with pytest.raises(Refused) as refused:
            invitations.link_account(world.actor(key), code)
        assert not isinstance(refused.value, codes.WrongCode)
    assert is_open(code)


def test_a_waiting_code_is_listed_without_the_code_and_cancelled_once(world):
    actor, access = staff(world)
    first, second = (invitations.invite_colleague(actor, access, role) for role in ("assistant", "teacher"))
    waiting = invitations.list_colleague_invitations(actor, access)
    assert [(row.role, row.created_by.name) for row in waiting] == [
        ("assistant", "Sophie Martin"),
        ("teacher", "Sophie Martin"),
    ]
    for _time in range(2):
        invitations.cancel_colleague_invitation(actor, access, waiting[0].public_id)
    assert not is_open(first) and is_open(second)
    assert [row.id for row in invitations.list_colleague_invitations(actor, access)] == [waiting[1].id]


def test_the_head_of_the_school_cancels_too_and_nobody_from_outside(world):
    actor, access = staff(world)
    code = invitations.invite_colleague(actor, access)
    (waiting,) = invitations.list_colleague_invitations(actor, access)
    with pytest.raises(Denied):
        invitations.cancel_colleague_invitation(*staff(world, "assistant"), waiting.public_id)
    with pytest.raises(NotFound):
        invitations.cancel_colleague_invitation(*staff(world, "teacher2", world.ce1), waiting.public_id)
    assert is_open(code)
    invitations.cancel_colleague_invitation(*staff(world, "principal"), waiting.public_id)
    assert not is_open(code)


def test_a_used_or_outdated_code_waits_no_more(world, clock):
    actor, access = staff(world)
    invitations.link_account(world.actor("teacher2"), invitations.invite_colleague(actor, access))
    invitations.invite_colleague(actor, access)
    assert len(invitations.list_colleague_invitations(actor, access)) == 1
    clock.advance(days=61)
    assert invitations.list_colleague_invitations(*staff(world)) == []


def test_a_code_made_by_the_appliance_itself_stands(world):
    from datetime import timedelta

    code = codes.create("colleague", life=timedelta(days=1), classroom=world.cm1, role="teacher")
    assert Invitation.get().created_by is None and is_open(code)
    account = Account.get(Account.identifier == "teacher2@demo.test")
    invitations.link_account(accounts.actor_of(account), code)
    assert team_place(world, "teacher2").role == "teacher"
