"""One plausible school for the tests: two classes, families of every shape, and a browser for each person.

The template is built once a run and copied for each test. Names used by tests: teacher, assistant, teacher2,
guardian1 and guardian2 (separated guardians of Léa), contact (named for Léa, no authority), withdrawn (authority
taken away, Léa), nadia (a child in each class), hugo1, hugo2, hugo3 (three guardians of Hugo), stranger (another
school), principal, admin, dpo.
"""

import functools
import inspect
import secrets
import shutil
from dataclasses import replace
from types import SimpleNamespace

from argon2 import PasswordHasher
from flask.testing import FlaskClient

from appliance.core import clock
from appliance.core.config import Config
from appliance.crypto import passwords
from appliance.school import notice, policy
from appliance.school.models import Academy, Account, Classroom, Guardian, NoticeAcceptance, School, Session, Student
from appliance.school.policy import SYSTEM
from appliance.services import mail, plans
from appliance.services.health import keeping as health
from appliance.services.media import antivirus, scrub, store, uploads
from appliance.services.people import children, confirmations, invitations, places, resets
from appliance.storage import database, migrate
from appliance.storage.blobs import BlobStore
from appliance.web import caching, sessions

PASSWORD = "preau-demo-password"
# Argon2id of PASSWORD with the least cost, so that building the world is quick; real hashes are tested where they are
# made.
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$cHJlYXUtdGVzdC1zYWx0$xYKQrBL0tDyIIWuXj88DlCJFkDtyDNu8hGlsLWOBlFs"


def build() -> None:
    """Fill an empty, migrated database."""
    academy = places.create_academy(SYSTEM, "Commune de Saint-Loup")
    school = places.create_school(SYSTEM, academy, "École Jules-Ferry", uai="0750001A", city="Saint-Loup")
    other_school = places.create_school(SYSTEM, academy, "École du Moulin", uai="0750002B", city="Saint-Loup")
    year = places.find_or_create_year(SYSTEM, academy, clock.today())
    cm1 = places.create_classroom(SYSTEM, school, year, "CM1 A", level="CM1")
    ce1 = places.create_classroom(SYSTEM, school, year, "CE1", level="CE1")
    far = places.create_classroom(SYSTEM, other_school, year, "CP", level="CP")
    staff = {
        "teacher": ("Sophie", "Martin"),
        "assistant": ("Karim", "Haddad"),
        "teacher2": ("Julien", "Roche"),
        "far_teacher": ("Agnès", "Colin"),
        "principal": ("Claire", "Fontaine"),
        "admin": ("Yann", "Le Gall"),
        "dpo": ("Inès", "Moreau"),
    }
    accounts = {key: _account(key, *names) for key, names in staff.items()}
    places.add_teacher(SYSTEM, accounts["teacher"], cm1)
    places.add_teacher(SYSTEM, accounts["assistant"], cm1, "assistant")
    places.add_teacher(SYSTEM, accounts["teacher2"], ce1)
    places.add_teacher(SYSTEM, accounts["far_teacher"], far)
    places.appoint(SYSTEM, accounts["principal"], academy, "principal", school)
    places.appoint(SYSTEM, accounts["admin"], academy, "admin")
    places.appoint(SYSTEM, accounts["dpo"], academy, "dpo")
    families = (
        ("Léa", "Dubois", cm1, school, [("guardian1", "Anne", "Dubois", "legal"),
                                ("guardian2", "Marc", "Lefort", "legal"),
                                ("contact", "Paul", "Girard", "contact"),
                                ("withdrawn", "Denis", "Rey", "withdrawn")]),
        ("Inès", "Benali", cm1, school, [("nadia", "Nadia", "Benali", "legal")]),
        ("Adam", "Benali", ce1, school, [("nadia", "Nadia", "Benali", "legal")]),
        ("Hugo", "Petit", cm1, school, [("hugo1", "Rose", "Petit", "legal"), ("hugo2", "Jean", "Petit", "legal"),
                                ("hugo3", "Lucie", "Vidal", "legal")]),
        ("Zoé", "Nguyen", ce1, school, [("zoe1", "Minh", "Nguyen", "legal")]),
        ("Noé", "Blanc", far, other_school, [("stranger", "Iris", "Blanc", "legal")]),
    )  # fmt: skip
    for first, last, classroom, at, guardians in families:
        student = places_student(at, first, last, classroom)
        for key, g_first, g_last, authority in guardians:
            account = accounts.get(key) or _account(key, g_first, g_last)
            guardian = Guardian.get_or_none(account=account) or children.create_guardian(
                SYSTEM, at, g_first, g_last, account=account,
                contact=children.Contact(f"1 rue {g_last}", email=f"{key}@contact.test", phone_mobile="0600000000"),
            )  # fmt: skip
            accounts[key] = account
            link = children.link(
                SYSTEM, guardian, student, authority="legal" if authority == "withdrawn" else authority
            )
            if authority == "withdrawn":
                children.set_authority(SYSTEM, link, "withdrawn", document_reference="Jugement 25/0001")


def places_student(school: School, first: str, last: str, classroom: Classroom) -> Student:
    """A pupil enrolled in a class."""
    student = children.create_student(SYSTEM, school, first, last, photo_rights="no" if first == "Hugo" else "yes")
    children.enrol(SYSTEM, student, classroom)
    return student


def _account(key: str, first: str, last: str) -> Account:
    account = Account.create(
        identifier=f"{key}@demo.test",
        email=f"{key}@demo.test",
        email_confirmed_at=clock.now(),
        first_name=first,
        last_name=last,
        password_hash=PASSWORD_HASH,
    )
    NoticeAcceptance.create(
        account=account, mode="acknowledge", version=notice.VERSION, text_sha256="0" * 64, language="fr"
    )
    return account


class Browser(FlaskClient):
    """A test client that is signed in as one person and puts the forgery token on what it posts."""

    person: Account | None = None

    def open(self, *args, **options):
        """One request; afterwards the test reads rows as before (the request hands PostgreSQL's connection back)."""
        answer = super().open(*args, **options)
        database.connect()
        return answer

    def sign_in_as(self, account: Account) -> "Browser":
        """Open a session row for this account and hold its cookie."""
        self.person = account
        token = secrets.token_urlsafe(32)
        Session.create(account=account, token_sha256=sessions.hash_token(token))
        self.set_cookie(*(("preau", token) if _new_set_cookie() else ("localhost", "preau", token)))
        self.token = token
        return self

    @property
    def csrf_token(self) -> str:
        """The proof that a form of this session's page carries."""
        interface = self.application.session_interface
        return interface.session_for(self.token, False).proof

    def submit(self, url: str, data: dict | None = None, **options):
        """POST a form as its page would."""
        return self.post(url, data={"csrf_token": self.csrf_token, **(data or {})}, **options)

    def actor(self) -> policy.Actor:
        """The policy.Actor of this person, as a request would load it."""
        person, row = self.person, Session.get(Session.account == self.person)
        return policy.Actor(
            person.id, person.public_id, person.first_name, person.last_name, person.language, "",
            row.id, row.public_id, policy.revision("access"),
        )  # fmt: skip


@functools.cache
def _new_set_cookie() -> bool:
    return "server_name" not in inspect.signature(FlaskClient.set_cookie).parameters


class World(SimpleNamespace):
    """The rows of the template by name, and the application around them."""

    def account(self, key: str) -> Account:
        """The account of a person of the world."""
        return Account.get(Account.identifier == f"{key}@demo.test")

    def student(self, first_name: str) -> Student:
        """A pupil by first name."""
        return Student.get(Student.first_name == first_name)

    @property
    def cm1(self) -> Classroom:
        """The class of Léa, Inès and Hugo."""
        return Classroom.get(Classroom.name == "CM1 A")

    @property
    def ce1(self) -> Classroom:
        """The class of Adam and Zoé."""
        return Classroom.get(Classroom.name == "CE1")

    @property
    def far(self) -> Classroom:
        """A class of another school."""
        return Classroom.get(Classroom.name == "CP")

    @property
    def academy(self) -> Academy:
        """The tenant."""
        return Academy.get()

    def sign_in(self, key: str) -> Browser:
        """A browser in which this person is signed in."""
        return self.visitor().sign_in_as(self.account(key))

    def visitor(self) -> Browser:
        """A browser in which nobody is signed in."""
        self.app.test_client_class = Browser
        return self.app.test_client()

    def actor(self, key: str) -> policy.Actor:
        """The actor of a person, without any browser."""
        person = self.account(key)
        return policy.Actor(
            person.id, person.public_id, person.first_name, person.last_name, person.language, "",
            0, "", policy.revision("access"),
        )  # fmt: skip


def config_for(url: str, folder) -> Config:
    """The test configuration."""
    config = Config(folder=folder)
    return replace(config, database=replace(config.database, url=url), storage=replace(config.storage, reserve_mb=0))


def spend_little_on_passwords(patch) -> None:
    """Hash with Argon2id at hardly any cost, though not the one of PASSWORD_HASH, which is outdated as before."""
    cheap = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1, hash_len=32, salt_len=16)
    patch.setattr(passwords, "_ARGON2", cheap)
    patch.setattr(passwords, "DUMMY_HASH", cheap.hash(secrets.token_bytes(16)))


def move_to(app, url: str, folder) -> World:
    """Have the application and all services use this database and this folder, as they were configured at first.

    Whatever keeps a setting, a place or an answer is told here: nothing of the test before may be met again.
    """
    database.configure(url, folder, pool=8)
    database.connect()
    config, blobs = config_for(url, folder), BlobStore(folder / "blobs")
    ring = app.extensions["preau"].ring
    store.configure(blobs, suite=1, limits=config.limits)
    uploads.configure(config.limits)
    plans.configure(config.plans)
    antivirus.configure(config.antivirus)
    scrub.configure(blobs, config.care)
    health.configure(config, blobs, lambda: ring.kek_id)
    mail.configure(config.mail)
    resets.configure(config.security)
    invitations.configure(config.security)
    confirmations.configure(config.server.public_url)
    app.config["PREAU"] = config
    app.extensions["preau"] = replace(app.extensions["preau"], config=config, blobs=blobs)
    policy.forget()
    caching.store.clear()
    return World(app=app, folder=folder, blobs=blobs, config=config)


def build_template(url: str, folder) -> None:
    """Create and fill the template database."""
    database.configure(url, folder, pool=4)
    with database.connection():
        migrate.migrate()
        build()
    if not database.is_sqlite():
        database.db.close_all()


def copy_sqlite(template, target) -> str:
    """A copy of the template for one test."""
    shutil.copyfile(template, target)
    return f"sqlite:///{target.name}"
