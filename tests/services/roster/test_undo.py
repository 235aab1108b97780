"""Undoing puts everything back to the byte, unless somebody built on it: that is kept whole and listed."""

import pytest

from appliance.core.errors import Conflict, Refused
from appliance.school.models import Classroom, Enrolment, Group, GroupStudent, Guardian, Guardianship, School, Student
from appliance.school.policy import SYSTEM
from appliance.services import audit
from appliance.services.people import children, codes, places
from appliance.services.roster import keeping, undo
from appliance.services.roster.models import RosterImport
from appliance.services.roster.undo import find_last_import, foresee_undo, undo_import
from tests.services.roster.importing import People, apply, dump, new_school, plan, real_roster, roster
from tests.services.roster.onde_samples import guardian, pupil

LEO, EVA, TOM = (
    pupil("MARTIN", "Léo", "CP", "2018-03-02", "Oui"),
    pupil("DURAND", "Eva", "CP", "2018-07-14", "Non"),
    pupil("PETIT", "Tom", "CM1", "2014-01-30", "Oui"),
)
ANNE = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Anne")
PAUL = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Paul", civility="M.")
LISE = guardian(("DURAND", "Eva", "CP"), last="DURAND", first="Lise")
BASE = roster([LEO, EVA, TOM], [ANNE, PAUL, LISE])
# Léo moves and changes, Eva leaves, Ana comes, Paul's link goes, Anne moves house.
LATER = roster(
    [pupil("MARTIN", "Léo", "CM1", "2018-03-02", "Non"), TOM, pupil("ROY", "Ana", "CP", "2018-02-02")],
    [guardian(("MARTIN", "Léo", "CM1"), last="MARTIN", first="Anne", address="2 place Neuve", Courriel="a@b.fr")],
)


@pytest.fixture
def school(world):
    return new_school(world)


def count(school):
    return tuple(model.select().where(model.school == school).count() for model in (Classroom, Student, Guardian))


def test_undoing_the_first_import_of_a_school_leaves_it_as_it_was(school, shared_data):
    before = dump()
    done = apply(school, real_roster(shared_data))
    assert count(school) == (10, 247, 469)
    result = undo_import(SYSTEM, done)
    assert dump() == before and not result.kept and not audit.verify()


def test_undoing_a_later_import_restores_every_byte(school):
    apply(school, BASE)
    before = dump()
    done = apply(school, LATER)
    people = People(school)
    assert people.classes("Léo") == ["CM1"] and people.classes("Eva") == [] and people.link("Paul", "Léo") is None
    undo_import(SYSTEM, done)
    assert dump() == before and plan(school, BASE).changes_nothing


def test_the_last_import_is_the_one_that_is_not_undone_yet(school, clock):
    first = apply(school, BASE)
    clock.advance(hours=1)
    second = apply(school, LATER)
    assert find_last_import(school) == second
    undo_import(SYSTEM, second)
    assert find_last_import(school) == first
    undo_import(SYSTEM, first)
    assert find_last_import(school) is None


def test_an_import_is_undone_once(school):
    done = apply(school, BASE)
    undo_import(SYSTEM, done)
    with pytest.raises(Conflict):
        undo_import(SYSTEM, done)


def test_an_import_older_than_a_month_cannot_be_undone(school, clock):
    done = apply(school, BASE)
    clock.advance(days=31)
    keeping.forget_changes()
    with pytest.raises(Refused):
        undo_import(SYSTEM, done)
    assert count(school)[1] == 3


def test_foreseeing_writes_nothing_and_tells_what_undoing_will_do(school, world):
    done = apply(school, BASE)
    Guardian.update(account=world.account("guardian1")).where(Guardian.first_name == "Anne").execute()
    before, size = dump(), audit.root()
    foreseen = foresee_undo(SYSTEM, done)
    assert dump() == before and audit.root() == size
    assert undo_import(SYSTEM, done).kept == foreseen.kept


def test_a_crash_while_undoing_leaves_everything_applied(school, monkeypatch):
    done = apply(school, BASE)
    before = dump()
    monkeypatch.setattr(undo._Undoing, "_put_links_back", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        undo_import(SYSTEM, done)
    assert dump() == before and RosterImport.get_by_id(done.id).status == "applied"


# What was built on stays


def test_a_guardian_whose_account_is_linked_keeps_the_family_and_the_class(school, world):
    done = apply(school, BASE)
    Guardian.update(account=world.account("guardian1")).where(Guardian.first_name == "Anne").execute()
    result = undo_import(SYSTEM, done)
    assert ("guardian", "MARTIN Anne", "account") in result.kept
    people = People(school)
    assert people.classes("Léo") == ["CP"] and people.link("Anne", "Léo").authority == "legal"
    assert count(school) == (1, 1, 2)  # Eva, Tom and the other class went


def test_a_printed_letter_is_built_on(school, world, clock):
    from datetime import timedelta

    done = apply(school, BASE)
    codes.create("guardian", life=timedelta(days=1), created_by=None, guardian=People(school).guardian("Lise"))
    result = undo_import(SYSTEM, done)
    assert ("guardian", "DURAND Lise", "invitation") in result.kept and count(school) == (1, 1, 1)


def test_a_post_addressed_to_a_child_is_built_on(school, world):
    from appliance.features.feed.models import Post, PostTarget

    done = apply(school, BASE)
    tom, room = People(school).pupil("Tom"), Classroom.get((Classroom.school == school) & (Classroom.name == "CM1"))
    post = Post.create(classroom=room, sealed=b"x", audience="children")
    PostTarget.create(post=post, student=tom)
    result = undo_import(SYSTEM, done)
    assert ("student", "PETIT Tom", "post_target") in result.kept and ("classroom", "CM1", "post") in result.kept
    assert PostTarget.get().student_id == tom.id and People(school).classes("Tom") == ["CM1"]


def test_a_group_and_a_teacher_are_built_on(school, world):
    done = apply(school, BASE)
    room = Classroom.get((Classroom.school == school) & (Classroom.name == "CP"))
    places.add_teacher(SYSTEM, world.account("teacher"), room)
    group = Group.create(classroom=room, name="Lecture")
    GroupStudent.create(group=group, student=People(school).pupil("Eva"))
    result = undo_import(SYSTEM, done)
    assert {kind for kind, _name, _why in result.kept} == {"classroom", "student", "guardian"}
    assert People(school).classes("Eva") == ["CP"] and GroupStudent.select().exists()


def test_a_correction_made_by_hand_since_is_kept(school):
    apply(school, BASE)
    done = apply(school, LATER)
    children.update_student(SYSTEM, People(school).pupil("Léo"), photo_rights="unknown")
    children.update_student(SYSTEM, People(school).pupil("Ana"), first_name="Anna")
    result = undo_import(SYSTEM, done)
    people = People(school)
    assert people.pupil("Léo").photo_rights == "unknown" and people.classes("Léo") == ["CP"]
    assert people.classes("Anna") == ["CP"]
    assert {(name, why) for _kind, name, why in result.kept} == {("MARTIN Léo", "changed"), ("ROY Anna", "changed")}


def test_a_link_added_by_hand_to_an_imported_child_keeps_the_child(school):
    done = apply(school, BASE)
    friend = children.create_guardian(SYSTEM, school, "Rose", "Ami")
    children.link(SYSTEM, friend, People(school).pupil("Tom"), authority="contact")
    undo_import(SYSTEM, done)
    assert People(school).link("Rose", "Tom") is not None and count(school) == (1, 1, 1)


def test_undoing_an_import_on_which_a_later_one_was_built_keeps_what_the_later_one_needs(school):
    first = apply(school, BASE)
    apply(school, LATER)
    undo_import(SYSTEM, first)
    assert People(school).classes("Léo") == ["CM1"] and People(school).link("Anne", "Léo") is not None
    assert Enrolment.select().join(Student).where(Student.school == school).count() >= 2


def test_a_link_made_again_by_hand_is_not_doubled_by_undoing(school):
    apply(school, BASE)
    done = apply(school, LATER)
    people = People(school)
    children.link(SYSTEM, people.guardian("Paul"), people.pupil("Léo"), authority="contact")
    undo_import(SYSTEM, done)
    assert people.link("Paul", "Léo").authority == "contact"
    assert Guardianship.select().where(Guardianship.guardian == people.guardian("Paul")).count() == 1


def test_what_is_kept_is_known_to_the_next_import(school, world):
    done = apply(school, BASE)
    Guardian.update(account=world.account("guardian1")).where(Guardian.first_name == "Anne").execute()
    undo_import(SYSTEM, done)
    found = plan(School.get_by_id(school.id), BASE)
    assert not found.doubts and [each.name for each in found.select("new", "pupil")] == ["DURAND Eva", "PETIT Tom"]
