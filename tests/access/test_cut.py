"""Access that ends, ends at the next request: pages already seen, remembered answers, files and pieces of files too."""

import pytest

from tests.access.crawl import known_addresses
from tests.access.routes import plain
from tests.access.town import CLASS_CANARY
from tests.support.source import complain


def _by_teacher(path: str, **data):
    def cut(town):
        ids = town.home.ids
        answer = town.ask("teacher", "POST", path.format(**ids), data)
        assert answer.status_code == 303, answer.text

    return cut


def _by_head(path: str):
    def cut(town):
        url = path.format(guardian=town.home.variants["account"]["guardian"])
        assert town.ask("principal", "POST", url).status_code == 303

    return cut


def _from_another_device(town):
    other = town.world.sign_in("guardian1")
    answer = other.submit("/compte/appareils/deconnecter-les-autres")
    assert answer.status_code == 303


def _password_changed(town):
    from tests.support.world import PASSWORD

    other = town.world.sign_in("guardian1")
    new = "une porte bleue sous la pluie"
    assert other.submit("/compte/mot-de-passe", {"present": PASSWORD, "new": new, "password": new}).status_code == 303


_ADULT = "/classes/{classroom}/eleves/{pupil}/responsables/{adult}"
CUTS = {
    "the authority is withdrawn": _by_teacher(
        f"{_ADULT}/autorite", authority="withdrawn", document_reference="Jugement 25/0003"
    ),
    "the guardian becomes a contact": _by_teacher(f"{_ADULT}/autorite", authority="contact"),
    "the link is removed": _by_teacher(f"{_ADULT}/retirer"),
    "the child leaves the class": _by_teacher("/classes/{classroom}/eleves/{pupil}/depart"),
    "the account is closed": _by_head("/administration/comptes/{guardian}/fermer"),
    "the session is revoked elsewhere": _from_another_device,
    "the password is changed elsewhere": _password_changed,
}


def _seen(town) -> dict[str, str]:
    """Every page and file of the class that guardian1 opens, with its tag."""
    opened = {}
    for url in known_addresses(town):
        if not url.startswith(("/classes/", "/publications/", "/medias/", "/commentaires/")):
            continue
        answer = town.ask("guardian1", "GET", url)
        if answer.status_code == 200:
            answer = town.ask("guardian1", "GET", url)  # again: what was remembered the first time
            opened[url] = answer.headers.get("ETag", "")
    assert sum(url.startswith("/medias/") for url in opened) >= 3 and len(opened) >= 10
    return opened


def _tries(tag: str):
    """The ways in which a browser may ask again."""
    return (
        {},
        {"If-None-Match": tag},
        {"If-None-Match": "*"},
        {"Range": "bytes=0-9"},
        {"Range": "bytes=0-9", "If-Range": tag},
    )


@pytest.mark.parametrize("name", CUTS)
def test_access_that_ends_ends_at_the_next_request(town, name):
    opened = _seen(town)
    CUTS[name](town)
    problems = []
    for url, tag in opened.items():
        for headers in _tries(tag):
            for method in ("GET", "HEAD"):
                answer = town.ask("guardian1", method, url, headers=headers)
                if answer.status_code not in (303, 404):
                    problems.append(f"{method} {url} {headers}: {answer.status_code}")
    for url in ("/", "/classes", "/compte"):
        page = plain(town.ask("guardian1", "GET", url))
        problems += [f"{url} holds {word}" for word in (CLASS_CANARY, "CM1 A") if word in page]
    assert not problems, complain(problems)


def test_a_post_that_is_withdrawn_takes_its_files_with_it(town):
    opened = _seen(town)
    _by_teacher("/publications/{post}/retirer")(town)
    media = [value for name, value in town.home.variants["media"].items() if name in ("picture", "document")]
    own = {url: tag for url, tag in opened.items() if any(part in url for part in (town.home.ids["post"], *media))}
    assert len(own) >= 3
    for url, tag in own.items():
        for headers in _tries(tag):
            assert town.ask("guardian1", "GET", url, headers=headers).status_code == 404, (url, headers)


def test_a_post_whose_audience_shrinks_closes_to_those_left_out(town):
    post = town.home.ids["post"]
    assert town.ask("hugo1", "GET", f"/publications/{post}").status_code == 200
    tag = town.ask("hugo1", "GET", f"/publications/{post}").headers["ETag"]
    data = {"text": "Pour Léa", "audience": "children", "students": [town.home.ids["pupil"]], "version": "1"}
    assert town.ask("teacher", "POST", f"/publications/{post}/modifier", data).status_code == 303
    for headers in _tries(tag):
        assert town.ask("hugo1", "GET", f"/publications/{post}", headers=headers).status_code == 404
    assert "Pour Léa" not in town.ask("hugo1", "GET", "/").text


def test_a_colleague_taken_off_the_class_sees_nothing_of_it_any_more(town):
    urls = [url for url in known_addresses(town) if town.ask("assistant", "GET", url).status_code == 200]
    urls = [url for url in urls if url.startswith(("/classes/", "/publications/", "/medias/"))]
    assert len(urls) > 15
    _by_teacher("/classes/{classroom}/equipe/{colleague}/retirer")(town)
    for url in urls:
        assert town.ask("assistant", "GET", url).status_code in (403, 404), url


def test_a_head_who_is_dismissed_administers_nothing_any_more(town):
    head, school = town.home.variants["account"]["head"], town.home.ids["school"]
    assert town.ask("principal", "GET", f"/administration/ecoles/{school}").status_code == 200
    url = f"/administration/ecoles/{school}/fonctions/{head}/principal/retirer"
    assert town.ask("admin", "POST", url).status_code == 303
    for url in known_addresses(town):
        if url.startswith(("/classes/", "/administration", "/publications/", "/medias/")):
            assert town.ask("principal", "GET", url).status_code in (403, 404), url
