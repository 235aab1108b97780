"""Thousands of accounts cost no more than a few: the database searches, orders and cuts the list into pages."""

import pytest

from appliance.features.administration import reach
from appliance.school.models import Account, Guardian, School
from appliance.school.policy import SYSTEM
from appliance.services.people import places
from tests.support.asked import statements


def main_of(answer) -> str:
    return answer.text.split("<main", 1)[1].split("</main>", 1)[0]


def settle(world, names, school=None) -> None:
    """Open an account for a guardian of each of these names in a school, in that order."""
    school, first = school or world.cm1.school, Account.select().count()
    for number, (first_name, last_name) in enumerate(names):
        account = Account.create(
            first_name=first_name, last_name=last_name, identifier=f"settled{first + number}", password_hash="x"
        )
        Guardian.create(school=school, account=account, first_name=first_name, last_name=last_name)


def names_of(found: reach.People) -> list[str]:
    return [person.name for person in found.people]


@pytest.mark.parametrize("who", ["admin", "principal"])
def test_the_pages_of_accounts_ask_as_little_of_a_large_school_as_of_a_small_one(world, who):
    browser = world.sign_in(who)
    urls = ["/administration/comptes", "/administration/comptes?nom=martin", "/administration/comptes?page=2"]
    one = f"/administration/comptes/{world.account('teacher').public_id}"
    urls += [one, f"{one}/fermer", f"/administration/classes/{world.cm1.public_id}", "/import"]

    def cost() -> list[int]:
        numbers = []
        for url in urls:
            browser.get(url)
            with statements() as asked:
                assert browser.get(url).status_code == 200
            numbers.append(len(asked))
        return numbers

    settle(world, [("Al", "Un")] * 110)
    few = cost()
    settle(world, [("Al", "Deux")] * 210)
    for number in range(5):
        school = places.create_school(SYSTEM, world.academy, f"École {number}")
        settle(world, [("Al", "Trois")] * 5, school)
    assert cost() == few and max(few) <= 16


def test_a_page_of_accounts_takes_a_page_of_rows_out_of_the_database(world, monkeypatch):
    monkeypatch.setattr(reach, "PAGE", 5)
    settle(world, [("Zora", f"N{number:03d}") for number in range(60)])
    made, init = [], Account.__init__

    def counted(self, *arguments, **options):
        made.append(self)
        init(self, *arguments, **options)

    monkeypatch.setattr(Account, "__init__", counted)
    assert len(reach.list_people(world.actor("admin"), page=3).people) == 5
    assert len(made) < 10


def test_each_account_is_on_one_page_in_order_and_the_last_page_is_the_last(world, monkeypatch):
    monkeypatch.setattr(reach, "PAGE", 4)
    settle(world, [("Paul", "Zola"), ("paul", "Abadie"), ("Paul", "Zola"), ("PAUL", "Moreau")])
    actor, seen, page, has_more = world.actor("principal"), [], 0, True
    while has_more:
        page += 1
        found = reach.list_people(actor, page=page)
        assert found.page == page and 1 <= len(found.people) <= 4
        seen, has_more = seen + found.people, found.has_more
    assert len({person.public_id for person in seen}) == len(seen) == found.total
    names = [person.name.lower() for person in seen if person.name.isascii()]
    assert names == sorted(names)
    far = reach.list_people(actor, page=10**40)
    assert far.page == page and far.people == found.people and not far.has_more


@pytest.mark.parametrize("number", [0, 1])
def test_a_full_last_page_is_followed_by_none(world, monkeypatch, number):
    total = reach.list_people(world.actor("principal")).total
    monkeypatch.setattr(reach, "PAGE", total - number)
    page = main_of(world.sign_in("principal").get("/administration/comptes"))
    assert ("page=2" in page) == bool(number)
    beyond = reach.list_people(world.actor("principal"), page=3)
    assert beyond.page == 1 + number and beyond.people


def test_page_two_of_a_search_keeps_the_search(world, monkeypatch):
    monkeypatch.setattr(reach, "PAGE", 3)
    settle(world, [("Élie", f"Côté-{letter}") for letter in "ABCDEFG"])
    browser = world.sign_in("admin")
    first = main_of(browser.get("/administration/comptes", query_string={"nom": "cote"}))
    assert "page=2" in first and "nom=cote" in first and "Élie Côté-A" in first and "Élie Côté-D" not in first
    second = main_of(browser.get("/administration/comptes", query_string={"nom": "cote", "page": 2}))
    assert "Élie Côté-D" in second and "page=1" in second and "page=3" in second
    last = main_of(browser.get("/administration/comptes", query_string={"nom": "cote", "page": 9}))
    assert "Élie Côté-G" in last and "page=2" in last and "page=4" not in last


@pytest.mark.parametrize(
    "typed", ["lefèvre", "LEFEVRE", "Lefèvre", "  lefe\u0300vre ", "anaïs lefevre", "ANAIS  LEFÈVRE", "settled"]
)
def test_a_search_minds_neither_capitals_nor_accents(world, typed):
    settle(world, [("Anaïs", "LEFÈVRE")])
    assert names_of(reach.list_people(world.actor("principal"), typed)) == ["Anaïs LEFÈVRE"]


def test_what_a_pattern_would_mean_is_looked_for_as_it_is_typed(world):
    settle(world, [("A*b", "[Un]"), ("A?b", "100%"), ("A_b", "Deux^"), ("A.b", "Tr\\ois"), ("A|b", "Юлия Ñandú")])
    for typed, name in {
        "*b": "A*b [Un]", "?": "A?b 100%", "0%": "A?b 100%", "_": "A_b Deux^", "x^": "A_b Deux^", "[u": "A*b [Un]",
        "n]": "A*b [Un]", "A.b": "A.b Tr\\ois", "r\\o": "A.b Tr\\ois", "|": "A|b Юлия Ñandú",
        "юлИЯ nandu": "A|b Юлия Ñandú",
    }.items():  # fmt: skip
        assert names_of(reach.list_people(world.actor("principal"), typed)) == [name], typed


def test_someone_with_several_places_is_there_once_with_those_within_reach(world):
    far = School.get(School.name == "École du Moulin")
    nadia, teacher = world.account("nadia"), world.account("teacher")
    Guardian.create(school=far, account=nadia, first_name="Nadia", last_name="Benali")
    Guardian.create(school=far, account=teacher, first_name="Sophie", last_name="Martin")
    places.appoint(SYSTEM, teacher, world.academy, "dpo")
    near = "École Jules-Ferry"
    for who, whom, expected in (
        ("admin", "Nadia", {("guardian", near), ("guardian", far.name)}),
        ("principal", "Nadia", {("guardian", near)}),
        ("admin", "Sophie", {("teacher", near), ("guardian", far.name), ("dpo", "")}),
        ("principal", "Sophie", {("teacher", near)}),
    ):
        (found,) = reach.list_people(world.actor(who), whom).people
        assert set(found.places) == expected and len(found.places) == len(expected)


def test_a_head_of_the_whole_academy_reaches_its_schools_and_not_its_offices(world):
    places.appoint(SYSTEM, world.account("teacher2"), world.academy, "principal")
    names = names_of(reach.list_people(world.actor("teacher2")))
    assert "Agnès Colin" in names and "Sophie Martin" in names and "Yann Le Gall" not in names
