"""Ways around the front door: what one may reach by two permitted steps must have been permitted in one."""

import re

import pytest

from appliance.school.models import Account, Guardian, Student
from tests.access.town import MAIL, Town
from tests.support.world import PASSWORD

NEW = "une porte bleue sous la pluie"


def _adult_of(town: Town, person: str) -> str:
    return Guardian.get(Guardian.account == town.world.account(person)).public_id


def test_a_teacher_does_not_enter_another_class_through_a_parents_account(town):
    """Nadia has a child in CM1 A and one in CE1: her account opens more than the teacher of CM1 A may see."""
    ines = Student.get(Student.first_name == "Inès").public_id
    url = f"/classes/{town.home.ids['classroom']}/eleves/{ines}/responsables/{_adult_of(town, 'nadia')}/code"
    other = f"/classes/{town.next_door.ids['classroom']}"
    assert town.ask("teacher", "GET", other).status_code == 404
    answer = town.ask("teacher", "POST", url)
    assert answer.status_code in (403, 404, 422)


def test_a_printed_code_serves_the_families_of_the_class_alone(town):
    """The same act is the teacher's to do for a parent whose children are all in the class."""
    url = "/classes/{classroom}/eleves/{pupil}/responsables/{adult}/code".format(**town.home.ids)
    assert town.ask("teacher", "POST", url).status_code == 200


@pytest.mark.parametrize("url", ["/joindre", "/invitation/{code}"])
def test_opening_an_account_tells_nothing_of_other_accounts(town, url):
    """Every family knows the class key, and may type the other guardian's address."""
    data = {
        "key": town.home.ids["key"], "child_name": "Léa Dubois", "kinship": "father",
        "first_name": "Marc", "last_name": "Lefort", "password": NEW,
    }  # fmt: skip
    answers = []
    for email in ("guardian1@demo.test", "personne@demo.test"):
        with town.undone():
            answer = town.ask("visitor", "POST", url.format(**town.home.ids), {**data, "email": email})
            answers.append((answer.status_code, re.findall(r'class="error"[^>]*>.*?</', answer.text)))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("person", ["withdrawn", "contact"])
def test_who_has_no_authority_does_not_learn_where_the_child_goes_now(town, person):
    Student.update(school=town.world.far.school).where(Student.id == town.world.student("Léa").id).execute()
    assert town.world.far.school.name not in town.ask(person, "GET", "/compte").text


def test_who_lost_the_authority_does_not_come_back_by_the_class_key(town):
    data = {"key": town.home.ids["key"], "child_name": "Léa Dubois", "kinship": "father"}
    assert town.ask("withdrawn", "POST", "/joindre", data).status_code == 303
    listing = f"/classes/{town.home.ids['classroom']}/demandes"
    requests = set(re.findall(rf"{listing}/([a-z0-9]{{16}})", town.ask("teacher", "GET", listing).text))
    for request in requests - {town.home.ids["request"]}:
        answer = town.ask(
            "teacher", "POST", f"{listing}/{request}", {"student": town.home.ids["pupil"], "confirmed": "1"}
        )
        assert answer.status_code in (409, 422)
    assert len(requests) == 2
    assert town.ask("withdrawn", "GET", f"/classes/{town.home.ids['classroom']}").status_code == 404


def test_a_letter_to_one_guardian_does_not_open_to_the_other(town):
    answer = town.ask("guardian2", "POST", f"/invitation/{town.home.ids['code']}")
    assert answer.status_code == 422
    town.home.ids["code"] = town.home.ids["code"].lower().replace("-", " ")
    assert town.ask("visitor", "GET", f"/invitation/{town.home.ids['code']}").status_code == 200, "it is not spent"


def test_a_code_for_a_password_is_no_invitation_and_the_reverse(town):
    assert town.ask("visitor", "GET", f"/invitation/{town.home.ids['reset_code']}").status_code == 422
    assert town.ask("visitor", "GET", f"/reinitialiser/{town.home.ids['code']}").status_code == 422


def test_a_printed_letter_stops_opening_once_the_authority_is_withdrawn(town):
    ids, waiting = town.home.ids, town.home.variants["adult"]["waiting"]
    url = f"/classes/{ids['classroom']}/eleves/{ids['pupil']}/responsables/{waiting}/autorite"
    data = {"authority": "withdrawn", "document_reference": "Jugement 25/0004"}
    assert town.ask("teacher", "POST", url, data).status_code == 303
    person = {"first_name": "Solène", "last_name": "Attente", "identifier": "solene@demo.test", "password": NEW}
    assert town.ask("visitor", "GET", f"/invitation/{ids['code']}").status_code == 422
    assert town.ask("visitor", "POST", f"/invitation/{ids['code']}", person).status_code == 422


def test_a_group_that_is_deleted_closes_the_posts_that_were_for_it(town):
    ids, post = town.home.ids, town.home.variants["post"]["group"]
    assert town.ask("guardian1", "GET", f"/publications/{post}").status_code == 200
    assert (
        town.ask("teacher", "POST", f"/classes/{ids['classroom']}/groupes/{ids['group']}/supprimer").status_code == 303
    )
    for person in ("guardian1", "guardian2", "hugo1"):
        assert town.ask(person, "GET", f"/publications/{post}").status_code == 404


def test_an_address_that_someone_else_claims_does_not_shut_its_owner_out(town, clock):
    """The teacher's account is the older one: it writes guardian1's address as its own."""
    clock.advance(minutes=1)
    claim = {"email": MAIL, "present": PASSWORD}
    assert town.ask("teacher", "POST", "/compte/adresse", claim).status_code == 303
    Account.update(password_hash="").where(Account.id == town.world.account("teacher").id).execute()
    answer = town.ask("visitor", "POST", "/connexion", {"identifier": MAIL, "password": PASSWORD})
    assert answer.status_code == 303, "the owner cannot sign in with their own address any more"
