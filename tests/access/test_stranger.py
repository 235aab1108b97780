"""A stranger who holds every true id learns nothing: each answer is the one that an invented id gets."""

import pytest

from tests.access.forms import data_for
from tests.access.routes import address, list_routes, plain, writes
from tests.access.town import CANARY, CLASS_CANARY, unknown_id
from tests.support.source import complain

# For each: no object of the class CM1 A may exist for them. Heads and administrators have the school's own objects.
STRANGERS = ("stranger", "far_teacher", "far_principal", "newcomer", "contact", "withdrawn", "dpo")
NEIGHBOURS = ("zoe1", "teacher2")
FIRST = ("stranger", "withdrawn")
# One's own account says which child the school has named one for, and that this opens nothing.
OWN_LINK = {("contact", "/compte"), ("withdrawn", "/compte")}


def _requests(town, route):
    """The address with each true object in turn, and the same address with an invented one."""
    forged = {name: unknown_id() for name in route.objects}
    variants = [(name, variant) for name in route.objects for variant in town.home.variants[name]]
    for name, variant in variants:
        chosen = {name: town.home.variants[name][variant]}
        yield address(route, town.home, **chosen), address(route, town.home, **forged), [*chosen.values()]


@pytest.mark.parametrize(
    "person",
    [*FIRST, *(pytest.param(each, marks=pytest.mark.slow) for each in STRANGERS + NEIGHBOURS if each not in FIRST)],
)
def test_true_and_invented_ids_get_the_same_answer(town, person):
    problems = []
    for route in list_routes(town.app):
        if not route.objects:
            continue
        for true, invented, ids in _requests(town, route):
            with town.undone(), writes() as written:
                given = town.ask(person, route.method, true, data_for(route, town.home))
            with town.undone():
                expected = town.ask(person, route.method, invented, data_for(route, town.home))
            known = [*town.home.ids.values(), *ids, *_ids_in(invented, true)]
            if given.status_code != expected.status_code or plain(given, *known) != plain(expected, *known):
                problems.append(f"{route} {true}: {given.status_code}, invented: {expected.status_code}")
            elif given.status_code not in (303, 403, 404) or written:
                problems.append(f"{route} {true}: {given.status_code}, wrote {written} {given.text[:200]}")
    assert not problems, complain(problems)


def _ids_in(*urls: str) -> list[str]:
    return [part for url in urls for part in url.split("/") if len(part) == 16]


@pytest.mark.parametrize("person", STRANGERS)
def test_no_page_of_theirs_names_anything_of_the_class(town, person):
    problems = []
    for route in list_routes(town.app, "GET"):
        if "code" in route.arguments:
            continue  # whoever holds a letter reads what it says
        with town.undone():
            page = plain(town.ask(person, "GET", address(route, town.home)))
        found = [word for word in (CANARY, CLASS_CANARY, "Léa", "CM1 A") if word in page]
        if found and not (found == ["Léa"] and (person, route.rule) in OWN_LINK):
            problems.append(f"{route}: {found}")
    assert not problems, complain(problems)


@pytest.mark.parametrize("person", ["teacher", "principal", "admin"])
def test_an_id_of_another_class_does_not_slip_in_beside_one_of_ones_own(town, person):
    problems = []
    for route in list_routes(town.app):
        if len(route.objects) < 2:
            continue
        for name in route.objects:
            for other in (town.next_door, town.far):
                if other.ids[name] == town.home.ids[name] or other.ids["school"] == other.ids.get(name):
                    continue
                with town.undone(), writes() as written:
                    answer = town.ask(
                        person,
                        route.method,
                        address(route, town.home, **{name: other.ids[name]}),
                        data_for(route, town.home),
                    )
                if answer.status_code not in (403, 404) and (written or answer.status_code != 303):
                    problems.append(f"{route} with a foreign {name}: {answer.status_code}, wrote {written}")
    assert not problems, complain(problems)
