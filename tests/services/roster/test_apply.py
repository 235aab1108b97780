"""An import is whole or absent, journaled row by row, and only what was seen is applied."""

import json
import threading

import pytest

from appliance.core.errors import Conflict, Refused
from appliance.school.models import Classroom, Guardian, School, SchoolYear, Student
from appliance.school.policy import SYSTEM, revision
from appliance.services import audit
from appliance.services.people import children, places
from appliance.services.roster import keeping, writing
from appliance.services.roster.apply import apply_import
from appliance.services.roster.models import RosterChange, RosterImport, RosterSource
from appliance.services.roster.records import RosterFile
from appliance.storage import database
from tests.services.roster.importing import apply, dump, new_school, plan, real_roster, roster
from tests.services.roster.onde_samples import guardian, guardians_file, pupil, pupils_file

LEO, TOM = pupil("MARTIN", "Léo", "CP", "2018-03-02", "Oui"), pupil("PETIT", "Tom", "CP", "2018-01-30", "Non")
ANNE = guardian(("MARTIN", "Léo", "CP"), last="MARTIN", first="Anne", Courriel="anne@secret.test")


@pytest.fixture
def school(world):
    return new_school(world)


def entries():
    return [json.loads(bytes(row.entry)) for row in audit.AuditEntry.select().order_by(audit.AuditEntry.seq)]


def test_every_written_object_leaves_its_entry_and_the_import_one_with_the_counts(school, shared_data):
    before = audit.root()[0]
    apply(school, real_roster(shared_data))
    told = [entry["event"] for entry in entries()[before:]]
    expected = {
        "classroom_created": 10, "student_created": 247, "student_enrolled": 247, "guardian_created": 469,
        "guardianship_created": 491, "roster_imported": 1,
    }  # fmt: skip
    assert {event: told.count(event) for event in set(told)} == expected
    assert "new=1217" in entries()[-1]["reason"] and not audit.verify()


def test_the_journal_and_the_kept_rows_hold_no_name(school):
    apply(school, roster([LEO], [ANNE]))
    texts = [bytes(row.entry) for row in audit.AuditEntry.select()]
    texts += [bytes(row.images) for row in RosterChange.select()] + [bytes(row.said) for row in RosterSource.select()]
    texts += [bytes(row.report) + row.counts.encode() for row in RosterImport.select()]
    assert not any(secret in text for text in texts for secret in (b"MARTIN", b"anne@secret.test"))


def test_contact_details_are_sealed_and_open_for_who_has_the_key(school):
    apply(school, roster([LEO], [ANNE]))
    anne = Guardian.get(Guardian.school == school)
    assert b"secret.test" not in bytes(anne.contact)
    contact = children.open_contact(anne)
    assert (contact.email, contact.address, contact.city) == ("anne@secret.test", "1 rue du Four", "Alençon")


def test_new_classes_have_their_own_key_and_class_key(school, shared_data):
    from appliance.school import keys

    apply(school, real_roster(shared_data))
    rooms = list(Classroom.select().where(Classroom.school == school))
    assert len({keys.classroom_key(room.id) for room in rooms}) == 10 == len({room.join_code for room in rooms})


def test_a_crash_in_the_middle_leaves_nothing(school, shared_data, monkeypatch):
    real, before, size = real_roster(shared_data), dump(), audit.root()
    for step in ("_create_links", "_say", "_create_enrolments"):
        with monkeypatch.context() as patch:
            patch.setattr(writing.Writer, step, lambda self, steps: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                apply(school, real)
        assert dump() == before and audit.root() == size and not RosterImport.select().exists()


def test_what_was_not_seen_is_not_applied(school):
    seen = plan(school, roster([LEO], [ANNE])).digest
    apply(school, roster([LEO]))
    before = dump()
    with pytest.raises(Conflict):
        apply_import(SYSTEM, school, roster([LEO], [ANNE]), seen)
    assert dump() == before


def test_nothing_to_change_is_refused_in_words(school):
    apply(school, roster([LEO]))
    with pytest.raises(Refused):
        apply(school, roster([LEO]))
    assert RosterImport.select().count() == 1


def test_of_two_imports_at_once_one_is_applied_and_the_other_told(school):
    both = roster([LEO, TOM], [ANNE])
    seen, results, start = plan(school, both).digest, [], threading.Barrier(2)

    def run():
        with database.connection():
            here = School.get_by_id(school.id)
            start.wait(10)
            try:
                results.append(apply_import(SYSTEM, here, both, seen).status)
            except Conflict:
                results.append("conflict")

    threads = [threading.Thread(target=run) for _i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["applied", "conflict"]
    assert Student.select().where(Student.school == school).count() == 2


def test_an_import_makes_remembered_decisions_stale(school):
    apply(school, roster([LEO]))
    room = Classroom.get(Classroom.school == school)
    before = revision("access"), revision(f"class:{room.id}")
    apply(school, roster([LEO, TOM]))
    assert revision("access") > before[0] and revision(f"class:{room.id}") > before[1]


def test_a_year_that_nobody_made_is_made_with_the_import(school, clock):
    clock.advance(days=365)
    apply(school, roster([LEO]))
    assert Classroom.get(Classroom.school == school).year.name == "2026-2027"
    assert SchoolYear.select().count() == 2


def test_long_and_odd_values_fit_both_databases(school):
    odd = pupil("N" * 100, "Ж" * 100, "C" * 100, "2018-03-02", usage="U" * 100, Niveau="L" * 300)
    odd_adult = guardian(
        ("N" * 100, "Ж" * 100, "C" * 100), last="R" * 100, first="\u202eAnne", civility="Son Excellence Madame",
        address="a" * 1000,
    )  # fmt: skip
    apply(school, roster([odd], [odd_adult]))
    adult = Guardian.get(Guardian.school == school)
    assert adult.first_name == "Anne" and len(Classroom.get(Classroom.school == school).level) <= 50
    assert plan(school, roster([odd], [odd_adult])).changes_nothing


# Uploads


def upload(school):
    return keeping.keep_upload(SYSTEM, school, {"pupils": pupils_file(LEO), "guardians": guardians_file(ANNE)})


def test_an_upload_is_sealed_and_opens_as_it_was_given(school):
    kept = upload(school)
    assert b"secret" not in bytes(kept.upload) and b"MARTIN" not in bytes(kept.upload)
    assert keeping.open_upload(kept) == {"pupils": pupils_file(LEO), "guardians": guardians_file(ANNE)}


def test_giving_files_again_and_again_keeps_the_latest_few(school):
    kept = [upload(school) for _again in range(keeping.MOST_WAITING + 2)]
    assert [row.id for row in RosterImport.select().order_by(RosterImport.id)] == [row.id for row in kept[2:]]


def test_an_upload_is_gone_after_an_hour(school, clock):
    kept = upload(school)
    clock.advance(minutes=59)
    assert keeping.forget_uploads() == 0 and keeping.open_upload(kept)
    clock.advance(minutes=1)
    assert keeping.open_upload(kept) is None
    assert keeping.forget_uploads() == 1 and RosterImport.get_by_id(kept.id).upload is None


def test_an_upload_is_applied_once_and_its_files_go_with_the_same_commit(school):
    kept = upload(school)
    files = keeping.read_files(keeping.open_upload(kept), keeping.limits_of(8))
    seen = plan(school, files).digest
    done = apply_import(SYSTEM, school, files, seen, waiting=kept)
    assert done.id == kept.id and done.upload is None and done.status == "applied"
    with pytest.raises(Conflict):
        apply_import(SYSTEM, school, files, seen, waiting=kept)


def test_before_images_are_forgotten_after_a_month_and_the_counts_stay(school, clock):
    done = apply(school, roster([LEO], [ANNE]))
    clock.advance(days=31)
    assert keeping.forget_changes() == 1 and keeping.forget_changes() == 0
    done = RosterImport.get_by_id(done.id)
    assert not RosterChange.select().exists() and done.report is None and json.loads(done.counts)["pupils"] == 1
    assert not keeping.can_be_undone(done)


def test_the_same_name_in_two_schools_is_nobody_of_the_other(school, world):
    apply(school, roster([LEO], [ANNE]))
    other = places.create_school(SYSTEM, world.academy, "École d’à côté")
    assert plan(other, roster([LEO], [ANNE])).tally()["pupil"]["new"] == 1


def test_a_file_longer_than_the_limit_is_refused(school):
    with pytest.raises(Refused):
        keeping.read_files({"pupils": RosterFile("x.csv", b"a" * (1024 * 1024 + 1))}, keeping.limits_of(1))
