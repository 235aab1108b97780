"""The master key is replaced: nothing is lost at any moment, no media is rewritten, sessions and codes outlive it."""

import hashlib
import os
import shutil
from datetime import timedelta

import pytest

from appliance import app as composition
from appliance.core.errors import Refused
from appliance.crypto import keyfile
from appliance.crypto.errors import Tampered
from appliance.crypto.keyring import Keyring
from appliance.features.feed import actions, queries
from appliance.features.feed.actions import Content
from appliance.school import keys, policy
from appliance.school.models import Academy, Classroom, PurposeKey
from appliance.school.policy import SYSTEM
from appliance.services import audit, rotation
from appliance.services.media import files
from appliance.services.media.models import Media
from appliance.services.people import codes, places
from appliance.storage import database
from tests.access.filling import photo


@pytest.fixture
def kek(world, _app_and_template, tmp_path):
    """The key file of this test alone, in force for the world of this test."""
    before = keys.ring()
    shutil.copytree(_app_and_template[1] / "keys", tmp_path / "keys")
    path = str(tmp_path / "keys" / "kek")
    keys.configure(_ring(path))
    for name in ("Commune de Sainte-Foy", "Commune de Vic"):
        academy = places.create_academy(SYSTEM, name)
        places.create_school(SYSTEM, academy, f"École de {name}")
    yield path
    keys.configure(before)


def _ring(path) -> Keyring:
    """What a process that starts now holds."""
    return Keyring(*keyfile.load_keks(path), reload=lambda: keyfile.load_keks(path))


@pytest.fixture
def post(world, kek):
    """A post with a photo."""
    return actions.publish(
        world.actor("teacher"), world.cm1.public_id, Content(text="La sortie à la ferme"), files=[photo()]
    )


def _read_everything(world, ring) -> list[bytes]:
    """Every key, a text and a photo, through this ring."""
    keys.configure(ring)
    found = [keys.academy_key(academy) for academy in Academy.select().order_by(Academy.id)]
    found += [keys.classroom_key(room.id) for room in Classroom.select().order_by(Classroom.id)]
    found += [keys.purpose_key(purpose) for purpose in keys.PURPOSES]
    card = queries.list_feed(world.actor("teacher"), policy.get_access(world.actor("teacher"), world.cm1.public_id))
    found += [queries.text_of(each).encode() for each in card.cards]
    for media in Media.select().order_by(Media.id):
        with files.open_rendition(files.get_rendition(media.public_id, "large")) as reader:
            found.append(reader.read())
    return found


def _hash_of(folder) -> str:
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        status = path.stat()
        digest.update(f"{path.relative_to(folder)} {status.st_mtime_ns} {status.st_ino}".encode() + path.read_bytes())
    return digest.hexdigest()


def test_everything_opens_after_a_rotation_and_no_byte_of_media_was_written(world, kek, post):
    before, blobs, old = _read_everything(world, _ring(kek)), _hash_of(world.folder / "blobs"), keyfile.load_kek(kek)
    assert rotation.rotate(kek)
    new = keyfile.load_kek(kek)
    assert new != old and {row.kek_id for row in Academy.select()} == {new.id}
    assert _read_everything(world, Keyring(new)) == before
    assert _hash_of(world.folder / "blobs") == blobs and len(list(world.blobs.list_files())) == 3
    with pytest.raises(Tampered):
        Keyring(old).tenant_key(world.academy.public_id, world.academy.wrapped_key)


def test_a_server_that_runs_meanwhile_reads_on_and_wraps_under_the_new_key(world, kek, post):
    running = _ring(kek)
    before = _read_everything(world, running)
    running.forget_all()
    rotation.rotate(kek)
    assert _read_everything(world, running) == before
    still_old = Keyring(*keyfile.load_keks(kek)[1:], reload=lambda: keyfile.load_keks(kek))
    keys.configure(still_old)
    assert places.create_academy(SYSTEM, "Commune de Laas").kek_id == keyfile.load_kek(kek).id


def test_an_academy_that_came_in_under_the_retired_key_is_rewrapped_before_it_is_forgotten(world, kek):
    old = Keyring(keyfile.load_kek(kek))
    rotation.rotate(kek)
    keys.configure(old)  # a process that has not heard of the new key
    late = places.create_academy(SYSTEM, "Commune de Laas")
    assert late.kek_id == old.kek_id
    keys.configure(_ring(kek))
    assert rotation.forget_old(kek) == old.kek_id
    assert Academy.get_by_id(late.id).kek_id == keyfile.load_kek(kek).id
    _read_everything(world, Keyring(keyfile.load_kek(kek)))


def test_the_retired_key_stays_until_it_is_said_that_the_sheet_is_printed(world, kek):
    old = keyfile.load_kek(kek)
    rotation.rotate(kek)
    new = keyfile.load_kek(kek)
    assert keyfile.load_kek(kek + keyfile.OLD) == old and os.stat(kek + keyfile.OLD).st_mode & 0o777 == 0o400
    assert not rotation.rotate(kek) and keyfile.load_kek(kek) == new, "one at a time"
    assert rotation.forget_old(kek) == old.id and not os.path.exists(kek + keyfile.OLD)
    assert rotation.forget_old(kek) == ""
    assert sorted(os.listdir(os.path.dirname(kek))) == ["kek"]


def test_an_academy_from_before_master_keys_had_names_is_rewrapped(world, kek):
    Academy.update(kek_id="").execute()
    before = _read_everything(world, _ring(kek))
    assert rotation.count_academies() == {"": 3}
    rotation.rotate(kek)
    assert rotation.count_academies() == {keyfile.load_kek(kek).id: 3}
    assert _read_everything(world, _ring(kek)) == before


def test_sessions_invitations_and_counted_failures_outlive_two_rotations(world, kek):
    browser = world.sign_in("teacher")
    with database.transaction():
        code = codes.create("colleague", life=timedelta(days=60), classroom=world.cm1, role="teacher")
    purposes = {purpose: keys.purpose_key(purpose) for purpose in keys.PURPOSES}
    for _ in range(2):
        rotation.rotate(kek)
        rotation.forget_old(kek)
    keys.configure(_ring(kek))
    assert {purpose: keys.purpose_key(purpose) for purpose in keys.PURPOSES} == purposes
    assert codes.find(code, purposes=("colleague",)).classroom_id == world.cm1.id
    restarted = composition.create_app(world.config)
    database.connect()
    assert restarted.secret_key == world.app.secret_key == purposes[keys.WEB]
    assert browser.get("/").status_code == 200
    assert {row.kek_id for row in PurposeKey.select()} == {keyfile.load_kek(kek).id}


def test_no_purpose_can_be_left_out_of_a_rotation():
    from tests.support.source import modules

    deriving = [each.name for each in modules() if ".derive(" in each.text and each.name.startswith("appliance")]
    assert sorted(deriving) == ["appliance.school.keys", "appliance.services.rotation"]
    with pytest.raises(ValueError, match="not in PURPOSES"):
        keys.purpose_key("something new")


def test_a_rotation_is_in_the_journal_and_names_no_key(world, kek):
    first = audit.root()[0]
    rotation.rotate(kek)
    rotation.forget_old(kek)
    entries = [bytes(row.entry).decode() for row in audit.AuditEntry.select().where(audit.AuditEntry.seq >= first)]
    told = [next(event for event in _EVENTS if f'"event":"{event}"' in each) for each in entries]
    assert told == [_EVENTS[0]] * len(keys.PURPOSES) + [_EVENTS[1]] * 3 + list(_EVENTS[2:])
    assert audit.verify() == [] and keyfile.load_kek(kek).key.hex() not in "".join(entries)


_EVENTS = (
    "purpose_key_rewrapped", "academy_key_rewrapped", "master_key_replaced", "retired_master_key_forgotten",
)  # fmt: skip


def test_two_rotations_at_once_are_refused(world, kek):
    with rotation._alone(kek), pytest.raises(Refused):
        rotation.rotate(kek)


def _die_at(step: int, act) -> bool:
    """Do it in a child that stops dead before its step number `step`; whether it lived to its end."""
    database.disconnect()
    if not database.is_sqlite():
        database.db.close_all()
    child = os.fork()
    if child == 0:
        left = [step]

        def counted(function):
            def run(*arguments, **options):
                left[0] -= 1
                if left[0] < 0:
                    os._exit(9)
                return function(*arguments, **options)

            return run

        status = 1
        try:
            for name in ("open", "fsync", "rename", "unlink"):
                setattr(os, name, counted(getattr(os, name)))
            database.connect()
            database.db.obj.execute_sql = counted(database.db.obj.execute_sql)
            database.db.obj.commit = counted(database.db.obj.commit)
            act()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    database.connect()
    assert os.waitstatus_to_exitcode(status) in (0, 9), "neither done nor killed"
    return os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_a_kill_at_any_step_leaves_everything_readable_and_the_next_run_ends_it(world, kek, post, stride):
    running = _ring(kek)
    before, blobs, step = _read_everything(world, running), _hash_of(world.folder / "blobs"), 0

    def check(when):
        for ring in (_ring(kek), running):
            ring.forget_all()
            assert _read_everything(world, ring) == before, when

    for act in (rotation.rotate, rotation.forget_old):
        step, ended = 0, False
        while not ended:
            if act is rotation.forget_old:
                keys.configure(_ring(kek))
                rotation.rotate(kek)
            ended = _die_at(step, lambda act=act: act(kek))
            check(f"killed at step {step} of {act.__name__}")
            keys.configure(_ring(kek))
            while not rotation.rotate(kek):
                rotation.forget_old(kek)
            rotation.forget_old(kek)
            check(f"ended after step {step} of {act.__name__}")
            assert os.listdir(os.path.dirname(kek)) == ["kek"]
            step += max(stride, 3 if step > 60 else 1)
        assert step > 10
    assert _hash_of(world.folder / "blobs") == blobs and audit.verify() == []
