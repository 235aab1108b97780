"""The guardian firewall: what one guardian of a child does, or what the school does for them, never shows to the other.

Two runs begin alike. In one, guardian1 and the school act among guardian2's own acts; in the other they do not. What
guardian2 can look at afterwards must be the same in both, to the byte: so neither names nor texts cross, nor counts,
nor times, nor the mere existence of an account.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core import clock
from tests.access import matrix
from tests.access.crawl import crawl, difference
from tests.access.forms import data_for
from tests.access.routes import Route, address, list_routes, plain
from tests.access.town import CANARY, NOW, PEOPLE, PHONE, Town
from tests.support.source import complain

# What would only end the run: signing out.
_LEAVING = {"signin.sign_out", "my_account.revoke", "my_account.revoke_others"}
# What would hide what came before it.
_TAKING = {
    "feed.remove_comment", "my_account.notice", "classroom.authority", "classroom.remove_link", "classroom.refuse",
}  # fmt: skip
# What the school does for guardian1, the other people of Léa or the class's list, and owes guardian2 no word about.
_FOR_THE_OTHER = (
    "classroom.edit_guardian", "classroom.authority", "classroom.reset_code", "classroom.remove_link",
    "classroom.add_guardian", "classroom.link_guardian", "classroom.decide", "classroom.refuse",
    "classroom.invitation_list", "classroom.contacts", "classroom.pupil", "classroom.renew_key", "feed.readers",
)  # fmt: skip
_ANSWERS = {"feed.comment", "feed.react", "feed.mark_read", "feed.show", "feed.remove_comment"}
_TEXTS = (CANARY, f"**{CANARY}**", f"{CANARY} " * 30)


def _acts(town: Town, person: str) -> list[tuple[Route, dict[str, str]]]:
    """What the matrix lets this person do, about each object."""
    column, routes = list(PEOPLE).index(person), {str(route): route for route in list_routes(town.app)}
    found = []
    for row in matrix.read():
        route = routes.get(f"{row.method} {row.rule}")
        if route is None or row.cells[column] != matrix.OK or route.endpoint in _LEAVING or "code" in route.arguments:
            continue
        if person != "teacher" or route.endpoint in _FOR_THE_OTHER:
            act = (route, {name: town.home.variants[name][variant] for name, variant in row.variants})
            found.append(act)
    return found


def _do(town: Town, person: str, act: tuple[Route, dict[str, str]], text: str):
    route, chosen = act
    data = data_for(route, town.home)
    if person == "guardian1":
        data |= {name: text for name in ("text", "child_name") if name in data}
        data |= {name: CANARY for name in ("first_name", "last_name") if name in data}
    answer = town.ask(person, route.method, address(route, town.home, **chosen), data)
    assert answer.status_code < 500, (str(route), answer.text)
    return answer


def _run(town: Town, acts, who: set[str]) -> dict:
    with town.undone():
        for person, number, text in acts:
            if person in who:
                # The others act at an hour of their own: if it shows, it differs.
                clock.set(NOW.replace(hour=3, minute=37) if person != "guardian2" else NOW)
                acts_of = [act for act in _acts(town, person) for _ in range(5 if act[0].endpoint in _ANSWERS else 1)]
                _do(town, person, acts_of[number % len(acts_of)], text)
        clock.set(NOW)
        return crawl(town, "guardian2")


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("guardian1", "guardian1", "guardian2", "teacher")),
        st.integers(0, 9999),
        st.sampled_from(_TEXTS),
    ),
    min_size=4,
    max_size=14,
)


def _check(town: Town, acts) -> None:
    alone = _run(town, acts, {"guardian2"})
    together = _run(town, acts, {"guardian1", "guardian2", "teacher"})
    problems = difference(alone, together)
    problems += [f"{url} holds {CANARY}" for url, page in together.items() if CANARY.lower() in page[2].lower()]
    assert not problems, complain(problems)


def test_whatever_the_other_guardian_does_changes_no_byte(town):
    @settings(max_examples=2)
    @given(acts=ACTS)
    def holds(acts):
        _check(town, acts)

    holds()


@pytest.mark.slow
def test_whatever_the_other_guardian_does_changes_no_byte_many_times(town):
    @settings(max_examples=60)
    @given(acts=ACTS)
    def holds(acts):
        _check(town, acts)

    holds()


@pytest.mark.parametrize("person", ["guardian1", "teacher"])
@pytest.mark.parametrize("kind", ["what adds", "what takes away"])
def test_no_act_of_the_other_guardian_or_for_them_changes_a_byte(town, person, kind):
    """Every act once, so that none is left to chance; what takes away apart, lest it hide what was added."""
    acts = [act for act in _acts(town, person) if (act[0].endpoint in _TAKING) == (kind == "what takes away")]
    acts.sort(key=lambda act: act[0].endpoint == "my_account.notice")  # after it nothing opens
    alone = _run(town, [], set())
    with town.undone():
        clock.set(NOW.replace(hour=3, minute=37))
        for act in acts:
            answer = _do(town, person, act, CANARY)
            assert answer.location != "/connexion" and "/avis?" not in (answer.location or ""), str(act[0])
        clock.set(NOW)
        problems = difference(alone, crawl(town, "guardian2"))
    assert len(acts) > 1 and not problems, complain(problems)


def _glance(town: Town) -> dict[str, tuple]:
    ids = town.home.ids
    urls = (
        "/",
        "/compte",
        f"/classes/{ids['classroom']}",
        f"/classes/{ids['classroom']}/membres",
        f"/publications/{ids['post']}",
    )
    answers = {url: town.ask("guardian2", "GET", url) for url in urls}
    return {url: (200, {"ETag": got.headers.get("ETag", "")}, plain(got)) for url, got in answers.items()}


@pytest.mark.parametrize("person", ["guardian1", "teacher"])
def test_no_single_act_changes_a_byte_of_the_main_pages(town, person):
    """Each act from the same beginning: what two acts would cancel out shows here. Not even a tag moves: one that did
    would say “somebody did something”."""
    with town.undone():
        alone, problems = _glance(town), []
    for route, chosen in _acts(town, person):
        if route.method == "POST":
            with town.undone():
                clock.set(NOW.replace(hour=3, minute=37))
                _do(town, person, (route, chosen), CANARY)
                clock.set(NOW)
                problems += [f"{route} {chosen}: {each}" for each in difference(alone, _glance(town))]
    assert not problems, complain(problems)


def test_nothing_of_the_other_guardian_stands_anywhere(town):
    pages = crawl(town, "guardian2")
    assert len([page for page in pages.values() if page[0] == 200]) > 15, "the crawl reaches hardly anything"
    account = town.world.account("guardian1")
    traces = (CANARY, PHONE, account.identifier, account.public_id, town.home.ids["adult"])
    problems = [
        f"{url}: {trace}" for url, page in pages.items() for trace in traces if trace.lower() in page[2].lower()
    ]
    assert not problems, complain(problems)
