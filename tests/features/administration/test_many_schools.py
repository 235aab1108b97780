"""Hundreds of schools cost no more than a few: the database searches, orders and cuts the list into pages."""

import pytest

from appliance.features.administration import queries
from appliance.school.models import School
from appliance.school.policy import SYSTEM
from appliance.services.people import places
from tests.support.asked import statements


def main_of(answer) -> str:
    return answer.text.split("<main", 1)[1].split("</main>", 1)[0]


def found_schools(number: int, world, **values) -> None:
    """So many schools more in the world's academy."""
    first = School.select().count()
    for each in range(number):
        School.create(academy=world.academy, **{"name": f"Groupe {first + each:03d}", "city": "Bézu", **values})


def names_of(found: queries.Schools) -> list[str]:
    return [school.name for school in found.schools]


def test_the_page_of_schools_asks_and_shows_as_little_of_many_as_of_a_few(world, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 10)
    browser = world.sign_in("admin")

    def cost() -> tuple[int, int]:
        browser.get("/administration")
        with statements() as asked:
            page = main_of(browser.get("/administration"))
        return len(asked), page.count('href="/administration/ecoles/')

    found_schools(10, world)
    few = cost()
    found_schools(60, world)
    assert cost() == few and few[1] == 10


def test_each_school_is_on_one_page_in_order_and_a_page_too_far_is_the_last(world, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 4)
    found_schools(8, world)
    actor, seen, page, has_more = world.actor("admin"), [], 0, True
    while has_more:
        page += 1
        found = queries.list_schools(actor, page=page)
        assert found.page == page and found.total == 10
        seen, has_more = seen + names_of(found), found.has_more
    assert len(set(seen)) == len(seen) == 10 and page == 3
    far = queries.list_schools(actor, page=10**40)
    assert far.page == 3 and not far.has_more and names_of(far) == seen[8:]
    assert queries.list_schools(actor, page=-3).page == 1


@pytest.mark.parametrize("typed", ["jules-ferry", "JULES-FERRY", "ecole jules", "saint-loup 0750001a"])
def test_a_school_is_found_by_name_town_or_number_whatever_the_capitals_and_accents(world, typed):
    assert names_of(queries.list_schools(world.actor("admin"), typed)) == ["École Jules-Ferry"]


def test_a_search_keeps_its_words_from_page_to_page_and_says_when_nothing_is_found(world, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 3)
    found_schools(4, world)
    browser = world.sign_in("admin")
    first = main_of(browser.get("/administration", query_string={"nom": "bezu"}))
    assert "nom=bezu" in first and "page=2" in first and "Jules-Ferry" not in first
    second = main_of(browser.get("/administration", query_string={"nom": "bezu", "page": 2}))
    assert "Groupe 005" in second and "page=1" in second and "page=3" not in second
    nothing = main_of(browser.get("/administration", query_string={"nom": "%00é*[x"}))
    assert "Aucune école de ce nom" in nothing and "Créez la première" not in nothing


def test_who_has_few_schools_sees_no_search_and_a_head_searches_only_the_schools_of_the_office(world):
    assert 'role="search"' not in main_of(world.sign_in("admin").get("/administration"))
    browser = world.sign_in("principal")
    for word in ("moulin", "ecole", ""):
        answer = browser.get("/administration", query_string={"nom": word}, follow_redirects=True)
        assert "Moulin" not in main_of(answer)
    elsewhere = places.create_academy(SYSTEM, "Ailleurs")
    places.appoint(SYSTEM, world.account("principal"), elsewhere, "admin")
    assert names_of(queries.list_schools(world.actor("principal"), "ecole")) == ["École Jules-Ferry"]


def test_a_head_of_a_whole_academy_finds_a_class_among_many(world):
    places.appoint(SYSTEM, world.account("stranger"), world.academy, "principal")
    year = world.cm1.year
    for number in range(130):
        places.create_classroom(SYSTEM, world.cm1.school, year, f"Petite section {number:03d}")
    browser = world.sign_in("stranger")
    first = main_of(browser.get("/classes"))
    assert first.count("/membres") == 100 and "page=2" in first
    assert main_of(browser.get("/classes?page=9")).count("/membres") == 33
    found = main_of(browser.get("/classes", query_string={"nom": "PETITE-section 07"}))
    assert found.count("/membres") == 10 and "page=" not in found
    assert "Aucune classe de ce nom" in main_of(browser.get("/classes?nom=zzz"))
    assert browser.get("/").text.count("/publications/nouvelle") == 50 and 'href="/classes"' in browser.get("/").text
