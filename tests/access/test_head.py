"""HEAD tells what GET would, and every answer keeps what it shows among those whom it concerns."""

from appliance.web import headers
from tests.access.hostile import someone_for
from tests.access.routes import address, list_routes
from tests.support.source import complain

# Asked again each time, or not kept at all.
PRIVATE = {"no-store", "private, no-cache"}
PUBLIC = {"worker": "no-cache"}  # a program, the same for everybody
LIVELY = "/metrics"  # counts what is asked


def shown(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("Date", "Set-Cookie")}


def test_head_says_what_get_would_and_sends_no_body(town):
    problems = []
    for route in list_routes(town.app, "GET"):
        url, person = address(route, town.home), someone_for(route)
        for who in (person, "visitor"):
            answers = []
            for method in ("GET", "HEAD"):
                with town.undone():
                    answers.append(town.sent(town.browser(who), method, url))
            got, told = answers
            same = told.status_code == got.status_code and shown(told) == shown(got)
            if told.data or (not same and route.rule != LIVELY):
                changed = set(shown(got).items()) ^ set(shown(told).items())
                problems.append(f"{route} for {who}: {got.status_code}, {told.status_code} {changed}")
    assert not problems, complain(problems)


def test_every_answer_has_the_headers_that_protect_and_is_kept_by_nobody_else(town):
    problems = []
    for route in list_routes(town.app):
        for who in (someone_for(route), "visitor"):
            for method in (route.method, "OPTIONS", "TRACE"):
                with town.undone():
                    answer = town.sent(town.browser(who), method, address(route, town.home))
                lacking = [name for name in headers.FIXED if name not in answer.headers]
                kept = answer.headers.get("Cache-Control")
                if lacking or kept not in {*PRIVATE, PUBLIC.get(route.endpoint)}:
                    problems.append(f"{method} {route.rule} for {who}: {answer.status_code} lacks {lacking}, {kept}")
    assert not problems, complain(problems)
