"""Fills the school of the access tests with one object of each kind, each made by the act that people make it with."""

import io
from dataclasses import dataclass
from datetime import timedelta

from PIL import Image
from werkzeug.datastructures import FileStorage

from appliance.core import clock
from appliance.features.feed import actions as feed
from appliance.features.feed.actions import Content
from appliance.features.feed.models import Attachment, Post
from appliance.features.roster_import import actions as importing
from appliance.features.roster_import.queries import read_difference
from appliance.school import policy
from appliance.school.models import Account, Guardian, Guardianship, Session
from appliance.school.policy import SYSTEM
from appliance.services.media import antivirus, files, uploads
from appliance.services.people import children, groups, invitations, joining, places, resets
from appliance.services.people.joining import JoinFields
from appliance.services.roster import keeping
from appliance.services.roster.records import RosterFile
from tests.access.town import CANARY, CLASS_CANARY, MAIL, PEOPLE, PHONE, Objects, Town
from tests.services.roster import onde_samples
from tests.support.world import _account


@dataclass(frozen=True)
class Place:
    """A class to fill: where, by whom, about which child, under which word."""

    objects: "Objects"
    classroom: object
    teacher: str
    guardian: str
    pupil: str
    word: str


def build(world) -> Town:
    """Fill the plausible school with one object of each kind, each made by the act that people make it with."""
    for key, first, last in (("far_principal", "Odile", "Garnier"), ("newcomer", "Sami", "Perrot")):
        _account(key, first, last)
    places.appoint(SYSTEM, world.account("far_principal"), world.academy, "principal", world.far.school)
    _mark_guardian1(world)
    policy.forget()
    town = Town(world, Objects(), Objects(), Objects(), {})
    for place in (
        Place(town.home, world.cm1, "teacher", "guardian1", "Léa", CLASS_CANARY),
        Place(town.next_door, world.ce1, "teacher2", "zoe1", "Zoé", "Voisine"),
        Place(town.far, world.far, "far_teacher", "stranger", "Noé", "Lointaine"),
    ):
        _people(world, place)
        _posts(world, place)
        _uploads(world, place)
    _answers(world, town.home)
    _imports(world, town)
    for person in PEOPLE:
        if person != "visitor":
            browser = world.sign_in(person)
            town.tokens[person] = browser.token
            for objects, owner in ((town.home, "guardian1"), (town.next_door, "zoe1"), (town.far, "stranger")):
                if person == owner:
                    objects.put("public_id", Session.get(Session.account == browser.person).public_id)
    return town


def _mark_guardian1(world) -> None:
    """Give guardian1 names and addresses that occur nowhere else."""
    account = world.account("guardian1")
    Account.update(first_name=CANARY, last_name=f"{CANARY}nom", email=MAIL).where(Account.id == account.id).execute()
    guardian = Guardian.get(Guardian.account == account)
    children.update_guardian(
        SYSTEM, guardian, first_name=CANARY, last_name=f"{CANARY}nom",
        contact=children.Contact(f"7 rue {CANARY}", "75001", CANARY, email=MAIL, phone_mobile=PHONE),
    )  # fmt: skip
    link = Guardianship.get(Guardianship.guardian == guardian)
    children.describe_link(SYSTEM, link, "mother")


def _people(world, place: Place) -> None:
    objects, classroom, teacher, guardian, pupil = (
        place.objects, place.classroom, place.teacher, place.guardian, place.pupil,
    )  # fmt: skip
    actor, student = world.actor(teacher), world.student(pupil)
    objects.put("classroom", classroom.public_id)
    objects.put("school", classroom.school.public_id)
    objects.put("pupil", student.public_id)
    objects.put("adult", Guardian.get(Guardian.account == world.account(guardian)).public_id)
    waiting = children.create_guardian(SYSTEM, classroom.school, "Solène", f"Attente{pupil}")
    children.link(SYSTEM, waiting, student)
    objects.put("adult", waiting.public_id, "waiting")
    other = "hugo1" if guardian == "guardian1" else "guardian1"
    objects.put("adult", Guardian.get(Guardian.account == world.account(other)).public_id, "other family")
    objects.put("group", groups.create_group(actor, classroom, f"{place.word} {pupil}", [student.id]).public_id)
    colleague = "assistant" if classroom.name == "CM1 A" else teacher
    objects.put("colleague", world.account(colleague).public_id)
    objects.put("academy", world.academy.public_id)
    objects.put("place", classroom.school.public_id)
    objects.put("key", classroom.join_code)
    head = "far_principal" if classroom.name == "CP" else "principal"
    objects.put("account", world.account(teacher).public_id)
    objects.put("account", world.account(head).public_id, "head")
    objects.put("account", world.account(guardian).public_id, "guardian")
    access = policy.get_access(actor, classroom.public_id)
    objects.put("code", invitations.invite_guardians(actor, access, [waiting.public_id])[0][1])
    invitations.invite_colleague(actor, access, "assistant")
    (waiting_code,) = invitations.list_colleague_invitations(actor, access)
    objects.put("invitation", waiting_code.public_id)
    objects.put("reset_code", resets.create_code(actor, world.account(teacher)))
    fields = JoinFields(classroom.join_code, "Mon enfant")
    objects.put("request", joining.ask_to_join(world.actor("newcomer"), fields).public_id)


def _posts(world, filled: Place) -> None:
    objects, actor, student = filled.objects, world.actor(filled.teacher), world.student(filled.pupil)
    place, group = filled.classroom.public_id, objects.ids["group"]

    def content(name: str, **audience) -> Content:
        return Content(text=f"{filled.word} {name}", **audience)

    def keep(variant: str, post) -> str:
        return objects.put("post", post.public_id, variant)

    keep("", feed.publish(actor, place, content("toute la classe"), files=[photo(filled.word), document(filled.word)]))
    keep(
        "group",
        feed.publish(actor, place, content("groupe", audience="groups", groups=(group,)), files=[photo(filled.word)]),
    )
    keep(
        "child",
        feed.publish(
            actor,
            place,
            content("enfant", audience="children", students=(student.public_id,)),
            files=[photo(filled.word)],
        ),
    )
    keep("draft", feed.save_draft(actor, place, content("brouillon"), files=[photo(filled.word)]))
    keep(
        "scheduled",
        feed.schedule(actor, place, content("programmée"), clock.now() + timedelta(days=1), files=[photo(filled.word)]),
    )
    taken = feed.publish(actor, place, content("retirée"), files=[photo(filled.word)])
    feed.withdraw(actor, keep("withdrawn", taken))
    edited = feed.publish(actor, place, content("avant"))
    feed.edit(actor, keep("edited", edited), content("après"), version=1)
    keep("quarantined", feed.publish(actor, place, content("infectée"), files=[document(filled.word)]))
    for variant, post in objects.variants["post"].items():
        for attachment in Attachment.select().join(Post).where(Post.public_id == post).order_by(Attachment.position):
            media = attachment.media
            objects.put("media", media.public_id, f"{variant} {media.family}".strip())
    objects.put("quarantined", objects.variants["media"]["quarantined document"])
    antivirus.quarantine(files.get_media(objects.ids["quarantined"]), "Eicar-Test-Signature")
    objects.put("comment", feed.comment(actor, objects.ids["post"], f"{filled.word} de l’équipe").public_id, "staff")
    objects.ids["comment"] = objects.put(
        "comment",
        feed.comment(world.actor(filled.guardian), objects.ids["post"], f"{_own_word(filled)} de la famille").public_id,
    )


def _uploads(world, filled: Place) -> None:
    actor = world.actor(filled.teacher)
    access = policy.get_access(actor, filled.classroom.public_id)
    filled.objects.put("upload", uploads.begin(actor, access, f"{filled.word}.txt", 2000).public_id)


def _own_word(filled: Place) -> str:
    return CANARY if filled.guardian == "guardian1" else filled.word


def _answers(world, home: Objects) -> None:
    post = home.ids["post"]
    home.put("comment", feed.comment(world.actor("guardian2"), post, "Merci de la part de Marc").public_id, "guardian2")
    feed.react(world.actor("guardian1"), post, "thanks")
    feed.mark_read(world.actor("guardian1"), post)


def _imports(world, town: Town) -> None:
    """A roster file that waits in each school, and one that was applied at home."""
    limits, admin = keeping.limits_of(8), world.actor("admin")
    for objects, last in ((town.home, CLASS_CANARY), (town.next_door, "Voisine"), (town.far, "Lointaine")):
        given = RosterFile("eleves.csv", roster(last))
        kept = importing.upload(admin, objects.ids["school"], {"pupils": given}, limits)
        objects.put("id", kept.public_id)
    kept = importing.upload(
        admin, town.home.ids["school"], {"pupils": RosterFile("eleves.csv", roster("Appliquée"))}, limits
    )
    seen = read_difference(admin, kept, limits).digest
    importing.apply(admin, town.home.put("id", kept.public_id, "applied"), seen, limits)


def roster(last: str) -> bytes:
    """An ONDE file of one pupil, in a class that isn't there yet."""
    return onde_samples.write(onde_samples.PUPIL_TITLES, [onde_samples.pupil(last=last, first="Aya", class_name="GS")])


def roster_guardians(last: str) -> bytes:
    """The guardian of that pupil."""
    titles = [*onde_samples.GUARDIAN_TITLES, *onde_samples.CHILD_TITLES * 3]
    return onde_samples.write(titles, [onde_samples.guardian((last, "Aya", "GS"), last=last)])


def photo(word: str = "photo") -> FileStorage:
    """A small picture as a browser sends it."""
    sheet = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(sheet, "JPEG")
    sheet.seek(0)
    return FileStorage(sheet, filename=f"{word}.jpg", content_type="image/jpeg")


def document(word: str = "document") -> FileStorage:
    """A small text file as a browser sends it."""
    text = f"{word} : à lire à la maison\n".encode() * 20
    return FileStorage(io.BytesIO(text), filename=f"{word}.txt", content_type="text/plain")
