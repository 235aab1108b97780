"""Whatever a file says after another: applied once it has nothing more to say, and undone it never was."""

import itertools
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.school.models import Enrolment, Guardian, Guardianship, Student
from appliance.school.policy import SYSTEM
from appliance.services import audit
from appliance.services.people import children, places
from appliance.services.roster.undo import undo_import
from tests.services.roster.importing import apply, dump, plan, roster
from tests.services.roster.onde_samples import guardian, pupil

FIRST, LAST = ("Léo", "Eva", "Tom", "Ana", "Léa"), ("MARTIN", "DURAND", "ROY", "D'Arc")
ROOMS, BIRTHS = ("CP", "CE1 A", "CM2"), ("2018-03-02", "2017-07-14", "2016-01-30", "")
kept_school = {"suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow], "deadline": None}


def family(chance):
    """A child and the adults who answer for it, as a dictionary that edits change."""
    return {
        "first": chance.choice(FIRST), "last": chance.choice(LAST), "room": chance.choice(ROOMS),
        "born": chance.choice(BIRTHS), "photo": chance.choice(("Oui", "Non", "")),
        "adults": [
            {"first": chance.choice(("Anne", "Paul", "Rose")), "last": chance.choice(LAST),
             "civility": chance.choice(("Mme", "M.", "")), "address": chance.choice(("1 rue A", "2 rue B", "")),
             "email": chance.choice(("", "a@b.fr", "c@d.fr"))}
            for _number in range(chance.randint(0, 3))
        ],
    }  # fmt: skip


def edited(families, chance):
    """The same school a while later: some left, some came, some changed in any way."""
    after = []
    for each in families:
        each = {**each, "adults": [dict(adult) for adult in each["adults"]]}
        what = chance.random()
        if what < 0.1:
            continue
        if what < 0.4:
            name = chance.choice(("first", "last", "room", "born", "photo"))
            each[name] = family(chance)[name]
        elif what < 0.5 and each["adults"]:
            each["adults"].pop()
        elif what < 0.7 and each["adults"]:
            adult = chance.choice(each["adults"])
            name = chance.choice(("first", "last", "civility", "address", "email"))
            adult[name] = (family(chance)["adults"] or [adult])[0][name]
        after.append(each)
    return after + [family(chance) for _number in range(chance.randint(0, 2))]


def read(families):
    """The files of these families, as ONDE would write them."""
    pupils = [pupil(f["last"], f["first"], f["room"], f["born"], f["photo"]) for f in families]
    adults = [
        guardian((f["last"], f["first"], f["room"]), last=a["last"], first=a["first"], civility=a["civility"],
                 address=a["address"], Courriel=a["email"])
        for f in families for a in f["adults"]
    ]  # fmt: skip
    return roster(pupils or [pupil()], adults or None)


def meddle(school, chance):
    """What people do by hand between two files."""
    for student in Student.select().where(Student.school == school).order_by(Student.id):
        what = chance.random()
        if what < 0.1:
            children.update_student(SYSTEM, student, photo_rights=chance.choice(("yes", "no", "unknown")))
        elif what < 0.15:
            children.update_student(SYSTEM, student, last_name=chance.choice(LAST))
        elif what < 0.2:
            for row in Enrolment.select().where(Enrolment.student == student):
                children.leave(SYSTEM, student, row.classroom)
    for link in Guardianship.select().join(Student).where(Student.school == school).order_by(Guardianship.id):
        what = chance.random()
        if what < 0.05:
            children.unlink(SYSTEM, link)
        elif what < 0.15:
            children.set_authority(SYSTEM, link, chance.choice(("contact", "withdrawn")), document_reference="J 1")


@pytest.fixture
def another_school(world):
    """Makes a school for each example, so that one that fails says nothing about the next."""
    numbers = itertools.count()
    return lambda: places.create_school(SYSTEM, world.academy, f"École {next(numbers)}")


def answers_to(found, chance):
    given_answers = {}
    for doubt in found.doubts:
        known = [found.state.of_kind(doubt.kind)[row].row.public_id for row in doubt.candidates]
        given_answers[doubt.id] = chance.choice((*known, "new", ""))
    return given_answers


@settings(max_examples=3, **kept_school)
@given(st.integers(0, 10**9), st.booleans())
def test_applied_it_has_no_more_to_say_and_undone_it_never_was(another_school, seed, by_hand):
    follow(another_school, seed, by_hand)


@pytest.mark.slow
@settings(max_examples=150, **kept_school)
@given(st.integers(0, 10**9), st.booleans())
def test_applied_and_undone_many_times_over(another_school, seed, by_hand):
    follow(another_school, seed, by_hand)


def follow(another_school, seed, by_hand):
    """Import a school, meddle with it, then apply, undo and apply again what comes later, and what came first."""
    chance = random.Random(seed)
    families = [family(chance) for _number in range(chance.randint(1, 9))]
    first, later = read(families), read(edited(families, chance))
    school = another_school()
    done = [apply(school, first)] if not plan(school, first).changes_nothing else []
    if by_hand and done:
        meddle(school, chance)
    for step in (first, later, first):
        answers = answers_to(plan(school, step), chance)
        before, found = dump(), plan(school, step, answers)
        if found.changes_nothing:
            continue
        decided = decisions(school)
        applied = apply(school, step, answers)
        again = plan(school, step)
        assert again.changes_nothing, [each for each in again.differences if each.steps]
        assert decisions(school).items() >= decided.items()
        after = dump()
        result = undo_import(SYSTEM, applied)
        assert dump() == before and not result.kept
        apply(school, step, answers)
        assert people_of(dump()) == people_of(after)
    assert not audit.verify()


def decisions(school):
    """The links that a document decides, by their ends."""
    query = (
        Guardianship.select()
        .join(Guardian)
        .where((Guardian.school == school) & (Guardianship.document_reference != ""))
    )
    return {(link.guardian_id, link.student_id): link.authority for link in query}


def people_of(dumped):
    """How many rows of each kind: numbers, keys and sealed bytes are new each time."""
    return {table: len(rows) for table, rows in dumped.items()}


def test_the_generator_makes_what_matters():
    chance = random.Random(3)
    seen = [read([family(chance) for _number in range(9)]) for _again in range(20)]
    assert any(each.is_complete for each in seen) and any(not each.is_complete for each in seen)
    assert any(len(each.links) > 5 for each in seen)
