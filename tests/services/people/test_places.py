"""Each change of a place leaves one entry that says what was done to what, and makes stale what rests on it."""

import json
from datetime import date

import pytest

from appliance.core.errors import Refused
from appliance.school import policy
from appliance.school.models import Membership, Office
from appliance.school.policy import SYSTEM
from appliance.services.audit import AuditEntry
from appliance.services.people import accounts, places


def _office(world) -> Office:
    return Office.get((Office.role == "principal") & (Office.account == world.account("principal")))


def _membership(world, who: str) -> Membership:
    return Membership.get((Membership.account == world.account(who)) & (Membership.classroom == world.cm1))


# act, operation and event, what it is about (as `_ids` names it), class and tenant in the entry, reason, what is stale
ACTS = {
    "an academy": (
        lambda w: places.create_academy(SYSTEM, "Autre"),
        "create academy_created", "academy made", "", "made", "", "access",
    ),
    "a school": (
        lambda w: places.create_school(SYSTEM, w.academy, "Neuve"),
        "create school_created", "school made", "", "academy", "", "access",
    ),
    "a year": (
        lambda w: places.find_or_create_year(SYSTEM, w.academy, date(2030, 9, 1)),
        "create year_created", "year 2030-2031", "", "academy", "", "access",
    ),
    "a class": (
        lambda w: places.create_classroom(SYSTEM, w.cm1.school, w.cm1.year, "Neuve"),
        "create classroom_created", "classroom made", "made", "academy", "", "access",
    ),
    "an office": (
        lambda w: places.appoint(SYSTEM, w.account("teacher"), w.academy, "dpo"),
        "administer privilege_permissions_changed", "office teacher", "", "academy", "dpo", "access",
    ),
    "an office withdrawn": (
        lambda w: places.dismiss(SYSTEM, _office(w)),
        "administer privilege_permissions_withdrawn", "office principal", "", "academy", "principal", "access",
    ),
    "a teacher": (
        lambda w: places.add_teacher(SYSTEM, w.account("teacher2"), w.cm1, "assistant"),
        "create membership_created", "membership teacher2", "cm1", "", "assistant", "access class",
    ),
    "a teacher less": (
        lambda w: places.remove_teacher(SYSTEM, _membership(w, "assistant")),
        "delete membership_deleted", "membership assistant", "cm1", "", "assistant", "access class",
    ),
    "a school's name": (
        lambda w: places.rename_school(SYSTEM, w.cm1.school, "Renommée", "Ville"),
        "update school_renamed", "school school", "", "academy", "", "access",
    ),
    "a class's name": (
        lambda w: places.rename_classroom(SYSTEM, w.cm1, "CM1 B", "CM1"),
        "update classroom_renamed", "classroom cm1", "cm1", "", "", "access class",
    ),
    "a class key": (
        lambda w: places.renew_join_code(SYSTEM, w.cm1),
        "update class_key_renewed", "classroom cm1", "cm1", "", "", "access class",
    ),
    "no class key": (
        lambda w: places.disable_join_code(SYSTEM, w.cm1),
        "update class_key_disabled", "classroom cm1", "cm1", "", "", "access class",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTS)
def test_each_change_of_a_place_leaves_its_one_entry_and_makes_stale_what_rests_on_it(world, name):
    act, events, about, classroom, tenant, reason, stale = ACTS[name]
    cm1, people = world.cm1, {key: world.account(key).public_id for key in ("teacher", "teacher2", "assistant")}
    ids = {"cm1": cm1.public_id, "academy": world.academy.public_id, "school": cm1.school.public_id, **people}
    ids |= {"principal": world.account("principal").public_id, "2030-2031": "2030-2031", "": ""}
    scopes = {"access": "access", "class": f"class:{cm1.id}"}
    before, last = {each: policy.revision(scope) for each, scope in scopes.items()}, AuditEntry.select().count()
    ids["made"] = getattr(act(world), "public_id", "")
    (row,) = AuditEntry.select().where(AuditEntry.seq >= last)
    entry, (kind, object_id) = json.loads(bytes(row.entry)), about.split()
    assert f"{entry['operation']} {entry['event']}" == events and entry["reason"] == reason
    assert entry["object"] == {
        "type": kind, "id": ids[object_id], "classroom": ids[classroom], "tenant": ids[tenant],
    }  # fmt: skip
    assert {each for each, scope in scopes.items() if policy.revision(scope) > before[each]} == set(stale.split())


def test_what_is_so_already_is_done_again_without_a_trace(world):
    year, teacher = world.cm1.year, world.account("teacher")
    last = AuditEntry.select().count()
    assert places.find_or_create_year(SYSTEM, world.academy, year.starts_on) == year
    assert places.appoint(SYSTEM, world.account("admin"), world.academy, "admin").role == "admin"
    assert places.add_teacher(SYSTEM, teacher, world.cm1, "assistant").role == "teacher"
    gone, withdrawn = _membership(world, "assistant"), _office(world)
    places.remove_teacher(SYSTEM, gone)
    places.dismiss(SYSTEM, withdrawn)
    done = AuditEntry.select().count()
    places.remove_teacher(SYSTEM, gone)
    places.dismiss(SYSTEM, withdrawn)
    assert done == last + 2 and AuditEntry.select().count() == done


def test_a_name_is_taken_only_in_its_own_school_and_year_or_academy(world):
    cm1, other = world.cm1, world.far.school
    for again in (
        lambda: places.create_classroom(SYSTEM, cm1.school, cm1.year, "CM1 A"),
        lambda: places.rename_classroom(SYSTEM, world.ce1, "CM1 A", ""),
        lambda: places.create_school(SYSTEM, world.academy, other.name),
        lambda: places.rename_school(SYSTEM, cm1.school, other.name, ""),
    ):
        with pytest.raises(Refused) as refused:
            again()
        assert refused.value.field == "name"
    places.rename_classroom(SYSTEM, cm1, "CM1 A", "CM1")
    places.rename_school(SYSTEM, other, other.name, "Ville")
    assert places.create_classroom(SYSTEM, other, cm1.year, "CM1 A").name == "CM1 A"
    next_year = places.find_or_create_year(SYSTEM, world.academy, date(2026, 9, 1))
    assert places.create_classroom(SYSTEM, cm1.school, next_year, "CM1 A").year == next_year
    assert places.create_school(SYSTEM, places.create_academy(SYSTEM, "Ailleurs"), other.name).name == other.name


@pytest.mark.parametrize(
    ("day", "name"),
    [(date(2026, 7, 31), "2025-2026"), (date(2026, 8, 1), "2026-2027"), (date(2027, 1, 1), "2026-2027")],
)
def test_a_year_begins_in_august_and_ends_with_the_next_august(day, name):
    first = int(name[:4])
    assert places.year_dates(day) == (name, date(first, 8, 1), date(first + 1, 8, 31))


def test_what_someone_is_outside_any_session_is_as_fresh_as_peoples_relations(world):
    """Who prints a code for an account is judged by all that the account opens at this moment."""
    nadia = world.account("nadia")

    def rooms() -> int:
        return len(accounts.actor_of(nadia).classes)

    assert rooms() == 2
    places.add_teacher(SYSTEM, nadia, world.far)
    assert rooms() == 3
    places.remove_teacher(SYSTEM, _membership(world, "assistant"))
    assert rooms() == 3 and policy.revision("class:0") == 0


def test_no_name_of_an_office_or_a_role_is_made_up(world):
    for wrong in (
        lambda: places.appoint(SYSTEM, world.account("teacher"), world.academy, "king"),
        lambda: places.add_teacher(SYSTEM, world.account("teacher2"), world.cm1, "guardian"),
    ):
        with pytest.raises(ValueError):
            wrong()
    assert not Office.select().where(Office.role == "king").exists()
    assert not Membership.select().where(Membership.role == "guardian").exists()
