"""Fills an empty installation with the demo school, through the same actions that people use, in the demo's own
past."""

import io
from datetime import date, datetime, time, timedelta

from reportlab.pdfgen.canvas import Canvas
from werkzeug.datastructures import FileStorage

from appliance.cli.demo import people, pictures, posts, recordings
from appliance.core import clock
from appliance.features.feed import actions, queries
from appliance.features.onboarding.actions import accept_notice
from appliance.school.models import Academy, Account, Group, School, SchoolYear, Student
from appliance.school.policy import SYSTEM
from appliance.services import work
from appliance.services.media import scrub
from appliance.services.people import accounts, children, groups, places
from appliance.services.people.children import Contact


def seed(say=print) -> None:
    """Create people, then posts with pictures, comments and receipts; the clock is given back at the end."""
    now = clock.now()
    try:
        clock.set(now - timedelta(days=50))
        say("  people …")
        _people()
        say("  publications with pictures …")
        _publish(now)
    finally:
        clock.set(None)
    say("  films and first pages …")
    work.run_due()
    scrub.run_whole(lambda _done, _total: None, everything=True)  # its past is as long as a month without a comparison


def find_outing(now: datetime) -> date:
    """The latest Thursday before today: counted from it, nothing falls on a weekend or in the future."""
    today = clock.local(now).date()
    return today - timedelta(days=(today.weekday() - 4) % 7 + 1)


def instant(outing: date, days: int, hour: int, minute: int = 0) -> datetime:
    """So many days before the outing, at this hour of the school's clocks."""
    return clock.from_local(datetime.combine(outing - timedelta(days=days), time(hour, minute)))


def _people() -> None:
    academy, school, year = Academy.get(), School.get(), SchoolYear.get()
    hashed = ""
    made: dict[str, Account] = {}

    def account(login: str, first: str, last: str) -> Account:
        nonlocal hashed
        if login not in made:
            person = accounts.Person(first, last, f"{login}@demo.test", f"{login}@demo.test")
            made[login] = (
                accounts.create_account(SYSTEM, person, password_hash=hashed)
                if hashed
                else accounts.create_account(SYSTEM, person, people.PASSWORD)
            )
            hashed = made[login].password_hash
            accept_notice(accounts.actor_of(made[login]), mode="acknowledge")
        return made[login]

    for login, names in people.STAFF.items():
        account(login, *names)
    for role in places.OFFICES:
        places.appoint(SYSTEM, made[role], academy, role, school if role == "principal" else None)
    classes = {}
    for name, (level, teacher, assistants) in people.CLASSES.items():
        classes[name] = places.create_classroom(SYSTEM, school, year, name, level=level)
        places.add_teacher(SYSTEM, made[teacher], classes[name])
        for assistant in assistants:
            places.add_teacher(SYSTEM, made[assistant], classes[name], "assistant")
    known = {}
    for first, last, class_name, rights, guardians in people.FAMILIES:
        student = children.create_student(SYSTEM, school, first, last, photo_rights=rights)
        children.enrol(SYSTEM, student, classes[class_name])
        for number, (login, g_first, g_last, authority) in enumerate(guardians):
            key = login or (g_first, g_last)
            if key not in known:
                known[key] = children.create_guardian(
                    SYSTEM,
                    school,
                    g_first,
                    g_last,
                    account=account(login, g_first, g_last) if login else None,
                    contact=Contact(f"{3 + number} rue des Lilas", "45490", "Saint-Loup-des-Vignes"),
                )
            children.link(SYSTEM, known[key], student, authority=authority)
    for class_name, wanted in people.GROUPS.items():
        for group_name, members in wanted.items():
            _group(classes[class_name], group_name, members)


def _group(classroom, name: str, members: tuple[str, ...]) -> None:
    teacher = _actor("teacher")
    ids = [Student.get(Student.first_name == first).id for first in members]
    groups.create_group(teacher, classroom, name, ids)


def _actor(login: str):
    return accounts.actor_of(Account.get(Account.identifier == f"{login}@demo.test"))


def _publish(now) -> None:
    from appliance.school.models import Classroom

    classes = {classroom.name: classroom.public_id for classroom in Classroom.select()}
    made, seed_number, outing = {}, 0, find_outing(now)
    for days, hour, class_name, author, text, scenes, options in posts.POSTS:
        clock.set(instant(outing, days, hour, 10 + 3 * len(scenes)))
        files = []
        for scene in scenes:
            seed_number += 1
            size = (1600, 1200) if seed_number % 3 else (1200, 1600)
            files.append(_file(pictures.draw_picture(scene, seed_number, size), f"photo-{seed_number}.jpg"))
        if "document" in options:
            files.append(_file(_programme(), options["document"]))
        if recordings.can_make() and ("film" in options or "sound" in options):
            make = recordings.make_film if "film" in options else recordings.make_sound
            files.append(_file(make(), options.get("film") or options["sound"]))
        content = actions.Content(text=text)
        if "group" in options:
            group = Group.get(Group.name == options["group"]).public_id
            content = actions.Content(text=text, audience="groups", groups=(group,))
        actor = _actor(author)
        post = actions.publish(actor, classes[class_name], content, files=files)
        if scenes[:1] == ("farm",):
            _say_who_is_seen(actor, post)
        if options.get("pinned"):
            actions.pin(actor, post.public_id)
        made[text] = post
    _answer(made, now)
    clock.set(now - timedelta(minutes=2))
    teacher = _actor("teacher")
    actions.save_draft(teacher, classes["CM1 A"], actions.Content(text=posts.DRAFT))
    days, hour, text = posts.SCHEDULED
    actions.schedule(teacher, classes["CM1 A"], actions.Content(text=text), instant(outing, days, hour))


def _say_who_is_seen(actor, post) -> None:
    """Two children with image rights on the first photo: if one of them loses these, the photo is hidden."""
    card = queries.get_card(actor, post.public_id)
    seen = [
        row.public_id for row in Student.select().where(Student.photo_rights == "yes").order_by(Student.id).limit(2)
    ]
    actions.tag(actor, post.public_id, {card.pictures[0].public_id: tuple(seen)})


def _answer(made: dict, now) -> None:
    """Some have read, some have not; some answered."""
    for text, post in made.items():
        for number in range(1, 17):
            if (len(text) + number) % 3 and not (number == 2 and "ferme" in text):
                actor = _actor(f"guardian{number}")
                if any(child.classroom_id == post.classroom_id for child in actor.children):
                    clock.set(min(post.published_at + timedelta(hours=number), now - timedelta(minutes=3)))
                    _try(lambda actor=actor, post=post: actions.mark_read(actor, post.public_id))
    for beginning, author, hours, comment in posts.COMMENTS:
        post = next(post for text, post in made.items() if beginning in text)
        clock.set(min(post.published_at + timedelta(hours=hours), now - timedelta(minutes=3)))
        actions.comment(_actor(author), post.public_id, comment)
    for author, post in (("guardian1", 7), ("guardian3", 7), ("guardian4", 7), ("guardian7", 5)):
        _try(
            lambda author=author, post=post: actions.react(
                _actor(author), list(made.values())[post].public_id, "thanks"
            )
        )


def _try(action) -> None:
    """A post for a group isn't for everyone: those whom it doesn't concern are passed over."""
    from appliance.core.errors import NotFound

    try:
        action()
    except NotFound:
        pass


def _file(data: bytes, name: str) -> FileStorage:
    return FileStorage(io.BytesIO(data), filename=name)


def _programme() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595, 842))
    canvas.setFont("Helvetica-Bold", 22)
    canvas.drawString(60, 760, "Sortie à la ferme pédagogique")
    canvas.setFont("Helvetica", 13)
    for number, line in enumerate(
        ("8 h 45   départ devant l’école", "9 h 30   accueil et goûter", "10 h        les moutons et la laine",
         "12 h 15  pique-nique sous le préau", "13 h 30  le potager", "15 h 30  retour en car")
    ):  # fmt: skip
        canvas.drawString(60, 710 - 26 * number, line)
    canvas.save()
    return out.getvalue()
