"""The class that is measured: 20 posts with 3 pictures each, a 20 MB document, and open sessions for its people."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from appliance import app as composition
from appliance.cli import service
from appliance.features.feed import actions
from appliance.school.models import Academy, Account, Classroom, NoticeAcceptance, School, SchoolYear, Session
from appliance.school.notice import VERSION
from appliance.school.policy import SYSTEM
from appliance.services.media.models import Media, Rendition
from appliance.services.people import accounts, children, places
from appliance.storage import database
from appliance.web import sessions
from tests.support.files import jpeg, pdf, upload

PASSWORD = "une-phrase-assez-longue"
POSTS, PICTURES = 20, 3


@dataclass
class Bench:
    """Addresses and sessions for the scenarios."""

    config: object
    secret: bytes
    classroom: str = ""
    picture: str = ""
    document: str = ""
    posts: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)

    def cookie(self, who: str) -> str:
        """The Cookie header's value of someone."""
        return f"preau={self.tokens[who]}"

    def csrf(self, who: str) -> str:
        """The proof that someone's forms carry."""
        return sessions.CookieSessions(self.secret, False).session_for(self.tokens[who], False).proof


def build(folder: Path, guardians: int = 24) -> Bench:
    """Make an installation in the folder and fill it through the product's own actions."""
    limits = {"posts_per_hour": 1_000_000, "comments_per_hour": 1_000_000}
    path = folder / "config.toml"
    config = service.install(path, "Commune", "École", limits=limits, storage={"reserve_mb": 0})
    kernel = composition.open_kernel(config)
    bench = Bench(config, kernel.ring.derive("web"))
    with database.connection():
        academy, school, year = Academy.get(), School.get(), SchoolYear.get()
        classroom = places.create_classroom(SYSTEM, school, year, "CM1 A")
        bench.classroom = classroom.public_id
        teacher = _account(bench, "teacher")
        places.appoint(SYSTEM, teacher, academy, "admin")
        places.add_teacher(SYSTEM, teacher, classroom)
        for number in range(guardians):
            student = children.create_student(SYSTEM, school, f"Enfant{number}", "Bench")
            children.enrol(SYSTEM, student, classroom)
            account = _account(bench, f"guardian{number}", teacher.password_hash)
            guardian = children.create_guardian(SYSTEM, school, "Parent", f"Bench{number}", account=account)
            children.link(SYSTEM, guardian, student)
        bench.tokens["visitor"] = "v" * 43
        actor = accounts.actor_of(teacher)
        text = (
            "La **ferme** : les enfants ont nourri les moutons.\n\n- des bottes\n- un pique-nique\n\nUne belle journée."
        )
        for number in range(POSTS):
            files = [upload(jpeg(1600, 1200, seed=number * 3 + each), f"{each}.jpg") for each in range(PICTURES)]
            post = actions.publish(actor, bench.classroom, actions.Content(text=f"{text} {number}"), files=files)
            bench.posts.append(post.public_id)
        row = (
            Media.select(Media.public_id)
            .join(Rendition)
            .where(Rendition.name == "large")
            .order_by(Media.id.desc())
            .get()
        )
        bench.picture = f"/medias/{row.public_id}/large"
        other = places.create_classroom(SYSTEM, school, year, "CP")
        places.add_teacher(SYSTEM, teacher, other)
        actor = accounts.actor_of(teacher)
        actions.publish(
            actor, other.public_id, actions.Content(text="Le dossier"), files=[upload(pdf(20_000_000), "dossier.pdf")]
        )
        bench.document = f"/medias/{Media.get(Media.family == 'document').public_id}/original"
    return bench


def _account(bench: Bench, who: str, password_hash: str = "") -> Account:
    person = accounts.Person("Prénom", who.capitalize(), f"{who}@bench.test")
    account = (
        accounts.create_account(SYSTEM, person, password_hash=password_hash)
        if password_hash
        else accounts.create_account(SYSTEM, person, PASSWORD)
    )
    NoticeAcceptance.create(account=account, mode="acknowledge", version=VERSION, text_sha256="0" * 64, language="fr")
    bench.tokens[who] = (who + "x" * 43)[:43]
    Session.create(account=account, token_sha256=sessions.hash_token(bench.tokens[who]))
    return account


def clear_copies(bench: Bench, folder: Path) -> dict[str, int]:
    """Files as large as the encrypted ones, in clear, for the yardstick."""
    sizes = {}
    with database.connection():
        for name, url in (("picture", bench.picture), ("document", bench.document)):
            _empty, _medias, media, rendition = url.split("/")
            row = Rendition.select().join(Media).where((Media.public_id == media) & (Rendition.name == rendition)).get()
            (folder / name).write_bytes(os.urandom(row.size))
            sizes[name] = row.size
        assert Classroom.select().count() == 2
    return sizes
