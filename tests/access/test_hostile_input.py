"""Whatever is sent: a clear answer in French, nothing half-written, never a crash."""

import io
from urllib.parse import quote_from_bytes

import pytest

from tests.access.crawl import crawl
from tests.access.forms import data_for
from tests.access.hostile import (
    BODIES,
    HEADERS,
    MARK,
    NASTY,
    NASTY_IDS,
    NUL,
    encoded,
    naughty_strings,
    parameters_of,
    someone_for,
)
from tests.access.routes import address, list_routes, writes
from tests.access.town import Town, changed, rows
from tests.support.source import complain

FORM = "application/x-www-form-urlencoded"
_ENGLISH = (
    "Bad Request", "The browser (or proxy)", "Not Found</title>", "Internal Server Error", "Traceback",
    "Not a valid", "This field is", "Invalid ",
)  # fmt: skip


class Judge:
    """Sends a request, and notes what is wrong with its answer."""

    def __init__(self, town: Town):
        self.town, self.problems, self.before = town, [], rows()

    def send(self, what: str, person: str, method: str, url: str, **options) -> None:
        """One request, undone afterwards."""
        with self.town.undone(), writes() as written:
            browser = self.town.browser(person)
            body = options.pop("body", None)
            if body is not None:
                options["data"] = body + (b"&" if body else b"") + b"csrf_token=" + browser.csrf_token.encode()
            elif method == "POST":
                options["headers"] = {"X-CSRFToken": browser.csrf_token, **options.get("headers", {})}
            answer = self.town.sent(browser, method, url, **options)
            wrong = self._wrong(answer)
            if not wrong and answer.status_code >= 400 and written and changed(self.before, rows()):
                wrong = f"refused, yet it changed {changed(self.before, rows())}"
        if wrong:
            self.problems.append(f"{what}: {wrong}")

    def _wrong(self, answer) -> str:
        text = answer.get_data().decode("utf-8", "replace")
        if answer.status_code >= 500:
            return f"{answer.status_code} {text[:160]}"
        if answer.status_code in (301, 302, 303, 307, 308):
            away = not answer.location.startswith("/") or answer.location[1:2] in ("/", "\\")
            return f"leads to {answer.location}" if away else ""
        if MARK in text or "<script>alert" in text:
            return "shows markup that was typed"
        if "Set-Cookie: a=b" in str(answer.headers):
            return "lets a header be typed"
        is_page = (answer.headers.get("Content-Type") or "").startswith("text/html")
        if answer.status_code >= 400 and is_page and 'lang="fr"' not in text and "<main" in text:
            return f"{answer.status_code} is not in French"
        return next((f"{answer.status_code} says “{word}”" for word in _ENGLISH if word in text), "")

    def verdict(self) -> None:
        """Fail with everything that was wrong."""
        assert not self.problems, complain(self.problems[:40])


def _turns(values, start: int, count: int):
    return [NUL, *(values[(start + step * 5) % len(values)] for step in range(count))]


def _check_addresses(town: Town, per_argument: int) -> None:
    judge = Judge(town)
    for number, route in enumerate(list_routes(town.app)):
        for name in route.arguments:
            for value in _turns(NASTY_IDS, number, per_argument):
                url = address(route, town.home, **{name: "@@"}).replace("@@", quote_from_bytes(value, safe=""))
                options = (
                    {"body": encoded(data_for(route, town.home)), "content_type": FORM}
                    if route.method == "POST"
                    else {}
                )
                judge.send(f"{route} {name}={value[:20]!r}", someone_for(route), route.method, url, **options)
    judge.verdict()


def _check_parameters(town: Town, monkeypatch, strings, per_parameter: int) -> None:
    judge, read = Judge(town), parameters_of(town, monkeypatch)
    assert sum(map(len, read.values())) > 100, "hardly any parameter was found"
    turn = 0
    for route in list_routes(town.app):
        person, url = someone_for(route), address(route, town.home)
        for name in read[str(route)]:
            for value in _turns(strings, turn, per_parameter):
                what = f"{route} {name}={value[:24]!r}"
                if route.method == "GET":
                    judge.send(what, person, "GET", url, query_string=f"{name}={quote_from_bytes(value)}")
                else:
                    data = {**data_for(route, town.home), name: value}
                    judge.send(what, person, "POST", url, body=encoded(data), content_type=FORM)
            turn += 1
    judge.verdict()


def test_no_id_in_an_address_breaks_a_page(town):
    _check_addresses(town, 1)


def test_a_zero_byte_in_a_field_breaks_no_form(town, monkeypatch):
    _check_parameters(town, monkeypatch, NASTY, 0)


@pytest.mark.slow
def test_no_id_in_an_address_breaks_a_page_tried_with_all(town):
    _check_addresses(town, len(NASTY_IDS))


@pytest.mark.slow
def test_nothing_typed_in_a_field_breaks_its_form_tried_with_all(town, monkeypatch):
    _check_parameters(town, monkeypatch, NASTY, len(NASTY))


@pytest.mark.slow
def test_no_naughty_string_breaks_a_form(town, monkeypatch, shared_data):
    strings = naughty_strings(shared_data)
    assert len(strings) > 400
    _check_parameters(town, monkeypatch, strings, 40)


def test_a_form_full_of_the_same_nonsense_is_refused_in_words(town, monkeypatch):
    judge, read = Judge(town), parameters_of(town, monkeypatch)
    for number, route in enumerate(list_routes(town.app, "POST")):
        for value in _turns(NASTY, number, 1)[1:]:
            body = encoded(dict.fromkeys(read[str(route)], value))
            judge.send(
                f"{route} all={value[:24]!r}",
                someone_for(route),
                "POST",
                address(route, town.home),
                body=body,
                content_type=FORM,
            )
    judge.verdict()


def test_no_body_breaks_a_route(town):
    judge = Judge(town)
    for number, route in enumerate(list_routes(town.app, "POST")):
        for name in _turns(list(BODIES), number, 2)[1:]:
            data, kind = BODIES[name]
            judge.send(
                f"{route} {name}", someone_for(route), "POST", address(route, town.home), data=data, content_type=kind
            )
    judge.verdict()


def test_no_field_of_another_type_breaks_its_form(town, monkeypatch):
    """A file, a number or a list in the place of a text, in every field at once."""
    judge, read = Judge(town), parameters_of(town, monkeypatch)
    for route in list_routes(town.app, "POST"):
        person, url, names = someone_for(route), address(route, town.home), read[str(route)]
        judge.send(f"{route} files", person, "POST", url, data={name: (io.BytesIO(b"x"), "x.txt") for name in names})
        for value in ({name: 1 for name in names}, {name: [[1], {}] for name in names}, [1]):
            judge.send(f"{route} {value}"[:120], person, "POST", url, json=value)
    judge.verdict()


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: next(iter(headers)))
def test_no_header_breaks_a_page(town, headers):
    judge = Judge(town)
    urls = [
        "/",
        "/connexion",
        f"/classes/{town.home.ids['classroom']}",
        f"/medias/{town.home.ids['media']}/medium",
        "/nulle-part",
    ]
    for url in urls:
        for person in ("guardian1", "visitor"):
            judge.send(f"{url} {headers}", person, "GET", url, headers=headers)
    judge.send(f"POST {headers}", "guardian1", "POST", "/langue", data={"language": "fr"}, headers=headers)
    secure = {"base_url": "https://localhost", "headers": headers}
    judge.send(f"POST {headers} over TLS", "guardian1", "POST", "/langue", data={"language": "fr"}, **secure)
    judge.send(f"upload {headers}", "teacher", "POST", "/televersements", headers={"Tus-Resumable": "1.0.0", **headers})
    judge.verdict()


NAMES = (f"{MARK} & <b>Zoé</b>", "\u202eא🧑‍🧑‍🧒 ﷽ 漢字 &amp; ]]>", "=HYPERLINK(1) {{7*7}} %(num)s \\ %s " + "w" * 40)


@pytest.mark.parametrize(
    "name",
    [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])],
    ids=["markup", "scripts", "formulas"],
)
@pytest.mark.parametrize(
    "readers",
    [("guardian1",), pytest.param(("teacher", "guardian1", "principal", "admin"), marks=pytest.mark.slow)],
    ids=["a guardian", "all"],
)
def test_strange_names_that_were_accepted_break_no_page_afterwards(town, name, readers):
    ids = town.home.ids
    here = f"/classes/{ids['classroom']}"
    adult = f"{here}/eleves/{ids['pupil']}/responsables/{ids['adult']}"
    names = {"first_name": name[:90], "last_name": name[:90]}
    for person, url, data in (
        ("teacher", f"{here}/eleves/{ids['pupil']}/modifier", {**names, "usage_name": name[:90]}),
        ("teacher", adult, {**names, "address": name[:90], "phone_mobile": name[:20], "city": name[:90]}),
        ("teacher", f"{here}/groupes", {"name": name[:90], "pupils": [ids["pupil"]]}),
        ("teacher", f"{here}/publications/nouvelle", {"text": name * 3, "audience": "whole", "act": "publish"}),
        ("teacher", "/compte/nom", names),
        ("guardian1", "/compte/nom", names),
        ("guardian1", f"/publications/{ids['post']}/commentaires", {"text": name}),
        ("principal", f"/administration/ecoles/{ids['school']}/modifier", {"name": name[:90], "city": name[:90]}),
        ("principal", f"/administration/classes/{ids['classroom']}/modifier", {"name": name[:90], "level": name[:40]}),
        ("newcomer", "/joindre", {"key": town.next_door.ids["key"], "child_name": name, "kinship": "mother"}),
    ):
        assert town.ask(person, "POST", url, data).status_code in (303, 422), url
    problems = []
    for person in readers:
        for url, (status, _headers, text) in crawl(town, person).items():
            if status >= 500 or "<script>alert" in text:
                problems.append(f"{url} for {person}: {status} {text[:200] * (status >= 500)}")
    waiting = town.home.variants["adult"]["waiting"]
    letters = town.ask("teacher", "POST", f"{here}/invitations", {"guardians": [waiting]})
    code = town.ask("teacher", "POST", f"{adult}/code")
    problems += [
        f"{what}: {answer.text[:200]}"
        for what, answer in (("letters", letters), ("code", code))
        if answer.status_code != 200
    ]
    assert not problems, complain(problems)
