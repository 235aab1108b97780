"""Plans: what a class may hold, whatever many do at once, and which families may keep copies."""

import dataclasses
import logging
import threading
from types import MappingProxyType

import pytest

from appliance.core import config
from appliance.core.errors import QuotaReached, Refused
from appliance.core.i18n import speaking
from appliance.core.ids import new_id
from appliance.crypto.keyring import new_key
from appliance.school import policy
from appliance.school.models import Classroom, Group, School, Student
from appliance.services import plans
from appliance.services.media import store
from appliance.services.media.models import Media
from appliance.storage import database
from tests.support.files import jpeg, upload
from tests.support.plan import set_plan

MEGABYTE = 1_000_000


def access_of(world, key):
    return policy.get_access(world.actor(key), world.cm1.public_id)


def put(world, size, key="teacher"):
    """A media of so many bytes, as an upload announces it."""
    access = access_of(world, key)
    with database.transaction():
        plans.require_storage(access, size)
        return store.insert(
            world.actor(key), access, new_id(), new_key(), "film.mp4", family="video", state="uploading", bytes=size
        )


def test_the_plans_of_the_reference_are_there(world):
    found = {plan.name: plan for plan in plans.list_plans()}
    assert list(found) == ["initiale", "standard", "plus", "libre"]
    assert found["initiale"] == plans.Plan("initiale", "Initiale", 2, 100, 5 * plans.GIGABYTE, 20, 1, 10)
    assert found["plus"].administrators is None and found["plus"].videos_per_post == 3
    assert found["libre"] == plans.Plan("libre", "Libre")


def test_a_class_has_its_own_plan_else_its_school_s_else_the_default(world):
    cm1, ce1 = world.cm1, world.ce1
    assert plans.plan_of(cm1.id).name == "standard"
    plans.choose_for_school(world.actor("admin"), cm1.school, "initiale")
    assert plans.plan_of(cm1.id).name == plans.plan_of(ce1.id).name == "initiale"
    assert plans.plan_of(world.far.id).name == "standard"
    plans.choose_for_classroom(world.actor("admin"), cm1, "plus")
    assert {room: plan.name for room, plan in plans.list_plans_of([cm1.id, ce1.id]).items()} == {
        cm1.id: "plus",
        ce1.id: "initiale",
    }
    plans.choose_for_classroom(world.actor("admin"), world.cm1, "")
    assert plans.plan_of(cm1.id).name == "initiale"


def test_a_plan_that_the_configuration_lost_gives_way_to_the_default_and_is_logged_once(world, caplog):
    Classroom.update(plan="gone").where(Classroom.id == world.cm1.id).execute()
    with caplog.at_level(logging.WARNING, "preau.plans"):
        assert plans.plan_of(world.cm1.id).name == plans.plan_of(world.cm1.id).name == "standard"
    assert [record.plan for record in caplog.records] == ["gone"]


def test_a_plan_that_nobody_offers_is_refused(world):
    for choose, place in ((plans.choose_for_school, world.cm1.school), (plans.choose_for_classroom, world.cm1)):
        with pytest.raises(Refused):
            choose(world.actor("admin"), place, "gold")
    assert not Classroom.select().where(Classroom.plan != "").exists()
    assert not School.select().where(School.plan != "").exists()


def test_a_change_of_plan_counts_at_the_next_request_and_is_asked_once_until_then(world):
    actor = world.actor("teacher")
    assert plans.plan_of(world.cm1.id, actor).name == "standard"
    Classroom.update(plan="plus").where(Classroom.id == world.cm1.id).execute()  # behind the journal's back
    assert plans.plan_of(world.cm1.id, actor).name == "standard"
    plans.choose_for_classroom(world.actor("admin"), world.cm1, "initiale")
    assert plans.plan_of(world.cm1.id, world.actor("teacher")).name == "initiale"


def test_what_does_not_fit_is_refused_with_the_gauge_in_words(world):
    set_plan(storage_gb=1)
    put(world, 900 * MEGABYTE)
    with speaking("fr"), pytest.raises(QuotaReached) as refused:
        put(world, 101 * MEGABYTE)
    text = refused.value.message.replace("\u202f", " ")
    assert "900 Mo sur 1 Go sont pris" in text and "101 Mo" in text and "Rien n’a été envoyé" in text
    assert Media.select().count() == 1
    put(world, 100 * MEGABYTE)
    found = plans.storage_of(world.cm1.id)
    assert (found.used, found.allowed, found.percent, found.is_nearly_full) == (10**9, 10**9, 100, True)
    with pytest.raises(QuotaReached):
        put(world, 1)


def test_a_file_of_a_plain_form_that_does_not_fit_leaves_nothing(world):
    set_plan(storage_gb=1)
    put(world, 1000 * MEGABYTE)
    with pytest.raises(QuotaReached):
        store.accept(world.actor("teacher"), access_of(world, "teacher"), [upload(jpeg(), "a.jpg")])
    assert Media.select().count() == 1 and not list(world.blobs.list_files())


def test_what_is_deleted_makes_room_and_another_class_takes_none(world):
    set_plan(storage_gb=1)
    media = put(world, 1000 * MEGABYTE)
    assert plans.storage_of(world.ce1.id) == plans.Storage(0, 10**9)
    store.delete(world.actor("teacher"), media.public_id)
    assert plans.storage_of(world.cm1.id).used == 0
    put(world, 1000 * MEGABYTE)


def test_without_limit_everything_fits(world):
    set_plan()
    put(world, 10**15)
    found = plans.storage_of(world.cm1.id)
    assert found.allowed is None and found.percent == 0 and not found.is_nearly_full


def test_uploads_at_once_never_exceed_the_plan_together(world):
    set_plan(storage_gb=1)
    outcomes, together = [], threading.Barrier(6)

    def upload(number):
        with database.connection():
            together.wait(30)
            try:
                with database.transaction():
                    Group.create(classroom=world.cm1, name=f"Groupe {number}")  # refers to the class before it is held
                    put(world, 300 * MEGABYTE)
                outcomes.append("taken")
            except QuotaReached:
                outcomes.append("refused")

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["refused"] * 3 + ["taken"] * 3
    assert plans.storage_of(world.cm1.id).used == 900 * MEGABYTE


def test_room_is_taken_only_inside_a_transaction(world):
    with pytest.raises(RuntimeError):
        plans.require_storage(access_of(world, "teacher"), 1)


def test_the_team_may_download_and_a_family_only_with_comfort(world):
    def may(key):
        return plans.may_download(world.actor(key), access_of(world, key))

    assert may("teacher") and may("assistant") and may("principal")
    assert not may("guardian1") and not may("nadia")
    plans.choose_for_classroom(world.actor("admin"), world.cm1, "", True)
    assert may("guardian1") and may("nadia")
    plans.choose_for_classroom(world.actor("admin"), world.cm1, "", False)
    assert not may("guardian1")


def test_the_comfort_of_a_family_is_for_that_child_s_guardians_in_that_class(world):
    plans.set_family_comfort(world.actor("teacher"), access_of(world, "teacher"), world.student("Léa"), True)
    for key, expected in {"guardian1": True, "guardian2": True, "hugo1": False, "nadia": False}.items():
        assert plans.may_download(world.actor(key), access_of(world, key)) is expected
    plans.set_family_comfort(world.actor("teacher2"), _ce1(world, "teacher2"), world.student("Adam"), True)
    nadia = world.actor("nadia")
    assert plans.may_download(nadia, _ce1(world, "nadia"))
    assert not plans.may_download(nadia, access_of(world, "nadia"))
    plans.set_family_comfort(world.actor("teacher"), access_of(world, "teacher"), world.student("Léa"), False)
    assert not plans.may_download(world.actor("guardian1"), access_of(world, "guardian1"))
    assert not Student.select().where(Student.family_comfort == True, Student.first_name == "Léa").exists()  # noqa: E712


def _ce1(world, key):
    return policy.get_access(world.actor(key), world.ce1.public_id)


def test_each_choice_is_in_the_journal_and_moves_what_may_be_seen(world):
    from appliance.services.audit import AuditEntry

    before = policy.revision("access")
    plans.choose_for_school(world.actor("admin"), world.cm1.school, "plus")
    plans.choose_for_classroom(world.actor("admin"), world.cm1, "initiale", True)
    plans.set_family_comfort(world.actor("teacher"), access_of(world, "teacher"), world.student("Léa"), True)
    assert policy.revision("access") == before + 3
    last = [bytes(row.entry).decode() for row in AuditEntry.select().order_by(AuditEntry.seq.desc()).limit(3)]
    for event, entry in zip(("family_comfort_on", "class_plan_chosen", "school_plan_chosen"), last, strict=True):
        assert event in entry
    assert '"reason":"initiale comfort"' in last[1]


def test_an_operator_s_plan_is_shown_under_its_title(world):
    named = {**config.PLANS, "mairie": dataclasses.replace(config.PLANS["plus"], title="Mairie 2026", storage_gb=50)}
    plans.configure(config.Plans("mairie", MappingProxyType(named)))
    assert plans.default_plan().title == "Mairie 2026" and plans.default_plan().storage_bytes == 50 * plans.GIGABYTE
