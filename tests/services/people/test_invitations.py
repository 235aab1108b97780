"""Invitations: one code, one person, one use; and never a way to somebody else's child."""

from datetime import timedelta

import pytest

from appliance.core.config import Security
from appliance.core.errors import Conflict, Denied, NotFound, QuotaReached, Refused
from appliance.school import policy
from appliance.school.models import Account, Guardian, Guardianship, Invitation, JoinRequest, Membership
from appliance.school.policy import SYSTEM
from appliance.services.people import accounts, children, codes, invitations, joining, throttle
from tests.support.plan import set_plan

GOOD = "quatre chevaux bleus dansent"


@pytest.fixture(autouse=True)
def _limits():
    yield
    accounts.configure(Security())
    invitations.configure(Security())


def person(email="new@demo.test"):
    return accounts.Person("Anne", "Dubois", email=email)


def staff(world, key="teacher", classroom=None):
    actor = world.actor(key)
    return actor, policy.get_access(actor, (classroom or world.cm1).public_id)


def guardian_of(world, key):
    return Guardian.get(Guardian.account == world.account(key))


def invite(world, key="guardian1", by="teacher"):
    guardian = guardian_of(world, key)
    Guardian.update(account=None).where(Guardian.id == guardian.id).execute()
    actor, access = staff(world, by)
    ((found, code),) = invitations.invite_guardians(actor, access, [guardian.public_id])
    assert found == guardian
    return guardian, code


def test_an_invited_guardian_opens_an_account_and_sees_their_child(world):
    guardian, code = invite(world)
    account = invitations.open_account(code, person(), GOOD)
    assert Guardian.get_by_id(guardian.id).account == account
    assert [child.first_name for child in accounts.actor_of(account).children] == ["Léa"]


def test_a_code_is_known_by_its_hash_only(world):
    _guardian, code = invite(world)
    row = Invitation.get()
    assert code.replace("-", "").encode() not in bytes(row.code_hash) and len(row.code_hash) == 32


def test_a_code_serves_once(world):
    _guardian, code = invite(world)
    invitations.open_account(code, person(), GOOD)
    with pytest.raises(codes.WrongCode):
        invitations.open_account(code, person("other@demo.test"), GOOD)
    assert not Account.select().where(Account.email == "other@demo.test").exists()


def test_a_code_spent_in_the_meantime_opens_nothing(world):
    _guardian, code = invite(world)
    invitation = Invitation.get()
    codes.use(invitation)
    with pytest.raises(codes.WrongCode):
        codes.use(invitation)


def test_nor_does_a_code_that_ended_in_the_meantime(world, clock):
    invite(world)
    invitation = Invitation.get()
    clock.advance(days=400)
    with pytest.raises(codes.WrongCode):
        codes.use(invitation)


def test_printing_again_cancels_the_letter_before(world):
    guardian, first = invite(world)
    actor, access = staff(world)
    ((_same, second),) = invitations.invite_guardians(actor, access, [guardian.public_id])
    with pytest.raises(codes.WrongCode):
        invitations.welcome(first)
    assert invitations.welcome(second).first_name == "Anne"


def test_a_code_ends_after_its_life(world, clock):
    _guardian, code = invite(world)
    clock.advance(days=59)
    assert invitations.welcome(code)
    clock.advance(days=2)
    with pytest.raises(codes.WrongCode):
        invitations.welcome(code)


@pytest.mark.parametrize(
    "spell",
    [
        str.lower,
        lambda code: code.replace("-", " "),
        lambda code: f"  {code} ",
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: " ".join(code.replace("-", "")),
        lambda code: " ".join(code),
    ],
)
def test_how_a_code_is_typed_does_not_matter(world, spell):
    _guardian, code = invite(world)
    assert invitations.welcome(spell(code)).purpose == "guardian"


@pytest.mark.parametrize(
    "typed", ["", "x", "K7QM-2XPA", "💥" * 12, "\x00" * 12, "A" * 10_000, "K7QM-2XPA-94TD", "../../etc"]
)
def test_any_other_text_is_refused_in_words(world, typed):
    with pytest.raises(codes.WrongCode) as refused:
        invitations.welcome(typed)
    assert refused.value.field == "code" and refused.value.message


def test_guessing_codes_is_slowed_for_a_network_and_typos_are_not_guesses(world):
    from appliance.crypto.recovery import new_code

    for _i in range(150):
        with pytest.raises(codes.WrongCode):
            invitations.welcome("K7QM-2XPA-94TA", network="192.0.2.0/24")
    for _i in range(100):
        with pytest.raises(codes.WrongCode):
            invitations.welcome(new_code(), network="192.0.2.0/24")
    with pytest.raises(throttle.TooManyAttempts):
        invitations.welcome(new_code(), network="192.0.2.0/24")


def test_what_a_code_shows_is_ones_own_children_only(world):
    _guardian, code = invite(world, "nadia")
    welcome = invitations.welcome(code)
    assert welcome.children == (("Adam", "CE1"), ("Inès", "CM1 A"))
    assert (welcome.first_name, welcome.last_name, welcome.school_name) == ("Nadia", "Benali", "École Jules-Ferry")


@pytest.mark.parametrize("key", ["contact", "withdrawn"])
def test_nobody_is_invited_without_legal_authority(world, key):
    guardian = guardian_of(world, key)
    Guardian.update(account=None).where(Guardian.id == guardian.id).execute()
    actor, access = staff(world)
    assert invitations.invite_guardians(actor, access, [guardian.public_id]) == []


def test_whoever_has_an_account_gets_no_letter(world):
    actor, access = staff(world)
    assert invitations.invite_guardians(actor, access, [guardian_of(world, "guardian1").public_id]) == []


def test_authority_withdrawn_after_printing_makes_the_letter_worthless(world):
    guardian, code = invite(world)
    link = Guardianship.get(Guardianship.guardian == guardian)
    children.set_authority(SYSTEM, link, "withdrawn", document_reference="Jugement 25/2")
    with pytest.raises(codes.WrongCode):
        invitations.open_account(code, person(), GOOD)


def test_a_teacher_invites_for_their_own_class_only(world):
    actor, access = staff(world)
    with pytest.raises(NotFound):
        invitations.invite_guardians(actor, access, [guardian_of(world, "zoe1").public_id])
    with pytest.raises(Denied):
        invitations.invite_guardians(*staff(world, "assistant"), [guardian_of(world, "guardian1").public_id])


def test_one_account_gathers_children_of_two_schools(world):
    _guardian, code = invite(world, "guardian1")
    actor = world.actor("stranger")
    invitations.link_account(actor, code)
    assert {child.school_name for child in world.actor("stranger").children} == {"École Jules-Ferry", "École du Moulin"}


def test_the_other_guardians_letter_does_not_go_into_ones_own_account(world):
    _guardian, code = invite(world, "guardian2")
    with pytest.raises(Refused):
        invitations.link_account(world.actor("guardian1"), code)
    assert guardian_free(world, "Marc")
    assert invitations.welcome(code).first_name == "Marc"


def guardian_free(world, first_name):
    return Guardian.get(Guardian.first_name == first_name).account is None


def test_a_refused_account_leaves_the_code_unspent(world):
    _guardian, code = invite(world)
    for wrong in (person("ab"), accounts.Person("", "Dubois")):
        with pytest.raises(Refused):
            invitations.open_account(code, wrong, GOOD)
    with pytest.raises(Refused):
        invitations.open_account(code, person(), "court")
    assert invitations.open_account(code, person(), GOOD)


def test_a_cancelled_letter_opens_nothing(world):
    guardian, code = invite(world)
    invitations.cancel_guardian_invitations(*staff(world), [guardian.public_id])
    with pytest.raises(codes.WrongCode):
        invitations.welcome(code)


def test_a_colleague_joins_the_class_with_the_role_of_the_invitation(world):
    code = invitations.invite_colleague(*staff(world), "assistant")
    welcome = invitations.welcome(code)
    assert (welcome.purpose, welcome.classroom_name, welcome.first_name) == ("colleague", "CM1 A", "")
    invitations.link_account(world.actor("teacher2"), code)
    row = Membership.get((Membership.account == world.account("teacher2")) & (Membership.classroom == world.cm1))
    assert row.role == "assistant"


def test_a_class_has_no_more_teachers_than_its_limit(world):

    code = invitations.invite_colleague(*staff(world))
    set_plan(administrators=1)
    with pytest.raises(QuotaReached):
        invitations.link_account(world.actor("teacher2"), code)
    with pytest.raises(QuotaReached):
        invitations.invite_colleague(*staff(world))


# Joining with the class key


def ask(world, actor=None, key=None, **changes):
    fields = joining.JoinFields(key or world.cm1.join_code, changes.pop("child_name", "Léa Dubois"), "mother")
    if actor is None:
        return joining.ask_to_join(None, fields, person(), GOOD, **changes)
    return joining.ask_to_join(actor, fields, **changes)


def test_the_class_key_lets_one_ask_and_shows_nothing_before_the_approval(world):
    request = ask(world)
    actor = accounts.actor_of(request.account)
    assert request.status == "pending" and actor.classes == () and actor.children == ()


def test_an_approved_request_makes_a_guardian_of_that_child_only(world):
    request = ask(world)
    actor, access = staff(world)
    assert [each.id for each in invitations.list_join_requests(actor, access)] == [request.id]
    invitations.decide_join_request(actor, access, request.public_id, True, world.student("Hugo").public_id)
    assert [child.first_name for child in accounts.actor_of(request.account).children] == ["Hugo"]
    with pytest.raises(Conflict):
        invitations.decide_join_request(actor, access, request.public_id, False)


def test_a_request_is_approved_while_the_class_itself_has_room(world):
    set_plan(members=11)
    first, second = ask(world), ask(world, world.actor("stranger"))
    invitations.decide_join_request(*staff(world), first.public_id, True, world.student("Hugo").public_id)
    with pytest.raises(QuotaReached):
        invitations.decide_join_request(*staff(world), second.public_id, True, world.student("Hugo").public_id)


def test_a_refused_request_gives_nothing(world):
    request = ask(world)
    invitations.decide_join_request(*staff(world), request.public_id, False)
    assert accounts.actor_of(request.account).children == ()
    assert invitations.list_join_requests(*staff(world)) == []


def test_approving_can_name_the_guardian_that_the_roster_knows_and_gives_no_other(world):
    others = [guardian_of(world, key) for key in ("hugo2", "hugo3", "guardian2")]
    guardian = guardian_of(world, "hugo3")
    others.remove(guardian)
    Guardian.update(account=None).where(Guardian.id.in_([guardian.id, *(each.id for each in others)])).execute()
    request = ask(world)
    invitations.decide_join_request(
        *staff(world), request.public_id, True, world.student("Hugo").public_id, guardian.public_id
    )
    assert Guardian.get_by_id(guardian.id).account == request.account
    assert [Guardian.get_by_id(each.id).account for each in others] == [None, None]
    assert Guardianship.select().where(Guardianship.student == world.student("Hugo")).count() == 3


def test_approving_does_not_take_a_guardian_whose_letter_served_meanwhile(world, monkeypatch):
    guardian, code = invite(world, "hugo1")
    request = ask(world)
    real = Guardian.update

    def letter_serves_first(**values):
        monkeypatch.setattr(Guardian, "update", real)
        invitations.link_account(world.actor("stranger"), code)
        return real(**values)

    monkeypatch.setattr(Guardian, "update", letter_serves_first)
    with pytest.raises(Conflict):
        invitations.decide_join_request(
            *staff(world), request.public_id, True, world.student("Hugo").public_id, guardian.public_id
        )
    assert Guardian.get_by_id(guardian.id).account != request.account


def test_approving_does_not_make_one_account_two_guardians_of_a_sibling(world):
    """Anne asks for Tom; the teacher ticks Marc, the father of Tom and of Léa, who is not Anne."""
    marc, _code = invite(world, "guardian2")
    tom = children.create_student(SYSTEM, world.cm1.school, "Tom", "Lefort")
    children.enrol(SYSTEM, tom, world.cm1)
    children.link(SYSTEM, marc, tom)
    request = ask(world, world.actor("guardian1"), child_name="Tom Lefort")
    with pytest.raises(Refused):
        invitations.decide_join_request(*staff(world), request.public_id, True, tom.public_id, marc.public_id)
    assert Guardian.get_by_id(marc.id).account is None and JoinRequest.get().status == "pending"


def test_requests_of_another_class_are_neither_seen_nor_decided(world):
    request = ask(world)
    actor, access = staff(world, "teacher2", world.ce1)
    assert invitations.list_join_requests(actor, access) == []
    with pytest.raises(NotFound):
        invitations.decide_join_request(actor, access, request.public_id, True, world.student("Adam").public_id)
    with pytest.raises(Denied):
        invitations.decide_join_request(*staff(world, "assistant"), request.public_id, True)


def test_a_pupil_of_another_class_cannot_be_given(world):
    request = ask(world)
    with pytest.raises(Refused):
        invitations.decide_join_request(*staff(world), request.public_id, True, world.student("Zoé").public_id)
    assert JoinRequest.get_by_id(request.id).status == "pending"


@pytest.mark.parametrize("typed", ["", "ZZZZZZZZ", "x" * 5000, "\x00", "'; --", "١٢٣٤٥٦٧٨"])
def test_a_wrong_key_gets_one_neutral_answer_and_opens_no_account(world, typed):
    with pytest.raises(Refused) as refused:
        ask(world, key=typed or "-")
    assert refused.value.field == "key" and "CM1" not in refused.value.message
    assert not Account.select().where(Account.email == "new@demo.test").exists()


def test_the_key_of_a_past_year_is_no_key(world, clock):
    clock.advance(days=400)
    with pytest.raises(Refused):
        ask(world)


def test_guessing_keys_is_slowed(world):
    for _i in range(100):
        with pytest.raises(Refused):
            joining.find_classroom_by_key("ZZZZZZZZ", network="192.0.2.0/24")
    with pytest.raises(throttle.TooManyAttempts):
        joining.find_classroom_by_key(world.cm1.join_code, network="192.0.2.0/24")


def test_asking_twice_is_told_and_changes_nothing(world):
    actor = world.actor("stranger")
    ask(world, actor)
    with pytest.raises(Refused):
        ask(world, actor)
    assert JoinRequest.select().count() == 1
    ask(world, actor, key=world.ce1.join_code)
    assert JoinRequest.select().count() == 2, "another class is another question"


def test_a_reset_code_is_no_invitation(world):
    from appliance.services.people import resets

    code = resets.create_code(SYSTEM, world.account("guardian1"), life=timedelta(days=1))
    with pytest.raises(codes.WrongCode):
        invitations.welcome(code)
