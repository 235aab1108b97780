"""Two people at the same moment: one code, one place, one proof; nobody meets an error of the database."""

import threading

from appliance.core.errors import QuotaReached, Refused
from appliance.features.onboarding import actions as onboarding
from appliance.school.models import Account, Guardian, JoinRequest, Membership, NoticeAcceptance
from appliance.school.policy import SYSTEM
from appliance.services import audit
from appliance.services.people import codes, invitations, joining, places
from appliance.storage import database
from tests.services.people.test_invitations import GOOD, invite, person, staff
from tests.support.plan import set_plan


def at_once(*acts) -> list:
    """What these give, or raise, when they begin together, each in a thread of its own."""
    gate, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        with database.connection():
            gate.wait()
            try:
                found[place] = act()
            except Exception as error:
                found[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def kinds(found) -> list[str]:
    return sorted(type(each).__name__ for each in found)


def test_one_letter_opens_one_account(world):
    guardian, code = invite(world)
    before = Account.select().count()
    found = at_once(*[lambda name=name: invitations.open_account(code, person(name), GOOD) for name in ("", "a@b.fr")])
    assert kinds(found) == ["Account", "WrongCode"] and Account.select().count() == before + 1
    assert Guardian.get_by_id(guardian.id).account in found


def test_the_last_place_of_a_teacher_is_given_once(world):
    invited = [invitations.invite_colleague(*staff(world)) for _i in range(3)]
    set_plan(administrators=2)
    actors = [world.actor(key) for key in ("teacher2", "far_teacher", "admin")]
    pairs = zip(actors, invited, strict=True)
    found = at_once(*[lambda pair=pair: invitations.link_account(*pair) for pair in pairs])
    assert sum(isinstance(each, QuotaReached) for each in found) == 2 and None in found
    assert len(teachers(world)) == 2


def teachers(world):
    return list(Membership.select().where((Membership.classroom == world.cm1) & (Membership.role == "teacher")))


def test_two_teachers_who_take_each_other_off_leave_one(world):
    places.add_teacher(SYSTEM, world.account("teacher2"), world.cm1)
    found = at_once(*[lambda each=each: places.remove_teacher(SYSTEM, each) for each in teachers(world)])
    assert kinds(found) == ["NoneType", "Refused"] and len(teachers(world)) == 1


def test_one_proof_and_one_request_of_somebody_whom_the_journal_does_not_know_yet(world):
    NoticeAcceptance.delete().execute()
    audit.AuditPseudonym.delete().execute()
    actor, fields = world.actor("stranger"), joining.JoinFields(world.cm1.join_code, "Léa")
    found = at_once(*[lambda: onboarding.accept_notice(actor, "acknowledge") for _i in range(3)])
    assert kinds(found) == ["NoticeAcceptance"] * 3 and NoticeAcceptance.select().count() == 1
    audit.AuditPseudonym.delete().execute()
    found = at_once(*[lambda: joining.ask_to_join(actor, fields) for _i in range(3)])
    assert kinds(found) == ["JoinRequest", "Refused", "Refused"] and JoinRequest.select().count() == 1


def test_printing_again_while_letters_serve_ends_in_words_for_everyone(world):
    actor, access = staff(world)
    keys = ("guardian1", "guardian2", "hugo1", "hugo2")
    everyone = [Guardian.get(Guardian.account == world.account(key)).public_id for key in keys]
    for _round in range(3):
        Guardian.update(account=None).where(Guardian.public_id.in_(everyone)).execute()
        given = invitations.invite_guardians(actor, access, everyone)
        acts = [
            lambda code=code: invitations.open_account(code, person(""), GOOD) for _guardian, code in reversed(given)
        ]
        found = at_once(
            *acts,
            lambda: invitations.invite_guardians(actor, access, everyone),
            lambda: invitations.invite_guardians(actor, access, everyone[::-1]),
            lambda: invitations.cancel_guardian_invitations(actor, access, everyone),
        )
        failed = [each for each in found if isinstance(each, Exception)]
        assert all(isinstance(each, Refused) for each in failed), failed
        assert all(isinstance(each, Account | codes.WrongCode) for each in found[: len(keys)])
