"""Teachers of an ONDE file and their classes."""

from appliance.services.roster.onde import read_onde
from appliance.services.roster.records import RosterFile
from tests.services.roster.onde_samples import kinds, pupil, pupils_file, read, teacher


def test_a_teacher_is_read_with_class_and_headship():
    roster = read([pupil()], None, [teacher("PETIT", "Jeanne", "cp", head="oui", email="j@exemple.fr")])
    (one,) = roster.teachers
    assert (one.civility, one.last_name, one.first_name, one.email) == ("MME", "PETIT", "Jeanne", "j@exemple.fr")
    assert one.is_head and one.class_names == ("cp",) and not roster.problems


def test_two_teachers_share_a_class_and_one_has_two():
    rows = [teacher(), teacher("LONG", "Ali", "CP"), teacher(class_name="CE1", head="oui")]
    roster = read([pupil(), pupil(first="Zoé", class_name="CE1")], None, rows)
    assert {one.last_name: one.class_names for one in roster.teachers} == {"LONG": ("CP",), "PETIT": ("CP", "CE1")}
    assert {one.last_name: one.is_head for one in roster.teachers} == {"LONG": False, "PETIT": True}
    assert kinds(roster) == ["lines_merged"]


def test_classes_may_stand_in_repeated_columns():
    text = "Prénom*;Nom*;fonction;classe;classe\nJeanne;PETIT;;CP;CE1\nAli;LONG;;CP;"
    pupils = pupils_file(pupil(), pupil(first="Zoé", class_name="CE1"))
    roster = read_onde(pupils, None, RosterFile("enseignants.csv", text.encode()))
    assert [one.class_names for one in roster.teachers] == [("CP",), ("CP", "CE1")]


def test_a_class_without_pupils_or_a_teacher_without_class_is_reported_and_kept():
    roster = read([pupil()], None, [teacher(class_name="ULIS"), teacher("LONG", class_name="", head="?")])
    assert len(roster.teachers) == 2
    assert sorted(kinds(roster)) == ["bad_head", "teacher_class_unknown", "teacher_without_class"]


def test_one_name_with_two_addresses_is_not_decided():
    roster = read([pupil()], None, [teacher(email="a@exemple.fr"), teacher(email="b@exemple.fr")])
    assert not roster.teachers and kinds(roster) == ["teacher_ambiguous"]
