"""Files that follow one another through a year: movers are moved, who comes back is taken back, classes are renamed."""

from datetime import date

import pytest

from appliance.core.clock import today
from appliance.school.models import Classroom, Student
from appliance.school.policy import SYSTEM
from appliance.services.people import children, places
from appliance.services.roster import printing
from appliance.services.roster.undo import undo_import
from tests.services.roster.importing import People, apply, dump, new_school, plan, roster
from tests.services.roster.onde_samples import guardian, pupil

LEO = pupil("MARTIN", "Léo", "CP", "2018-03-02", "Oui")
EVA = pupil("DURAND", "Eva", "CP", "2018-07-14", "Non")
TOM = pupil("PETIT", "Tom", "CM1", "2014-01-30", "Oui")
ANA = pupil("ROY", "Ana", "CM1", "2014-02-02", "Oui")
ANNE = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Anne")
PAUL = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Paul", civility="M.", address="9 rue Haute")
BASE = roster([LEO, EVA, TOM], [ANNE, PAUL])
RENAMED = roster(
    [pupil("MARTIN", "Léo", "CP A", "2018-03-02", "Oui"), pupil("DURAND", "Eva", "CP A", "2018-07-14"), TOM]
)


@pytest.fixture
def school(world):
    return new_school(world)


@pytest.fixture
def people(school):
    apply(school, BASE)
    return People(school)


def room(school, name):
    return Classroom.get((Classroom.school == school) & (Classroom.name == name))


def names(found):
    return sorted(each.name for each in found)


def test_who_left_by_hand_and_then_left_the_file_comes_back_with_a_later_one(school, people):
    children.leave(SYSTEM, people.pupil("Eva"), room(school, "CP"))
    apply(school, roster([LEO, TOM], [ANNE, PAUL]))
    apply(school, BASE)
    assert people.classes("Eva") == ["CP"]


def test_who_moves_leaves_the_class_where_a_file_had_put_them_though_this_file_does_not_hold_it(school, people):
    one_class = roster([pupil("MARTIN", "Léo", "CM1", "2018-03-02", "Oui"), TOM])
    assert plan(school, one_class).select("changed")[0].fields == (("class", "CP", "CM1"),)
    apply(school, one_class)
    assert people.classes("Léo") == ["CM1"] and people.classes("Eva") == ["CP"]
    apply(school, BASE)
    assert people.classes("Léo") == ["CP"]


def test_who_is_in_a_class_of_the_schools_own_stays_there_and_the_difference_says_so(school, people):
    year = plan(school, BASE).state.year
    children.enrol(SYSTEM, people.pupil("Tom"), places.create_classroom(SYSTEM, school, year, "Chorale"))
    moved = roster([LEO, EVA, pupil("PETIT", "Tom", "CP", "2014-01-30", "Oui")], [ANNE, PAUL])
    assert plan(school, moved).select("changed")[0].fields == (("class", "CM1", "CP"),)
    apply(school, moved)
    assert people.classes("Tom") == ["CP", "Chorale"]


def test_contact_only_decided_without_a_document_survives_leaving_the_file_and_coming_back(school, people):
    children.set_authority(SYSTEM, people.link("Paul", "Léo"), "contact")
    without = roster([LEO, EVA, TOM, ANA], [ANNE])
    assert names(plan(school, without).select("kept", "link")) == ["MARTIN Paul"]
    apply(school, without)
    apply(school, roster([LEO, EVA, TOM], [ANNE, PAUL]))
    assert people.link("Paul", "Léo").authority == "contact"


def test_a_class_that_the_file_renames_is_asked_and_nobody_moves_meanwhile(school, people):
    found = plan(school, RENAMED)
    (doubt,) = found.doubts
    assert (doubt.reason, doubt.candidates) == ("renamed_class", (room(school, "CP").id,))
    assert found.changes_nothing and found.held_pupils == 2


def test_a_renamed_class_keeps_its_row_and_takes_the_new_name(school, people):
    (doubt,) = plan(school, RENAMED).doubts
    before, same = dump(), room(school, "CP")
    done = apply(school, RENAMED, {doubt.id: same.public_id})
    assert Classroom.get_by_id(same.id).name == "CP A" and people.classes("Léo") == ["CP A"]
    assert plan(school, RENAMED).changes_nothing
    undo_import(SYSTEM, done)
    assert dump() == before


def test_a_renamed_class_keeps_the_name_that_the_school_gave_it(school, people):
    places.rename_classroom(SYSTEM, room(school, "CP"), "CP de Mme Roy", "")
    (doubt,) = plan(school, RENAMED).doubts
    apply(school, RENAMED, {doubt.id: room(school, "CP de Mme Roy").public_id})
    assert people.classes("Léo") == ["CP de Mme Roy"]


def test_a_class_of_the_same_children_may_be_another_one(school, people):
    (doubt,) = plan(school, RENAMED).doubts
    apply(school, RENAMED, {doubt.id: "new"})
    assert people.classes("Léo") == ["CP A"] and room(school, "CP")
    assert plan(school, RENAMED).changes_nothing


def test_a_class_cut_in_two_halves_is_two_new_classes(school, people):
    halves = [pupil("MARTIN", "Léo", "CP A", "2018-03-02"), pupil("DURAND", "Eva", "CP B", "2018-07-14"), TOM]
    assert not plan(school, roster(halves)).doubts
    apply(school, roster(halves))
    assert (people.classes("Léo"), people.classes("Eva")) == (["CP A"], ["CP B"])


def test_who_is_named_in_a_class_left_aside_has_left_no_other_class(school, people):
    year = plan(school, BASE).state.year
    places.create_classroom(SYSTEM, school, year, "cp")
    found = plan(school, roster([LEO, EVA, pupil("PETIT", "Tom", "CP", "2014-01-30"), ANA], [ANNE, PAUL]))
    assert [doubt.kind for doubt in found.doubts] == ["classroom"] and not found.select("left")


# What the command prints


def text(found):
    return "\n".join(printing.difference_lines(found))


def test_a_new_guardian_of_a_known_child_and_a_new_child_of_a_known_guardian_are_named(school, people):
    both = guardian(("MARTIN", "Léo", "CP"), ("DURAND", "Eva", "CP"), last="MARTIN", first="Anne")
    rose = guardian(("PETIT", "Tom", "CM1"), last="PETIT", first="Rose")
    told = text(plan(school, roster([LEO, EVA, TOM], [both, PAUL, rose])))
    assert "PETIT Rose · PETIT Tom (CM1)" in told and "MARTIN Anne · DURAND Eva (CP) · lien" in told


def test_pupils_and_links_that_are_gone_stand_in_two_lists(school, people):
    told = text(plan(school, roster([LEO, TOM], [ANNE]))).splitlines()
    where = [told.index(f"Ne sont plus dans le fichier · {kind} (1)") for kind in ("Élèves", "Liens")]
    assert [told[at + 1] for at in where] == ["  DURAND Eva · CP", "  MARTIN Paul · MARTIN Léo"]


def test_each_remark_names_its_file(school):
    told = text(plan(school, roster([pupil(photo="?")], [guardian(("MARTIN", "Zoé", "CP"))])))
    assert "eleves.csv · ligne 2 · " in told and "responsables.csv · ligne 2 · " in told


def test_everything_that_someone_must_settle_is_printed_however_long(school):
    rows = [pupil(f"NOM{number}", f"Léo{number}", "CP", f"2018-03-{number:02}") for number in range(1, 31)]
    apply(school, roster(rows))
    later = [pupil(f"NEUF{number}", f"Léo{number}", "CP", f"2018-03-{number:02}") for number in range(1, 31)]
    told = text(plan(school, roster([*later, *(pupil("", f"P{number}") for number in range(30))])))
    assert told.count("→") == 30 and told.count("Le nom ou le prénom manque") == 30


def test_a_list_of_next_year_given_too_early_is_told_and_in_august_its_classes_stand_beside_the_others(school, clock):
    def lists(*rooms):
        born = iter(range(1, 20))
        return roster([pupil(f"ROY{n}", f"Ana{n}", name, f"2017-03-{next(born):02d}") for n, name in enumerate(rooms)])

    apply(school, lists("CP", "CP", "CE1", "CE1", "CM2"))
    few, most = lists("CP", "CE1", "CE1", "CE1", "CM2"), lists("CE1", "CE1", "CM2", "CM2", "CP")
    assert not plan(school, few).looks_like_next_year and plan(school, most).looks_like_next_year
    assert any("1er août" in line for line in printing.difference_lines(plan(school, most)))
    clock.advance(days=(date(2026, 8, 1) - today()).days)
    assert not plan(school, most).looks_like_next_year
    before = dump()
    done = apply(school, most)
    assert Classroom.select().where(Classroom.school == school).count() == 6
    ana = Student.get(Student.first_name == "Ana0")
    assert {each.classroom.year.name for each in ana.enrolments if each.left_on is None} == {"2025-2026", "2026-2027"}
    undo_import(SYSTEM, done)
    assert dump() == before
