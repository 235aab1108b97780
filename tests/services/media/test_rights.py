"""Withdrawn rights take back every earlier permission, whoever withdraws them: a hand, an import, its undoing."""

import pytest

from appliance.core import clock
from appliance.school import policy
from appliance.school.policy import SYSTEM
from appliance.services.media import rights
from appliance.services.media.models import Media, MediaTag
from appliance.services.people import children
from appliance.services.roster.undo import undo_import
from tests.services.roster.importing import People, apply, new_school, roster
from tests.services.roster.onde_samples import pupil


def file_says(answer):
    return roster([pupil("MARTIN", "Léo", "CP", "2018-03-02", answer)])


@pytest.fixture
def school(world):
    return new_school(world)


@pytest.fixture
def allowed(world):
    """`allowed(student)` is a photo of a pupil that somebody chose to show."""

    def make(student):
        media = Media.create(classroom=world.cm1, family="picture")
        MediaTag.create(media=media, student=student, allowed_at=clock.now())
        return media

    return make


def is_masked(media):
    return Media.select().where((Media.id == media.id) & rights.is_masked()).exists()


@pytest.mark.parametrize("value", ("no", "unknown"))
def test_a_withdrawal_by_hand(world, allowed, value):
    media = allowed(world.student("Léa"))
    assert not is_masked(media)
    children.update_student(SYSTEM, world.student("Léa"), photo_rights=value)
    assert is_masked(media) and MediaTag.get().allowed_at is None


def test_a_change_of_name_takes_nothing_back(world, allowed):
    media = allowed(world.student("Hugo"))
    children.update_student(SYSTEM, world.student("Hugo"), first_name="Hugues")
    assert not is_masked(media)


def test_a_withdrawal_by_an_import_which_makes_pages_stale(school, allowed):
    apply(school, file_says("Oui"))
    media, revision = allowed(People(school).pupil("Léo")), policy.revision("access")
    apply(school, file_says("Non"))
    assert is_masked(media) and policy.revision("access") > revision


def test_an_undone_import_that_had_given_rights(school, allowed):
    apply(school, file_says("Non"))
    done = apply(school, file_says("Oui"))
    media = allowed(People(school).pupil("Léo"))
    undo_import(SYSTEM, done)
    assert People(school).pupil("Léo").photo_rights == "no" and is_masked(media)


def test_a_blurred_face_stays_shown(world):
    media = Media.create(classroom=world.cm1, family="picture")
    MediaTag.create(media=media, student=world.student("Hugo"), blurred=True)
    assert not is_masked(media)
    children.update_student(SYSTEM, world.student("Hugo"), photo_rights="unknown")
    assert not is_masked(media)
