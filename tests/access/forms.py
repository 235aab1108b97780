"""What people would type in each form, so that what is refused is refused for who asks and not for what was typed."""

import io

from appliance.features.feed import actions as feed
from appliance.features.feed.models import Post
from appliance.school.models import Classroom
from tests.access.filling import document, roster, roster_guardians
from tests.access.routes import Route
from tests.access.town import Objects
from tests.support.world import PASSWORD

_NEW = "une porte bleue sous la pluie"
_PERSON = {"first_name": "Aude", "last_name": "Lenoir", "identifier": "aude@demo.test"}
_ADULT = {"first_name": "Aude", "last_name": "Lenoir", "authority": "legal"}
FORMS: dict[str, dict] = {
    "administration.add_classroom": {"name": "CE2 B", "level": "CE2", "year": "2025-2026"},
    "administration.add_school": {"name": "École neuve", "city": "Saint-Loup"},
    "administration.classroom": {"identifier": "teacher2@demo.test"},
    "administration.classroom_plan": {"plan": "plus", "family_comfort": "y"},
    "administration.create_officer": {**_PERSON, "role": "principal"},
    "administration.create_teacher": _PERSON,
    "administration.offices": {"identifier": "teacher2@demo.test", "role": "principal"},
    "administration.rename_classroom": {"name": "CM1 Z", "level": "CM1"},
    "administration.rename_school": {"name": "École Renommée", "city": "Saint-Loup"},
    "administration.school_plan": {"plan": "initiale"},
    "classroom.add_guardian": _ADULT,
    "classroom.add_pupil": {"first_name": "Aude", "last_name": "Lenoir", "photo_rights": "no"},
    "classroom.authority": {"authority": "withdrawn", "document_reference": "Jugement 25/0002"},
    "classroom.edit_group": {"name": "Groupe renommé"},
    "classroom.edit_guardian": _ADULT,
    "classroom.edit_pupil": {"first_name": "Léa", "last_name": "Dubois-Lefort"},
    "classroom.family_comfort": {"family_comfort": "y"},
    "classroom.group_list": {"name": "Groupe neuf"},
    "classroom.invite_colleague": {"invited_role": "assistant"},
    "classroom.photo_rights": {"photo_rights": "no"},
    "classroom.team_list": {"identifier": "far_teacher@demo.test", "role": "assistant"},
    "feed.comment": {"text": "Merci"},
    "feed.compose": {"text": "Bonjour", "audience": "whole", "act": "publish"},
    "feed.edit": {"text": "Corrigé", "audience": "whole", "version": "1"},
    "feed.react": {"kind": "bravo"},
    "my_account.appearance": {"language": "fr", "theme": "dark"},
    "my_account.email": {"email": "autre@mail.test", "present": PASSWORD},
    "my_account.language": {"language": "en"},
    "my_account.name": {"first_name": "Aude", "last_name": "Lenoir"},
    "my_account.password": {"present": PASSWORD, "new": _NEW, "password": _NEW},
    "onboarding.join": {"child_name": "Léa Dubois", "kinship": "mother", **_PERSON, "password": _NEW},
    "onboarding.open_invitation": {**_PERSON, "password": _NEW},
    "signin.forgotten": {"identifier": "teacher@demo.test"},
    "signin.sign_in": {"identifier": "teacher@demo.test", "password": PASSWORD},
}


def data_for(route: Route, objects: Objects) -> dict:
    """A filled form for this route, about these objects."""
    data = dict(FORMS.get(route.endpoint, {}))
    ids = objects.ids
    if route.endpoint == "feed.compose":
        data["files"] = [file_of(document())]
    if route.endpoint == "feed.blur":
        data["media"] = ids["media"]
    if route.endpoint == "feed.move":
        post = Post.get(Post.public_id == ids["post"])
        erased = "-".join(map(str, feed.count_answers(post.id)))
        data |= {"classroom": Classroom.get(Classroom.name == "CE1").public_id, "erased": erased}
    if route.endpoint == "classroom.decide":
        data |= {"student": ids["pupil"], "confirmed": "1"}
    if route.endpoint == "classroom.link_guardian":
        data |= {"guardian": objects.variants["adult"]["other family"], "authority": "legal"}
    if route.endpoint in ("classroom.group_list", "classroom.edit_group"):
        data["pupils"] = [ids["pupil"]]
    if route.endpoint == "roster_import.index":
        data["school"] = ids["school"]
        data["pupils"] = (io.BytesIO(roster("Neuve")), "eleves.csv")
        data["guardians"] = (io.BytesIO(roster_guardians("Neuve")), "responsables.csv")
    if route.endpoint == "onboarding.invitation":
        data["code"] = ids["code"]
    if route.endpoint == "signin.reset":
        data["code"] = ids["reset_code"]
    if route.endpoint == "onboarding.join":
        data["key"] = ids["key"]
    if route.endpoint in ("classroom.invitation_list", "classroom.cancel_letters"):
        data["guardians"] = [objects.variants["adult"]["waiting"]]
    return data


def file_of(storage) -> tuple:
    """A file as the test client sends it."""
    return (storage.stream, storage.filename, storage.content_type)
