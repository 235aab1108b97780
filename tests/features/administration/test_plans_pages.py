"""Plans on the pages of administration: who chooses, what is shown, what it changes for families at once."""

import pytest

from appliance.core.errors import Denied
from appliance.features.administration import actions
from appliance.school.models import Classroom, School, Student
from appliance.services import audit
from appliance.services.media.models import Media
from appliance.services.plans import GIGABYTE
from tests.support.plan import set_plan


@pytest.fixture
def room(world):
    return f"/administration/classes/{world.cm1.public_id}"


@pytest.fixture
def place(world):
    return f"/administration/ecoles/{world.cm1.school.public_id}"


def test_an_administrator_chooses_a_school_s_plan(world, place):
    admin = world.sign_in("admin")
    page = admin.get(f"{place}/formule").text
    assert "Celle de l’établissement" in page and "5\u202fGo, 20 photos par publication, 1 vidéo" in page
    assert admin.submit(f"{place}/formule", {"plan": "initiale"}).status_code == 303
    assert School.get(School.uai == "0750001A").plan == "initiale"
    assert "Initiale, sauf pour les classes qui ont la leur" in admin.get(place).text
    assert admin.submit(f"{place}/formule", {"plan": ""}).status_code == 303
    assert School.get(School.uai == "0750001A").plan == ""


def test_a_head_of_school_chooses_comfort_and_not_the_plan(world, place, room):
    head = world.sign_in("principal")
    assert head.get(f"{place}/formule").status_code == 403
    assert head.submit(f"{place}/formule", {"plan": "libre"}).status_code == 403
    assert 'name="plan"' not in head.get(f"{room}/formule").text
    head.submit(f"{room}/formule", {"plan": "libre", "family_comfort": "y"})
    assert world.cm1.plan == "" and world.cm1.family_comfort


def test_no_head_of_school_chooses_a_plan_by_another_way_than_the_page(world):
    head = world.actor("principal")
    with pytest.raises(Denied):
        actions.choose_school_plan(head, world.cm1.school.public_id, "libre")
    with pytest.raises(Denied):
        actions.choose_classroom_plan(head, world.cm1.public_id, "libre", False)


def test_an_administrator_chooses_a_class_s_plan_and_comfort(world, room):
    admin = world.sign_in("admin")
    assert "Celle de l’école\u202f: Standard" in admin.get(f"{room}/formule").text
    admin.submit(f"{room}/formule", {"plan": "plus", "family_comfort": "y"})
    assert (world.cm1.plan, world.cm1.family_comfort) == ("plus", True)
    assert "Plus" in admin.get(room).text and "Confort famille" in admin.get(room).text
    admin.submit(f"{room}/formule", {"plan": ""})
    assert (world.cm1.plan, world.cm1.family_comfort) == ("", False)


def test_a_plan_that_is_not_offered_is_refused_on_its_field(world, room):
    answer = world.sign_in("admin").submit(f"{room}/formule", {"plan": "gold"})
    assert answer.status_code == 422 and "Choisissez dans la liste" in answer.text and world.cm1.plan == ""


def test_a_plan_that_is_gone_stays_until_another_is_chosen(world, room):
    Classroom.update(plan="gone").where(Classroom.id == world.cm1.id).execute()
    admin = world.sign_in("admin")
    assert "gone (n’existe plus dans la configuration)" in admin.get(f"{room}/formule").text
    assert admin.submit(f"{room}/formule", {"plan": "gone", "family_comfort": "y"}).status_code == 303
    assert (world.cm1.plan, world.cm1.family_comfort) == ("gone", True)


def test_the_gauge_says_how_full_a_class_is(world, place, room):
    set_plan(storage_gb=10)
    Media.create(classroom=world.cm1, family="video", bytes=95 * GIGABYTE // 10)
    for url in (place, room, f"{room}/formule"):
        page = world.sign_in("admin").get(url).text
        assert "9,5\u202fGo sur 10\u202fGo" in page and 'value="95"' in page and "Bientôt plein" in page


def test_a_teacher_gives_comfort_to_one_family_and_takes_it_back(world):
    url = f"/classes/{world.cm1.public_id}/eleves/{world.student('Léa').public_id}"
    teacher = world.sign_in("teacher")
    assert teacher.submit(f"{url}/confort", {"family_comfort": "y"}).status_code == 303
    assert Student.get(Student.first_name == "Léa").family_comfort
    assert "checked" in teacher.get(url).text.split("/confort")[1].split("</form>")[0]
    teacher.submit(f"{url}/confort", {})
    assert not Student.get(Student.first_name == "Léa").family_comfort
    events = b"".join(bytes(row.entry) for row in audit.AuditEntry.select())
    assert b"family_comfort_on" in events and b"family_comfort_off" in events
    for who in ("assistant", "guardian1"):
        assert world.sign_in(who).submit(f"{url}/confort", {"family_comfort": "y"}).status_code == 403
    assert not Student.get(Student.first_name == "Léa").family_comfort
