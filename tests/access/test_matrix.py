"""The matrix of tests/access/matrix.txt holds: role by route by object."""

import pytest

from tests.access import matrix
from tests.access.forms import data_for
from tests.access.routes import address, list_routes, writes
from tests.access.town import PEOPLE
from tests.support.source import complain

ROWS = matrix.read()


def test_every_route_is_in_the_matrix_and_nothing_else(town):
    known = {str(route) for route in list_routes(town.app)}
    listed = {f"{row.method} {row.rule}" for row in ROWS}
    assert known == listed, complain(
        [f"not in matrix.txt: {each}" for each in sorted(known - listed)]
        + [f"no such route: {each}" for each in sorted(listed - known)]
    )
    assert len(ROWS) == len({str(row) for row in ROWS}), "a line is there twice"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_person_gets_what_the_matrix_says(town, row):
    routes = {str(route): route for route in list_routes(town.app)}
    route = routes.get(f"{row.method} {row.rule}")
    if route is None:
        pytest.fail(f"no such route: {row}")
    chosen = {name: town.home.variants[name][variant] for name, variant in row.variants}
    if chosen and row.variants[0][1].endswith("document"):
        chosen["rendition"] = "original"
    problems = []
    for person, expected in zip(PEOPLE, row.cells, strict=True):
        with town.undone(), writes() as written:
            answer = town.ask(person, row.method, address(route, town.home, **chosen), data_for(route, town.home))
        given = matrix.cell_of(answer)
        if given != expected:
            problems.append(f"{person}: “{given}” instead of “{expected}” {answer.text[:300] * (given == '500')}")
        elif expected in (matrix.NOTHING, matrix.NO) and written:
            problems.append(f"{person}: refused, yet it wrote to {sorted(set(written))}")
    assert not problems, complain([str(row), *problems])
