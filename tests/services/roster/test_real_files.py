"""The real ONDE exports of a school give its truth, whichever of the two ways of exporting was used."""

from collections import Counter, defaultdict

import pytest

from appliance.services.roster.onde import read_onde
from appliance.services.roster.problems import RosterRefused
from appliance.services.roster.records import LEGAL, RosterFile

TRUTH = {
    "classes": 10, "pupils": 247, "guardians": 469, "links": 491, "unresolved": 0,
    "photo_yes": 123, "photo_no": 124, "photo_unknown": 0, "teachers": 14,
}  # fmt: skip


def read(shared_data, prefix=""):
    folder = shared_data / "rosters" / "entcore-be1d"
    names = (f"{prefix}CSVExtraction-{part}.csv" for part in ("eleves", "responsables", "enseignants"))
    return read_onde(*(RosterFile(name, (folder / name).read_bytes()) for name in names))


@pytest.mark.parametrize("prefix", ["", "communication-"])
def test_the_counts_are_the_truth(shared_data, prefix):
    roster = read(shared_data, prefix)
    assert roster.summary() == TRUTH
    assert roster.is_complete


def test_both_ways_of_exporting_give_the_same_people(shared_data):
    one, other = read(shared_data), read(shared_data, "communication-")
    assert (one.classes, one.pupils, one.guardians, one.links, one.teachers) == (
        other.classes, other.pupils, other.guardians, other.links, other.teachers,
    )  # fmt: skip


def test_most_pupils_have_two_guardians_and_none_is_without(shared_data):
    roster = read(shared_data)
    per_pupil = Counter(link.pupil for link in roster.links)
    assert Counter(per_pupil[pupil.key] for pupil in roster.pupils) == {2: 236, 1: 7, 3: 4}
    assert {link.authority for link in roster.links} == {LEGAL}


def test_a_hundred_pupils_have_guardians_at_different_addresses(shared_data):
    roster = read(shared_data)
    homes = {guardian.key: (guardian.address, guardian.postal_code, guardian.city) for guardian in roster.guardians}
    per_pupil = defaultdict(set)
    for link in roster.links:
        per_pupil[link.pupil].add(homes[link.guardian])
    assert sum(len(addresses) > 1 for addresses in per_pupil.values()) == 100


def test_nobody_has_an_email_or_a_telephone_there(shared_data):
    assert not any(guardian.email or guardian.phones for guardian in read(shared_data).guardians)


def test_every_key_is_one_person(shared_data):
    roster = read(shared_data)
    for people in (roster.classes, roster.pupils, roster.guardians, roster.teachers):
        assert len({person.key for person in people}) == len(people)


def test_namesakes_are_listed_and_kept_apart(shared_data):
    found = [(problem.kind, problem.line, problem.severity) for problem in read(shared_data).problems]
    apart, doubtful = "guardian_namesakes", "guardian_maybe_same"
    lines = [(apart, 20), (apart, 174), (apart, 202), (apart, 251), (apart, 253), (apart, 343)]
    assert found == [(kind, line, "notice") for kind, line in [*lines, (doubtful, 368), (doubtful, 370)]]


def test_accents_are_read(shared_data):
    roster = read(shared_data)
    assert "Eléa" in {pupil.first_name for pupil in roster.pupils}
    assert "Alençon" in {guardian.city for guardian in roster.guardians}
    assert not any("\ufffd" in guardian.address for guardian in roster.guardians)


@pytest.mark.parametrize("given", [("responsables", "eleves"), ("enseignants", "responsables"), ("eleves", "eleves")])
def test_a_file_given_in_the_place_of_another_is_refused_by_its_name(shared_data, given):
    folder = shared_data / "rosters" / "entcore-be1d"
    files = [RosterFile(f"{part}.csv", (folder / f"CSVExtraction-{part}.csv").read_bytes()) for part in given]
    with pytest.raises(RosterRefused) as refused:
        read_onde(*files)
    assert refused.value.problem.kind in {"is_guardians", "is_teachers", "is_pupils"}


def test_the_lists_of_another_portal_with_ondes_columns_are_read(shared_data):
    """`admin_CSV_Eleves` and `admin_CSV_Parents`: titles with stars, child blocks of three columns, no photo flag."""
    folder = shared_data / "rosters" / "entcore-csv-fr"
    names = ("admin_CSV_Eleves.csv", "admin_CSV_Parents.csv")
    roster = read_onde(*(RosterFile(name, (folder / name).read_bytes()) for name in names))
    counts = roster.summary()
    assert (counts["pupils"], counts["guardians"], counts["links"], counts["unresolved"]) == (7, 8, 14, 0)
    assert counts["photo_unknown"] == 7
