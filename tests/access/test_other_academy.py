"""Who governs one academy or one school never sees, changes or learns of anything of another: by no address, and by no
value typed, chosen or searched."""

import re

import pytest

from appliance.features.feed import actions as feed
from appliance.school.models import Guardian
from appliance.school.policy import SYSTEM
from appliance.services.people import children, places
from tests.access.forms import data_for
from tests.access.routes import address, list_routes, plain, writes
from tests.access.town import CANARY, CLASS_CANARY, Objects, unknown_id
from tests.support.source import complain
from tests.support.world import _account

WORDS = (CANARY, CLASS_CANARY, "Léa", "CM1 A", "Jules-Ferry", "0750001A", "Saint-Loup", "Moulin", "Le Gall", "Fontaine")
RULERS = ("b_admin", "b_head")


@pytest.fixture
def elsewhere(town) -> Objects:
    """Another academy with a school, a class and a family of its own; its people may be asked for by name."""
    academy = places.create_academy(SYSTEM, "Académie du Nord")
    school = places.create_school(SYSTEM, academy, "École des Dunes", uai="0590001D", city="Bray")
    year = places.find_or_create_year(SYSTEM, academy, town.world.cm1.created_at.date())
    room = places.create_classroom(SYSTEM, school, year, "GS Dunes")
    people = {key: _account(key, key, "Dunes") for key in ("b_admin", "b_head", "b_whole", "b_teacher", "b_parent")}
    places.appoint(SYSTEM, people["b_admin"], academy, "admin")
    places.appoint(SYSTEM, people["b_head"], academy, "principal", school)
    places.appoint(SYSTEM, people["b_whole"], academy, "principal")
    places.add_teacher(SYSTEM, people["b_teacher"], room)
    pupil = children.create_student(SYSTEM, school, "Maël", "Dunes")
    children.enrol(SYSTEM, pupil, room)
    parent = children.create_guardian(SYSTEM, school, "b_parent", "Dunes", account=people["b_parent"])
    children.link(SYSTEM, parent, pupil)
    own = Objects()
    for kind, row in {
        "academy": academy, "school": school, "place": school, "classroom": room, "pupil": pupil, "adult": parent,
        "account": people["b_teacher"], "colleague": people["b_teacher"],
    }.items():  # fmt: skip
        own.put(kind, row.public_id)
    own.put("account", people["b_head"].public_id, "head")
    for key in people:
        town.tokens[key] = town.world.sign_in(key).token
    return own


@pytest.mark.parametrize("person", ["b_admin", pytest.param("b_head", marks=pytest.mark.slow)])
def test_every_true_id_gets_the_answer_of_an_invented_one(town, elsewhere, person):
    problems = []
    for route in list_routes(town.app):
        kinds = ("ecoles", "academies") if "kind" in route.arguments else ("ecoles",)
        for name, kind in ((name, kind) for name in route.objects for kind in kinds):
            invented = address(route, town.home, kind=kind, **{each: unknown_id() for each in route.objects})
            true = town.home.variants["academy" if kind == "academies" and name == "place" else name]
            with town.undone():
                expected = town.ask(person, route.method, invented, data_for(route, town.home))
            for chosen in true.values():
                url = address(route, town.home, kind=kind, **{name: chosen})
                with town.undone(), writes() as written:
                    given = town.ask(person, route.method, url, data_for(route, town.home))
                known = [*town.home.ids.values(), chosen, *re.findall(r"[a-z0-9]{16}", url + invented)]
                if (given.status_code, plain(given, *known)) != (expected.status_code, plain(expected, *known)):
                    problems.append(f"{route} {url}: {given.status_code}, invented: {expected.status_code}")
                elif written or given.status_code not in (303, 403, 404):
                    problems.append(f"{route} {url}: {given.status_code}, wrote {written}")
    assert not problems, complain(problems)


@pytest.mark.parametrize("person", [*RULERS, "b_whole"])
def test_no_page_list_or_search_of_theirs_names_or_counts_anything_of_the_other(town, elsewhere, person):
    problems, own = [], {**town.home.ids, **elsewhere.ids}
    kept = Objects(own, {**town.home.variants, **elsewhere.variants})
    urls = [address(route, kept) for route in list_routes(town.app, "GET") if "code" not in route.arguments]
    for base in ("/administration", "/administration/comptes", "/classes"):
        urls += [f"{base}?page=1000000", *(f"{base}?nom={word}" for word in ("é", *WORDS))]
    for url in urls:
        with town.undone():
            page = town.ask(person, "GET", url, follow_redirects=True).get_data(as_text=True)
        page = page.replace(f'value="{url.partition("nom=")[2]}"', "")  # what they typed themselves
        problems += [f"{url}: {word}" for word in WORDS if word in page]
    with town.undone():
        counted = re.search(r"(\d+) comptes?\.", town.ask(person, "GET", "/administration/comptes").text)
    assert int(counted[1]) == {"b_admin": 5, "b_head": 3, "b_whole": 3}[person]
    assert not problems, complain(problems)


def _typed(town, elsewhere):
    """Person, address, field, what stands there that is another's, and the rest of the form."""
    home, near, far = town.home, town.next_door, town.far
    room, upload = home.ids["classroom"], {"act": "publish", "text": "Bonjour"}
    post = feed.save_draft(town.world.actor("teacher"), room, feed.Content("Brouillon")).public_id
    erased = {"erased": "0-0-0"}
    stranger = Guardian.get(Guardian.account == town.world.account("stranger")).public_id
    for other in (near, far, elsewhere):
        pupil, adult = other.ids["pupil"], other.ids["adult"]
        yield "teacher", f"/classes/{room}/groupes", "pupils", pupil, {"name": "Neuf"}
        yield "teacher", f"/classes/{room}/groupes/{home.ids['group']}", "pupils", pupil, {"name": "Neuf"}
        yield "teacher", f"/classes/{room}/demandes/{home.ids['request']}", "student", pupil, {"confirmed": "1"}
        data = {"student": home.ids["pupil"], "confirmed": "1"}
        yield "teacher", f"/classes/{room}/demandes/{home.ids['request']}", "adult", adult, data
        for end in ("", "/annuler"):
            yield "teacher", f"/classes/{room}/invitations{end}", "guardians", adult, {}
        link = f"/classes/{room}/eleves/{home.ids['pupil']}/responsables/relier"
        yield "teacher", link, "guardian", adult, {"authority": "legal"}
        new = f"/classes/{room}/publications/nouvelle"
        yield "teacher", new, "students", pupil, {**upload, "audience": "children"}
        yield "teacher", f"/publications/{post}/deplacer", "classroom", other.ids["classroom"], erased
        if "group" in other.ids:
            yield "teacher", new, "groups", other.ids["group"], {**upload, "audience": "groups"}
            yield "teacher", new, "uploads", other.ids["upload"], upload
            yield "teacher", f"/publications/{home.ids['post']}/flouter", "media", other.ids["media"], {}
    yield "principal", link, "guardian", stranger, {"authority": "legal"}
    offices = f"/administration/ecoles/{home.ids['school']}/fonctions"
    whole = f"/administration/academies/{home.ids['academy']}/fonctions"
    for key in ("b_admin", "b_teacher", "b_parent"):
        name = f"{key}@demo.test"
        for person, url in (("principal", offices), ("admin", offices), ("admin", whole)):
            yield person, url, "identifier", name, {"role": "principal"}
        for person in ("principal", "admin"):
            yield person, f"/administration/classes/{room}", "identifier", name, {}


def test_a_value_that_names_anothers_is_answered_as_one_that_names_nothing(town, elsewhere):
    problems, tried = [], 0
    for person, url, field, value, rest in list(_typed(town, elsewhere)):
        invented = "personne@demo.test" if "@" in value else unknown_id()
        answers = []
        for each in (value, invented):
            with town.undone(), writes() as written:
                answer = town.ask(person, "POST", url, {**rest, field: each})
            answers.append((answer.status_code, plain(answer, value, invented), written))
        tried += 1
        (status, text, written), expected = answers[0], answers[1]
        if (status, text, written) != expected:
            problems.append(f"{person} {url} {field}: {status} {written}, invented: {expected[0]} {expected[2]}")
        elif status not in (303, 404, 409, 422):
            problems.append(f"{person} {url} {field}: {status}")
    assert tried > 40 and not problems, complain(problems)
