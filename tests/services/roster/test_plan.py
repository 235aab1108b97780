"""The difference between a file and the school: what is certain is written, what is doubtful is asked, what people
decided is kept."""

import pytest

from appliance.school.models import Classroom, Enrolment, Guardianship, Student
from appliance.school.policy import SYSTEM
from appliance.services.people import children, places
from tests.services.roster.importing import People, apply, dump, new_school, plan, real_roster, roster
from tests.services.roster.onde_samples import guardian, pupil, teacher

LEO = pupil("MARTIN", "Léo", "CP", "2018-03-02", "Oui")
EVA = pupil("DURAND", "Eva", "CP", "2018-07-14", "Non")
TOM = pupil("PETIT", "Tom", "CM1", "2014-01-30", "Oui")
ANNE = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Anne")
PAUL = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Paul", civility="M.", address="9 rue Haute")
LISE = guardian(("DURAND", "Eva", "CP"), last="DURAND", first="Lise")
JEAN = guardian(("PETIT", "Tom", "CM1"), last="PETIT", first="Jean", civility="M.")
BASE = roster([LEO, EVA, TOM], [ANNE, PAUL, LISE, JEAN])


@pytest.fixture
def school(world):
    return new_school(world)


@pytest.fixture
def people(school):
    apply(school, BASE)
    return People(school)


def names(found):
    return sorted(each.name for each in found)


def test_an_empty_school_gets_the_truth_of_the_real_files(school, shared_data):
    found = plan(school, real_roster(shared_data))
    tally = found.tally()
    assert {kind: tally[kind]["new"] for kind in tally} == {"class": 10, "pupil": 247, "guardian": 469, "link": 491}
    assert not found.doubts and len(found.teachers) == 14


def test_a_second_reading_changes_nothing(school, shared_data):
    real = real_roster(shared_data)
    apply(school, real)
    again = plan(school, real)
    assert again.changes_nothing and not again.doubts and again.counts()["unchanged"] == 10 + 247 + 469 + 491


def test_planning_writes_nothing(school, shared_data):
    before = dump()
    plan(school, real_roster(shared_data))
    assert dump() == before


def test_a_file_of_one_class_never_removes_the_others(school, people):
    found = plan(school, roster([LEO, EVA], [ANNE, PAUL, LISE]))
    assert found.changes_nothing
    apply(school, roster([LEO], [ANNE, PAUL]))
    assert people.classes("Tom") == ["CM1"] and people.classes("Eva") == []


def test_a_pupil_no_longer_in_the_class_has_left_and_comes_back_in_the_same_row(school, people):
    assert names(plan(school, roster([LEO, TOM], [ANNE, PAUL, JEAN])).select("left")) == ["DURAND Eva"]
    apply(school, roster([LEO, TOM], [ANNE, PAUL, JEAN]))
    assert people.classes("Eva") == [] and people.link("Lise", "Eva").authority == "legal"
    apply(school, BASE)
    assert people.classes("Eva") == ["CP"] and Student.select().where(Student.school == school).count() == 3


def test_nobody_has_left_when_a_line_was_not_understood(school, people):
    unreadable = pupil("", "Sans nom", "CP")
    found = plan(school, roster([LEO, unreadable, TOM], [ANNE]))
    assert not found.roster.is_complete and not found.select("left")


def test_a_pupil_moves_with_the_file(school, people):
    moved = roster([pupil("MARTIN", "Léo", "CM1", "2018-03-02", "Oui"), EVA, TOM], [LISE, JEAN])
    found = plan(school, moved).select("changed", "pupil")
    assert [each.fields for each in found] == [(("class", "CP", "CM1"),)]
    apply(school, moved)
    assert people.classes("Léo") == ["CM1"] and plan(school, moved).changes_nothing


def test_each_changed_field_is_named(school, people):
    leo = pupil("MARTIN", "Léo", "CP", "2018-03-02", "Non", usage="MARTIN-ROY")
    anne = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Anne", address="2 place Neuve", Courriel="a@b.fr")
    found = plan(school, roster([leo, EVA, TOM], [anne, PAUL, LISE, JEAN]))
    changed = {each.name: dict((name, value) for name, _old, value in each.fields) for each in found.select("changed")}
    assert changed == {
        "MARTIN-ROY Léo": {"usage_name": "MARTIN-ROY", "photo_rights": "no"},
        "MARTIN Anne": {"address": "2 place Neuve", "email": "a@b.fr"},
    }


def test_an_empty_cell_erases_nothing(school, people):
    children.update_guardian(SYSTEM, people.guardian("Anne"), contact=children.Contact(phone_mobile="0612345678"))
    poor = pupil("MARTIN", "Léo", "CP", "", "", gender="")
    assert not plan(school, roster([poor, EVA, TOM], [ANNE, PAUL, LISE, JEAN])).select("changed", "pupil")
    apply(school, roster([poor, EVA, pupil("PETIT", "Tom", "CM1", "2014-01-30", "Non")], [ANNE, PAUL, LISE, JEAN]))
    assert people.pupil("Léo").born_on.year == 2018 and people.pupil("Léo").photo_rights == "yes"
    assert people.contact("Anne").phone_mobile == "0612345678"


# What people decided


def test_a_photo_right_set_by_the_school_stays_until_the_file_itself_changes(school, people):
    children.update_student(SYSTEM, people.pupil("Léo"), photo_rights="no")
    found = plan(school, BASE)
    assert found.changes_nothing and [each.fields for each in found.select("kept")] == [
        (("photo_rights", "no", "yes"),)
    ]
    file_no = roster([pupil("MARTIN", "Léo", "CP", "2018-03-02", "Non"), EVA, TOM], [ANNE, PAUL, LISE, JEAN])
    apply(school, file_no)
    children.update_student(SYSTEM, people.pupil("Léo"), photo_rights="unknown")
    children.update_student(SYSTEM, people.pupil("Léo"), photo_rights="no")
    apply(school, BASE)
    assert people.pupil("Léo").photo_rights == "yes"


def test_an_unanswered_photo_right_takes_the_files(school, world):
    year = places.find_or_create_year(SYSTEM, school.academy, plan(school, BASE).state.year.starts_on)
    room = places.create_classroom(SYSTEM, school, year, "CP")
    leo = children.create_student(SYSTEM, school, "Léo", "Martin")
    children.enrol(SYSTEM, leo, room)
    apply(school, BASE)
    people = People(school)
    assert people.pupil("Léo").id == leo.id and people.pupil("Léo").photo_rights == "yes"
    assert people.pupil("Léo").last_name == "Martin"  # as the school writes it


@pytest.mark.parametrize("authority", ["withdrawn", "contact"])
def test_an_authority_decided_by_a_document_is_never_put_back_by_a_file(school, people, authority):
    children.set_authority(SYSTEM, people.link("Paul", "Léo"), authority, document_reference="Jugement 25/11")
    found = plan(school, BASE)
    assert found.changes_nothing and [each.name for each in found.select("kept")] == ["MARTIN Paul"]
    moved = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Paul", civility="M.", address="1 rue Basse")
    apply(school, roster([LEO, EVA, TOM], [ANNE, moved, LISE, JEAN]))
    assert people.link("Paul", "Léo").authority == authority and people.contact("Paul").address == "1 rue Basse"


def test_a_guardian_whose_authority_was_withdrawn_stays_so_after_leaving_the_file_and_coming_back(school, people):
    children.set_authority(SYSTEM, people.link("Paul", "Léo"), "withdrawn", document_reference="Jugement 25/11")
    apply(school, roster([LEO, EVA, pupil("PETIT", "Tom", "CM1", "2014-01-30", "Non")], [ANNE, LISE, JEAN]))
    apply(school, BASE)
    assert people.link("Paul", "Léo").authority == "withdrawn"


def test_a_link_that_the_school_removed_is_not_made_again(school, people):
    children.unlink(SYSTEM, people.link("Paul", "Léo"))
    found = plan(school, BASE)
    assert found.changes_nothing and [each.kind for each in found.select("kept")] == ["link"]


def test_a_link_that_the_file_no_longer_has_goes_and_one_made_by_hand_stays(school, people):
    friend = children.create_guardian(SYSTEM, school, "Rose", "Ami")
    children.link(SYSTEM, friend, people.pupil("Léo"), authority="contact")
    apply(school, roster([LEO, EVA, TOM], [ANNE, LISE, JEAN]))
    assert people.link("Paul", "Léo") is None and people.link("Rose", "Léo").authority == "contact"
    assert people.link("Anne", "Léo").authority == "legal"


def test_a_pupils_file_alone_or_a_pupil_without_anyone_removes_no_link(school, people):
    assert not plan(school, roster([LEO, EVA, TOM])).select("left")
    assert not plan(school, roster([LEO, EVA, TOM], [LISE, JEAN])).select("left")


def test_a_departure_or_a_move_made_by_hand_is_kept(school, people):
    cm1 = Classroom.get((Classroom.school == school) & (Classroom.name == "CM1"))
    cp = Classroom.get((Classroom.school == school) & (Classroom.name == "CP"))
    children.leave(SYSTEM, people.pupil("Eva"), cp)
    children.leave(SYSTEM, people.pupil("Léo"), cp)
    children.enrol(SYSTEM, people.pupil("Léo"), cm1)
    found = plan(school, BASE)
    assert found.changes_nothing
    assert {each.name: each.fields for each in found.select("kept")} == {
        "DURAND Eva": (("class", "", "CP"),),
        "MARTIN Léo": (("class", "CM1", "CP"),),
    }
    apply(school, roster([LEO, EVA, TOM, pupil("ROY", "Ana", "CP", "2018-02-02")], [ANNE, PAUL, LISE, JEAN]))
    assert people.classes("Eva") == [] and people.classes("Léo") == ["CM1"]


def test_a_class_renamed_by_the_school_stays_the_same_class(school, people):
    room = Classroom.get((Classroom.school == school) & (Classroom.name == "CP"))
    places.rename_classroom(SYSTEM, room, "CP de Mme Roy", room.level)
    assert plan(school, BASE).changes_nothing


def test_names_corrected_by_hand_are_still_recognised(school, people):
    children.update_student(SYSTEM, people.pupil("Eva"), last_name="Durant")
    children.update_guardian(SYSTEM, people.guardian("Lise"), last_name="Durant")
    found = plan(school, BASE)
    assert found.changes_nothing and not found.doubts


def test_an_account_stays_linked_through_a_change(school, people, world):
    anne = people.guardian("Anne")
    anne.account = world.account("guardian1")
    anne.save()
    other = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Anne", address="5 rue Neuve")
    apply(school, roster([LEO, EVA, TOM], [other, PAUL, LISE, JEAN]))
    assert people.guardian("Anne").account_id == world.account("guardian1").id
    assert people.contact("Anne").address == "5 rue Neuve"


# What is doubtful


def test_two_namesakes_of_the_school_are_a_doubt_that_a_person_settles(school, people):
    other = children.create_student(SYSTEM, school, "Léo", "Martin", born_on=people.pupil("Léo").born_on)
    moved = roster([pupil("MARTIN", "Léo", "CM1", "2018-03-02"), EVA, TOM], [LISE, JEAN])
    found = plan(school, moved)
    (doubt,) = found.doubts
    assert len(doubt.candidates) == 2 and not found.select("left") and not found.select("new")
    assert plan(school, moved, {doubt.id: other.public_id}).select("changed", "pupil")
    assert names(plan(school, moved, {doubt.id: "new"}).select("new", "pupil")) == ["MARTIN Léo"]
    assert plan(school, moved, {doubt.id: "anything else"}).doubts


@pytest.mark.parametrize(
    "renamed",
    [
        pupil("MARTIN-ROY", "Léo", "CP", "2018-03-02"),
        pupil("MARTIN", "Léon", "CP", "2018-03-02"),
        pupil("MARTIN", "Léo", "CP", "2018-03-20"),
        pupil("ROY", "Léo", "CP", ""),
        pupil("ROY", "Léo", "CM1", "2018-03-02"),
    ],
)
def test_a_rename_that_could_be_two_children_is_asked_and_nobody_leaves_or_comes(school, people, renamed):
    found = plan(school, roster([renamed, EVA, TOM], [LISE, JEAN]))
    assert [doubt.reason for doubt in found.doubts] in (["renamed"], ["namesakes"])
    assert not found.select("left", "pupil") and not found.select("new", "pupil")
    (doubt,) = found.doubts
    same, other = ({doubt.id: answer} for answer in (people.pupil("Léo").public_id, "new"))
    two = plan(school, found.roster, other)
    assert names(two.select("left", "pupil")) == ["MARTIN Léo"] and len(two.select("new", "pupil")) == 1
    apply(school, found.roster, same)
    assert Student.select().where(Student.school == school).count() == 3
    again = plan(school, found.roster)
    assert again.changes_nothing and not again.doubts


def test_a_child_who_left_and_another_who_came_are_two(school, people):
    found = plan(school, roster([pupil("ROY", "Léo", "CP", "2018-09-09"), EVA, TOM], [LISE, JEAN]))
    assert not found.doubts and names(found.select("left", "pupil")) == ["MARTIN Léo"]
    assert names(found.select("new", "pupil")) == ["ROY Léo"]


def test_twins_imported_class_by_class_are_two(school, world):
    one, two = (pupil("ROY", name, room, "2018-09-09") for name, room in (("Ana", "CP A"), ("Zoé", "CP B")))
    apply(school, roster([one]))
    found = plan(school, roster([two]))
    assert not found.doubts and names(found.select("new", "pupil")) == ["ROY Zoé"]


def test_a_guardian_who_changes_name_is_asked(school, people):
    married = guardian(("MARTIN", "Léo", "CP"), last="ROY", first="Anne")
    found = plan(school, roster([LEO, EVA, TOM], [married, PAUL, LISE, JEAN]))
    (doubt,) = found.doubts
    assert doubt.kind == "guardian" and doubt.candidates == (people.guardian("Anne").id,)
    assert not found.select("left") and not found.select("new")
    settled = plan(school, found.roster, {doubt.id: "new"})
    assert [each.name for each in settled.select("left")] == ["MARTIN Anne"]


def test_guardians_of_one_name_and_address_without_a_common_child_stay_two(school, world):
    leo, tom = ("MARTIN", "Léo", "CP"), ("PETIT", "Tom", "CM1")
    two = [guardian(leo, last="ROY", first="Luc"), guardian(tom, last="ROY", first="Luc")]
    apply(school, roster([LEO, TOM], two))
    assert plan(school, roster([LEO, TOM], two)).changes_nothing
    links = Guardianship.select().join(Student).where(Student.school == school)
    assert len({link.guardian_id for link in links}) == 2


def test_two_classes_that_answer_to_one_name_are_left_aside_with_their_pupils(school, people):
    year = plan(school, BASE).state.year
    places.create_classroom(SYSTEM, school, year, "cp")
    found = plan(school, BASE)
    assert [doubt.kind for doubt in found.doubts] == ["classroom"]
    assert found.changes_nothing and found.held_pupils == 2 and not found.select("left")


def test_classes_whose_names_were_exchanged_are_asked_and_a_name_is_never_given_twice(school, people):
    room = Classroom.get((Classroom.school == school) & (Classroom.name == "CP"))
    places.rename_classroom(SYSTEM, room, "CE1", room.level)
    both = roster([LEO, EVA, pupil("ROY", "Ana", "CE1", "2017-07-14")], [ANNE, PAUL, LISE])
    found = plan(school, both)
    assert [doubt.name for doubt in found.doubts] == ["CE1", "CP"]
    settled = plan(school, both, {doubt.id: room.public_id for doubt in found.doubts if doubt.name == "CP"})
    assert [doubt.name for doubt in settled.doubts] == ["CE1"] and settled.changes_nothing
    assert plan(school, both, {doubt.id: "new" for doubt in found.doubts}).doubts == found.doubts


def test_a_new_year_finds_the_same_children_in_new_classes(school, people, clock):
    clock.advance(days=365)
    older = roster([pupil("MARTIN", "Léo", "CE1", "2018-03-02", "Oui")], [
        guardian(("MARTIN", "Léo", "CE1"), last="MARTIN", first="Anne")])  # fmt: skip
    apply(school, older)
    assert Student.select().where(Student.school == school).count() == 3
    rooms = Enrolment.select(Classroom.name).join(Classroom).where(Enrolment.student == people.pupil("Léo")).tuples()
    assert sorted(name for (name,) in rooms) == ["CE1", "CP"] and plan(school, older).changes_nothing


def test_a_teacher_of_the_file_gets_no_account(school, people, world):
    places.add_teacher(SYSTEM, world.account("teacher"), Classroom.get(Classroom.school == school))
    staff = [teacher("MARTIN", "Sophie", "CP"), teacher("PETIT", "Jeanne", "CM1")]
    found = plan(school, roster([LEO, EVA, TOM], [ANNE, PAUL, LISE, JEAN], staff))
    assert {line.name: line.known for line in found.teachers} == {"MARTIN Sophie": True, "PETIT Jeanne": False}
    assert found.changes_nothing
