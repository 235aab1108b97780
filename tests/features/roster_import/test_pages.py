"""The browser's way: files are given, the difference is seen, applied, and undone; each step by a plain form."""

import io
import json
import re
from collections import Counter

import pytest

from appliance.school.models import Account, Classroom, Guardian, School, Student
from appliance.services.audit import AuditEntry
from appliance.services.roster import keeping
from appliance.services.roster.models import RosterImport
from tests.services.roster.importing import dump
from tests.services.roster.onde_samples import guardian, guardians_file, pupil, pupils_file, teacher, teachers_file

LEA = pupil("DUBOIS", "Léa", "CM1 A", "2015-03-02", "Oui", gender="F")
NEW = pupil("NOUVEL", "Lou", "CM1 A", "2015-09-09", "Non")
PUPILS = pupils_file(LEA, NEW, encoding="utf-8")
GUARDIANS = guardians_file(
    guardian(("DUBOIS", "Léa", "CM1 A"), last="DUBOIS", first="Anne"),
    guardian(("NOUVEL", "Lou", "CM1 A"), last="NOUVEL", first="Eve"),
    encoding="utf-8",
)
TEACHERS = teachers_file(teacher("MARTIN", "Sophie", "CM1 A"), teacher("PETIT", "Jeanne", "CM1 A"), encoding="utf-8")


@pytest.fixture
def school(world):
    return School.get(School.name == "École Jules-Ferry")


def give(browser, school, **files):
    """Send files as the page's form does."""
    given = {role: (io.BytesIO(file.data), file.name) for role, file in files.items()}
    return browser.submit("/import", {"school": school.public_id, **given}, content_type="multipart/form-data")


def give_all(browser, school):
    """The address of the difference of a small import."""
    answer = give(browser, school, pupils=PUPILS, guardians=GUARDIANS, teachers=TEACHERS)
    assert answer.status_code == 303
    return answer.location


def digest(browser, address) -> str:
    return re.search(r'name="digest" value="([0-9a-f]+)"', browser.get(address).text)[1]


def apply(browser, address):
    return browser.submit(f"{address}/appliquer", {"digest": digest(browser, address)}, follow_redirects=True)


def test_giving_files_writes_nothing_but_the_sealed_upload(world, school):
    before = dump()
    address = give_all(world.sign_in("principal"), school)
    page = world.sign_in("principal").get(address).text
    assert dump() == before and RosterImport.get().upload is not None
    assert "NOUVEL Lou" in page and "Benali" in page and "date de naissance" in page


def test_the_real_files_are_applied_and_undone_from_the_browser(world, shared_data):
    folder = shared_data / "rosters" / "entcore-be1d"
    far = School.get(School.name == "École du Moulin")
    browser, before = world.sign_in("admin"), dump()
    names = {"pupils": "eleves", "guardians": "responsables", "teachers": "enseignants"}
    files = {
        role: (io.BytesIO((folder / f"CSVExtraction-{name}.csv").read_bytes()), f"{name}.csv")
        for role, name in names.items()
    }
    answer = browser.submit("/import", {"school": far.public_id, **files}, content_type="multipart/form-data")
    apply(browser, answer.location)
    assert Student.select().where(Student.school == far).count() == 248
    assert Guardian.select().where(Guardian.school == far).count() == 470
    browser.submit(f"{answer.location}/annuler")
    assert dump() == before


def test_the_whole_way_with_its_words(world, school):
    browser, before = world.sign_in("principal"), dump()
    address = give_all(browser, school)
    page = apply(browser, address)
    assert page.status_code == 200 and "Import appliqué" in page.text
    cm1 = world.cm1.public_id
    assert f"/classes/{cm1}/invitations" in page.text and f"/classes/{cm1}/equipe" in page.text
    assert "Jeanne" in page.text and "Déjà dans l’école" in page.text
    assert Student.get(Student.first_name == "Lou").photo_rights == "no"
    foreseen = browser.get(f"{address}/annuler").text
    assert "1 élève" in foreseen and "1 responsable" in foreseen
    done = browser.submit(f"{address}/annuler", follow_redirects=True)
    assert "Import annulé" in done.text and dump() == before
    assert "Annulé" in browser.get("/import").text


def test_the_teachers_file_opens_no_account(world, school):
    before = Account.select().count()
    browser = world.sign_in("principal")
    apply(browser, give_all(browser, school))
    assert Account.select().count() == before


def test_what_undoing_kept_is_listed(world, school):
    browser = world.sign_in("principal")
    address = give_all(browser, school)
    apply(browser, address)
    Guardian.update(account=world.account("stranger")).where(Guardian.first_name == "Eve").execute()
    assert "un compte y est rattaché" in browser.get(f"{address}/annuler").text
    page = browser.submit(f"{address}/annuler", follow_redirects=True).text
    assert "NOUVEL Eve" in page and "un compte y est rattaché" in page
    assert Student.select().where(Student.first_name == "Lou").exists()


def test_a_second_click_applies_nothing_twice(world, school):
    browser = world.sign_in("principal")
    address = give_all(browser, school)
    seen = digest(browser, address)
    browser.submit(f"{address}/appliquer", {"digest": seen})
    before = dump()
    page = browser.submit(f"{address}/appliquer", {"digest": seen}, follow_redirects=True)
    assert page.status_code == 200 and "déjà été appliqué" in page.text and dump() == before
    browser.submit(f"{address}/annuler")
    before = dump()
    page = browser.submit(f"{address}/annuler", follow_redirects=True)
    assert page.status_code == 200 and "déjà annulé" in page.text and dump() == before


@pytest.mark.parametrize("seen", ["", "0" * 64, "'; --"])
def test_a_difference_that_was_not_seen_is_not_applied(world, school, seen):
    browser = world.sign_in("principal")
    address, before = give_all(browser, school), dump()
    page = browser.submit(f"{address}/appliquer", {"digest": seen}, follow_redirects=True)
    assert "La base a changé" in page.text and dump() == before


def test_a_base_that_changed_meanwhile_shows_the_new_difference(world, school):
    browser = world.sign_in("principal")
    address = give_all(browser, school)
    seen = digest(browser, address)
    Student.update(photo_rights="unknown").where(Student.first_name == "Léa").execute()
    page = browser.submit(f"{address}/appliquer", {"digest": seen}, follow_redirects=True)
    assert "La base a changé" in page.text and "inconnu" not in page.text
    assert digest(browser, address) != seen
    assert not Student.select().where(Student.first_name == "Lou").exists()


def test_doubts_are_answered_on_the_page(world, school):
    browser = world.sign_in("principal")
    renamed = pupils_file(LEA, pupil("PETIT", "Hugues", "CM1 A", "2015-01-01"), encoding="utf-8")
    address = give(browser, school, pupils=renamed, guardians=GUARDIANS).location
    page = browser.get(address).text
    doubt = re.search(r'name="(doute-[0-9a-f]{16})"', page)[1]
    hugo = world.student("Hugo")
    assert "À vous de dire" in page and hugo.public_id in page
    page = browser.submit(f"{address}/doutes", {doubt: hugo.public_id}, follow_redirects=True).text
    assert "Vos réponses sont prises en compte" in page and "Hugues" in page
    apply(browser, address)
    assert Student.get_by_id(hugo.id).born_on is not None
    # No file ever named Hugo: what the school calls him stays.
    assert not Student.select().where(Student.first_name == "Hugues").exists()


def test_a_renamed_class_is_asked_on_the_page_and_may_be_a_new_one(world, school):
    browser = world.sign_in("principal")
    far = pupils_file(pupil("ROY", "Ana", "CP", "2018-03-02"), encoding="utf-8")
    adults = guardians_file(guardian(("ROY", "Ana", "CP")), encoding="utf-8")
    apply(browser, give(browser, school, pupils=far, guardians=adults).location)
    later = pupils_file(pupil("ROY", "Ana", "CP Bleu", "2018-03-02"), encoding="utf-8")
    adults = guardians_file(guardian(("ROY", "Ana", "CP Bleu")), encoding="utf-8")
    address = give(browser, school, pupils=later, guardians=adults).location
    page = browser.get(address).text
    assert "a-t-elle changé de nom" in page and "C’est une nouvelle classe" in page
    doubt = re.search(r'name="(doute-[0-9a-f]{16})"', page)[1]
    old = Classroom.get((Classroom.school == school) & (Classroom.name == "CP"))
    page = browser.submit(f"{address}/doutes", {doubt: old.public_id}, follow_redirects=True).text
    assert "nom\u202f: CP → CP Bleu" in page
    apply(browser, address)
    assert Classroom.get_by_id(old.id).name == "CP Bleu"


def test_nonsense_answers_leave_the_doubts_open(world, school):
    browser = world.sign_in("principal")
    renamed = pupils_file(LEA, pupil("PETIT", "Hugues", "CM1 A", "2015-01-01"), encoding="utf-8")
    address = give(browser, school, pupils=renamed, guardians=GUARDIANS).location
    doubt = re.search(r'name="(doute-[0-9a-f]{16})"', browser.get(address).text)[1]
    for nonsense in (world.student("Noé").public_id, "x" * 5000, "\x00", "{}"):
        answers = {doubt: nonsense, "doute-": nonsense, "doute-" + "9" * 300: nonsense}
        page = browser.submit(f"{address}/doutes", answers, follow_redirects=True)
        assert page.status_code == 200 and "À vous de dire" in page.text


def test_dropping_the_files_leaves_nothing(world, school):
    browser, before = world.sign_in("principal"), dump()
    address = give_all(browser, school)
    page = browser.submit(f"{address}/abandonner", follow_redirects=True)
    assert "effacés" in page.text and not RosterImport.select().exists() and dump() == before
    assert browser.get(address).status_code == 404
    assert browser.submit(f"{address}/appliquer", {"digest": "x"}).status_code == 404


def test_after_an_hour_the_files_are_gone_and_the_page_says_so(world, school, clock):
    browser = world.sign_in("principal")
    address = give_all(browser, school)
    seen = digest(browser, address)
    clock.advance(minutes=61)
    assert "ne sont plus là" in browser.get(address).text
    page = browser.submit(f"{address}/appliquer", {"digest": seen}, follow_redirects=True)
    assert page.status_code == 200 and not Student.select().where(Student.first_name == "Lou").exists()
    keeping.forget_uploads()
    assert RosterImport.get().upload is None and "ne sont plus là" in browser.get(address).text
    assert "En attente" not in browser.get("/import").text


def test_a_file_of_one_class_says_nothing_of_the_others(world, school):
    browser = world.sign_in("principal")
    apply(browser, give_all(browser, school))
    assert {child.first_name for child in students_of(world.ce1)} == {"Adam", "Zoé"}
    assert {child.first_name for child in students_of(world.cm1)} == {"Léa", "Lou"}
    assert {child.first_name for child in students_of(world.far)} == {"Noé"}


def students_of(room: Classroom):
    from appliance.school.models import Enrolment

    return Student.select().join(Enrolment).where((Enrolment.classroom == room) & Enrolment.left_on.is_null())


def test_the_page_of_a_long_finished_import_says_that_its_detail_is_gone(world, school, clock):
    browser = world.sign_in("principal")
    address = give_all(browser, school)
    apply(browser, address)
    clock.advance(days=32)
    keeping.forget_changes()
    page = world.sign_in("principal").get(address)
    assert page.status_code == 200 and "n’est plus gardé" in page.text and "NOUVEL" not in page.text
    back = world.sign_in("principal").get(f"{address}/annuler", follow_redirects=True)
    assert "trop ancien" in back.text


def test_every_page_that_names_the_people_of_an_import_is_in_the_journal(world, school):
    browser = world.sign_in("principal")
    address = give_all(browser, school)
    browser.get(address)
    assert_read()
    apply(browser, address)
    for page in (address, f"{address}/annuler"):
        before = AuditEntry.select().count()
        browser.get(page)
        assert AuditEntry.select().count() == before + 1
        assert_read()


def test_files_and_lists_that_go_by_themselves_leave_an_entry_each(world, school, clock):
    browser = world.sign_in("principal")
    for _ in range(keeping.MOST_WAITING + 1):
        waiting = give_all(browser, school)
    apply(browser, waiting)
    clock.advance(days=32)
    keeping.forget_uploads()
    keeping.forget_changes()
    entries = [json.loads(bytes(row.entry)) for row in AuditEntry.select().order_by(AuditEntry.seq)]
    names = Counter(each["event"] for each in entries if each["operation"] == "delete")
    assert names["roster_upload_discarded"] == 1  # the oldest of too many
    assert names["roster_upload_expired"] == keeping.MOST_WAITING - 1
    assert names["roster_lists_forgotten"] == 1
    assert keeping.forget_uploads() == keeping.forget_changes() == 0
    assert AuditEntry.select().count() == len(entries)


def assert_read():
    last = bytes(AuditEntry.select().order_by(AuditEntry.seq.desc()).first().entry)
    assert b"roster_difference_read" in last and b'"operation":"read"' in last
