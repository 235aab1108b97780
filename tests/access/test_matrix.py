"""The matrix of tests/access/matrix.txt holds: role by route by object."""

import pytest

from appliance.services import audit
from tests.access import matrix
from tests.access.forms import data_for
from tests.access.routes import address, list_routes, writes
from tests.access.town import PEOPLE
from tests.support.source import complain

ROWS = matrix.read()
# What writes and leaves no entry: a piece of a file (its beginning and its end do), looking again at the machine.
NOT_JOURNALED = {
    "PATCH /televersements/<upload>",
    "POST /televersements/<upload>",
    "POST /administration/sante/verifier",
}


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
            size = audit.root()[0]
            answer = town.ask(person, row.method, address(route, town.home, **chosen), data_for(route, town.home))
            is_journaled = audit.root()[0] > size
        given = matrix.cell_of(answer)
        if given != expected:
            problems.append(f"{person}: “{given}” instead of “{expected}” {answer.text[:300] * (given == '500')}")
        elif expected in (matrix.NOTHING, matrix.NO) and written:
            problems.append(f"{person}: refused, yet it wrote to {sorted(set(written))}")
        elif expected == "ok" and written and not is_journaled and str(route) not in NOT_JOURNALED:
            problems.append(f"{person}: it wrote to {sorted(set(written))} and left no entry in the journal")
    assert not problems, complain([str(row), *problems])
