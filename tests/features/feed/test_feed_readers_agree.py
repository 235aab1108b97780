"""Whatever happens to posts and people, the staff's counts and lists and each reader's own pages tell the same story.

The story is told again here from the plain rows, in the simplest way; chance decides what happens.
"""

import random

import pytest

from appliance.core import clock
from appliance.core.errors import DomainError
from appliance.features.feed import actions, api, queries
from appliance.features.feed.actions.moving import count_answers, list_destinations
from appliance.features.feed.models import Post, PostTarget, ReadReceipt
from appliance.school import policy
from appliance.school.models import Enrolment, Group, GroupStudent, Guardian, Guardianship, Membership, Student
from appliance.school.policy import SYSTEM
from appliance.services.people import children, groups, places
from appliance.web import caching

STAFF = ("teacher", "assistant", "teacher2", "principal", "far_teacher")
PEOPLE = (*STAFF, "guardian1", "guardian2", "nadia", "hugo1", "hugo3", "zoe1", "stranger", "contact")
EVENTS = (
    *("publish", "read") * 4, "edit", "move", "withdraw", "restore", "enrol", "leave", "link", "raise_a_child",
    "decide", "gather", "teach", "stop_teaching",
)  # fmt: skip


def tell(post) -> tuple[set, set]:
    """The guardians whom a post concerns, and those of them who have read it."""
    targets = list(PostTarget.select().where(PostTarget.post == post))
    named = {each.student_id for each in targets}
    members = GroupStudent.select().where(GroupStudent.group.in_([each.group_id for each in targets if each.group_id]))
    named |= {each.student_id for each in members}
    here = {
        each.student_id
        for each in Enrolment.select().where(Enrolment.classroom == post.classroom_id)
        if each.left_on is None or each.left_on > clock.today()
    }
    links = Guardianship.select().where(Guardianship.authority == "legal")
    pupils = here if post.audience == "whole" else here & named
    concerned = {each.guardian_id for each in links if each.student_id in pupils}
    read = {each.account_id for each in ReadReceipt.select().where(ReadReceipt.post == post)} | {post.author_id}
    return concerned, {each.id for each in Guardian.select().where(Guardian.account.in_(read))} & concerned


def all_of(ask) -> list:
    """The cards of every page."""
    page = ask(None)
    cards = list(page.cards)
    while page.cursor:
        page = ask(page.cursor)
        cards += page.cards
    return cards


def check(world) -> None:
    """All that anybody is shown agrees with the rows."""
    told = {post.public_id: (post, *tell(post)) for post in Post.select()}
    for who in PEOPLE:
        actor = world.actor(who)
        own = {each.id for each in Guardian.select().where(Guardian.account == world.account(who))}
        due = {
            public_id
            for public_id, (post, concerned, read) in told.items()
            if post.status == "published" and own & concerned and not own & read
        }
        assert set().union(*api.list_unread(actor).values()) == due, who
        recent = all_of(lambda cursor, actor=actor: api.list_recent_for(actor, before=cursor))
        assert {card.post.public_id for card in recent if not card.is_read} == due, who
        for child in {each.public_id for each in actor.children}:
            alone = all_of(lambda cursor, actor=actor, child=child: api.list_recent_for(actor, child, cursor))
            unread = {card.post.public_id for card in alone if not card.is_read}
            assert unread == api.list_unread(actor).get(child, set()), who
        for access in actor.classes:
            cards = all_of(lambda cursor, actor=actor, access=access: queries.list_feed(actor, access, cursor))
            assert {card.post.public_id for card in cards if not card.is_read} <= due, who
            if access.is_staff:
                check_reach(actor, access, cards, told)
            else:
                assert all(card.reach is None for card in cards), who


def check_reach(actor, access, cards, told) -> None:
    """What the staff of a class is told of each post."""
    for card in cards:
        _post, concerned, read = told[card.post.public_id]
        assert card.reach == ((len(read), len(concerned)) if concerned else None)
        listed = {each.public_id: each for family in queries.list_readers(actor, card) for each in family.readers}
        assert len(listed) == len(concerned)
        assert sum(each.read_at is not None for each in listed.values()) == len(read)
    last = max(cards, key=lambda card: (card.post.published_at, card.post.id), default=None)
    if last is not None:
        summary = api.summarise(actor)[access.classroom_id]
        assert (summary.read, summary.total) == (last.reach or (0, 0))


class Chance:
    """What may happen; a refusal is an event like another."""

    def __init__(self, world, clock, seed):
        self.world, self.clock, self.random = world, clock, random.Random(seed)
        self.browsers = {who: world.sign_in(who) for who in PEOPLE}

    def pick(self, rows):
        return self.random.choice(list(rows))

    def staff(self):
        actor = self.world.actor(self.pick(STAFF))
        return actor, self.pick(each for each in actor.classes if each.is_staff)

    def content(self, access):
        pupils = [each.public_id for each in queries.list_students(access)]
        teams = [each.public_id for each in queries.list_groups(access)]
        kind = self.pick(("whole", "children", "groups"))
        return actions.Content("Mot", kind, groups=teams[:1], students=self.random.sample(pupils, min(2, len(pupils))))

    def change(self, act):
        post, actor = self.pick(Post.select()), self.world.actor(self.pick(STAFF))
        act(actor, post.public_id, post)

    def publish(self):
        actor, access = self.staff()
        actions.publish(actor, access.classroom_public_id, self.content(access))
        self.clock.advance(hours=self.pick((1, 20)))

    def read(self):
        post, who = self.pick(Post.select()), self.pick(PEOPLE)
        others = [each for each in PEOPLE if each != who and not self.world.actor(each).is_staff]
        before = [self.browsers[each].get("/").headers["ETag"] for each in others]
        if self.random.random() < 0.5:
            self.browsers[who].get(f"/publications/{post.public_id}")
        else:
            self.browsers[who].submit(f"/publications/{post.public_id}/reaction", {"kind": "thanks"})
        assert before == [self.browsers[each].get("/").headers["ETag"] for each in others]

    def edit(self):
        def act(actor, public_id, post):
            content = self.content(policy.get_access_by_id(actor, post.classroom_id))
            actions.edit(actor, public_id, content, version=post.version)

        self.change(act)

    def move(self):
        def act(actor, public_id, post):
            place = self.pick(list_destinations(actor, policy.get_access_by_id(actor, post.classroom_id)))
            actions.move_post(actor, public_id, place.classroom_public_id, erased=count_answers(post.id))

        self.change(act)

    def withdraw(self):
        self.change(lambda actor, public_id, _post: actions.withdraw(actor, public_id))

    def restore(self):
        self.change(lambda actor, public_id, _post: actions.restore(actor, public_id))

    def enrol(self):
        children.enrol(SYSTEM, self.pick(Student.select()), self.pick((self.world.cm1, self.world.ce1)))

    def leave(self):
        children.leave(SYSTEM, self.pick(Student.select()), self.pick((self.world.cm1, self.world.ce1)))

    def link(self):
        children.link(SYSTEM, self.pick(Guardian.select()), self.pick(Student.select()))

    def raise_a_child(self):
        student, person = self.pick(Student.select()), self.world.account(self.pick(STAFF))
        guardian = children.create_guardian(SYSTEM, student.school, "Parent", "Ici", account=person)
        children.link(SYSTEM, guardian, student)

    def decide(self):
        authority = self.pick(("legal", "contact", "withdrawn"))
        children.set_authority(SYSTEM, self.pick(Guardianship.select()), authority, document_reference="Jugement")

    def gather(self):
        pupils = [each.student_id for each in Enrolment.select().where(Enrolment.classroom == self.world.cm1)]
        chosen = self.random.sample(pupils, self.random.randint(0, len(pupils)))
        group = Group.select().first()
        if group is None:
            groups.create_group(SYSTEM, self.world.cm1, "Chorale", chosen)
        else:
            groups.update_group(SYSTEM, group, "Chorale", chosen)

    def teach(self):
        places.add_teacher(SYSTEM, self.world.account(self.pick(PEOPLE)), self.world.cm1, "assistant")

    def stop_teaching(self):
        places.remove_teacher(SYSTEM, self.pick(Membership.select()))


@pytest.mark.parametrize("seed", range(4))
def test_counts_lists_and_pages_agree_whatever_happens(world, clock, seed):
    chance = Chance(world, clock, seed)
    for number in range(30):
        event = chance.pick(EVENTS)
        try:
            getattr(chance, event)()
        except (DomainError, IndexError):  # refused, or nothing to choose from
            continue
        if number % 3 == 0:
            check(world)
            who = chance.pick(PEOPLE)
            page = chance.browsers[who].get("/").text
            caching.store.clear()
            assert chance.browsers[who].get("/").text == page, (who, event, "a page outlived what it shows")
    check(world)
