"""A school that was at work on the first schema: brought to today's, it has every row, and its pictures open."""

import io
import re

import pytest
from PIL import Image

from appliance.core.ids import new_id
from appliance.crypto import envelope, fields
from appliance.crypto.keyring import OBJECT, Kek, Keyring, new_key
from appliance.crypto.stream import Encryptor
from appliance.school import keys
from appliance.services.media import care, files, store
from appliance.services.media.models import Media
from appliance.storage import database, migrate
from appliance.storage.blobs import BlobStore
from appliance.storage.database import db

ACADEMY, CLASSES = "academy000000001", ("classroom0000001", "classroom0000002")
AT = 1_757_923_200_000_000


@pytest.fixture
def old(tmp_path, database_kind, request, worker):
    """An empty database at the first step, with a keyring and a blob store of its own."""
    folder = tmp_path / "first"
    folder.mkdir()
    for path in migrate.FOLDER.glob("0001_*"):
        (folder / path.name).write_bytes(path.read_bytes())
    if database_kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        server.drop(f"old_{worker}")
        url = server.create(f"old_{worker}")
    else:
        url = "sqlite:///old.db"
    ring, before = Keyring(Kek(bytes(range(32)))), keys._ring
    database.configure(url, tmp_path, pool=2)
    database.connect()
    migrate.migrate(folder)
    keys.configure(ring)
    blobs = BlobStore(tmp_path / "blobs")
    files.configure(blobs, 1)
    yield ring, blobs
    database.disconnect()
    if database_kind == "postgresql":
        database.db.close_all()
    if before is not None:
        keys.configure(before)


def _insert(table: str, **values) -> int:
    """One row as the first program wrote it; its number."""
    columns, marks = ", ".join(f'"{name}"' for name in values), ", ".join([db.obj.param] * len(values))
    db.execute_sql(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', tuple(values.values()))
    return db.execute_sql(f'SELECT MAX(id) FROM "{table}"').fetchone()[0]


def _bytes(value: bytes):
    return value if database.is_sqlite() else memoryview(value)


def _people(ring) -> tuple[bytes, list[tuple[int, bytes]]]:
    """An academy, a school, a year, two classes with their keys, a pupil in each."""
    wrapped = ring.create_tenant_key(ACADEMY)
    academy = _insert("academy", public_id=ACADEMY, name="Commune", wrapped_key=_bytes(wrapped), created_at=AT)
    year = _insert("school_year", academy_id=academy, name="2025-2026", starts_on="2025-08-01", ends_on="2026-08-31")
    school = _insert("school", public_id=new_id(), academy_id=academy, name="École", uai="", city="", created_at=AT)
    rooms = []
    for number, public_id in enumerate(CLASSES):
        own = ring.create_classroom_key(public_id, tenant_id=ACADEMY, tenant_wrapped=wrapped)
        room = _insert(
            "classroom", public_id=public_id, school_id=school, year_id=year, name=f"CM{number}", level="",
            join_code=f"CODE{number}", wrapped_key=_bytes(own), created_at=AT,
        )  # fmt: skip
        pupil = _insert(
            "student", public_id=new_id(), school_id=school, first_name="Léa", last_name="Dubois", usage_name="",
            gender="", photo_rights="yes", created_at=AT,
        )  # fmt: skip
        _insert("enrolment", student_id=pupil, classroom_id=room, joined_on="2025-09-01")
        key = ring.classroom_key(public_id, own, tenant_id=ACADEMY, tenant_wrapped=wrapped)
        rooms.append((room, key))
    return wrapped, rooms


def _media(blobs, room: int, class_key: bytes, class_id: str, deleted_at=None) -> tuple[str, bytes, int]:
    """A picture in two renditions, its key and its name, all as the first program wrote them."""
    public_id, key, sheet = new_id(), new_key(), io.BytesIO()
    Image.effect_noise((80, 60), 50).convert("RGB").save(sheet, "JPEG")
    context = fields.field_context(ACADEMY, "media", "name", public_id)
    wrapped = envelope.wrap(class_key, kind=OBJECT, parent_id=class_id, child_id=public_id, key=key)
    number = _insert(
        "media", public_id=public_id, classroom_id=room, family="picture", suite=1, generation=0, created_at=AT,
        name=_bytes(fields.seal(class_key, context, "Sortie à la ferme.jpg".encode())),
        wrapped_key=_bytes(wrapped), deleted_at=deleted_at,
    )  # fmt: skip
    total = 0
    for rendition in ("large", "thumb"):
        name = envelope.object_context("cobblestone/1", ACADEMY, class_id, public_id, rendition, 0)
        encryptor, blob_id = Encryptor(key, name, suite=1), new_id() + new_id()
        with blobs.writer(blob_id) as writer:
            writer.write(encryptor.update(sheet.getvalue()) + encryptor.finish())
            written = writer.finish()
        total += written.size
        _insert(
            "rendition", media_id=number, name=rendition, blob_id=blob_id, mime="image/jpeg", size=encryptor.size,
            width=80, height=60, stored_size=written.size, stored_sha256=_bytes(written.sha256),
        )  # fmt: skip
    return public_id, sheet.getvalue(), total


def _counts() -> dict[str, int]:
    tables = sorted(set(db.get_tables()) - {"schema_migration"})
    return {table: db.execute_sql(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0] for table in tables}


def test_a_populated_first_schema_is_migrated_with_every_row_and_its_pictures_open(old):
    ring, blobs = old
    _wrapped, rooms = _people(ring)
    with database.transaction():
        made = [
            _media(blobs, room, key, class_id)
            for (room, key), class_id in zip(rooms, CLASSES, strict=True)
            for _ in range(3)
        ]
        tombstone = _insert(
            "media", public_id=new_id(), classroom_id=rooms[0][0], family="picture", suite=1, generation=0,
            created_at=AT, deleted_at=AT,
        )  # fmt: skip
    before = _counts()
    assert before["rendition"] == 12 and before["media"] == 7 and before["enrolment"] == 2
    assert [step.number for step in migrate.migrate()] == list(range(2, migrate.latest_version() + 1))
    after = _counts()
    assert {table: after[table] for table in before} == before
    for (public_id, clear, total), class_id in zip(made, [CLASSES[0]] * 3 + [CLASSES[1]] * 3, strict=True):
        row = Media.get(Media.public_id == public_id)
        assert (row.born_in, row.bytes, row.state) == (class_id, total, "ready")
        for rendition in ("large", "thumb"):
            with files.open_rendition(files.get_rendition(public_id, rendition)) as reader:
                assert reader.read() == clear
        place = files.get_media(public_id)
        assert store.open_name(place, place) == "Sortie à la ferme.jpg"
    assert Media.get_by_id(tombstone).bytes == 0
    assert care.check(blobs, digests=True) == []
    assert migrate.migrate() == []


def test_the_second_step_is_only_additions():
    """What it adds can be added to a full table: no statement drops, renames or rebuilds anything."""
    for path in migrate.FOLDER.glob("0002_*.sql"):
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"\b(DROP|RENAME|DELETE)\b(?! (SET|CASCADE))", text.replace("ON DELETE", "")), path.name
