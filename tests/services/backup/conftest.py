"""A place for backups, media to put there, and a bare machine to restore to."""

import pytest

from appliance.core.ids import new_id
from appliance.crypto.keyring import new_key
from appliance.school import keys, policy
from appliance.services.backup import making, restoring, targets
from appliance.services.media import files, store
from appliance.services.media.models import Media, Rendition
from appliance.storage import database
from appliance.storage.blobs import BlobStore
from appliance.storage.database import db


@pytest.fixture
def target(tmp_path):
    return targets.Folder(tmp_path / "backups")


@pytest.fixture
def kernel(world):
    return world.app.extensions["preau"]


@pytest.fixture
def back_up(kernel, target):
    """Make one backup, at the usual place unless another is named."""

    def make(place=None, **options):
        return making.back_up(place or target, options.pop("keks", kernel.ring.keks), kernel.blobs, {}, **options)

    return make


@pytest.fixture
def add_photo(world):
    """Store one more file of CM1, by default its own public id; its media and the name of its file."""

    def add(content: bytes = b"") -> tuple[Media, str]:
        teacher = world.actor("teacher")
        access = policy.get_access(teacher, world.cm1.public_id)
        key, public_id = new_key(), new_id()
        writer = files.Writer(access, public_id, key)
        writer.add("original", "text/plain", [content or public_id.encode()])
        with database.transaction():
            media = store.insert(teacher, access, public_id, key, "today.txt", family="document", kind="text", bytes=1)
            Rendition.create(media=media, **writer.renditions[0])
        return media, writer.renditions[0]["blob_id"]

    return add


@pytest.fixture
def aside(world, kernel, tmp_path):
    """Restore rows and media into an empty SQLite database and folder; the test's own are in use again at its end."""
    before = db.obj

    def restore(target, kek, name=""):
        folder = tmp_path / f"bare-{new_id()}"
        folder.mkdir()
        db.close()
        database.configure(f"sqlite:///{folder / 'preau.db'}", folder, 4)
        database.connect()
        name = restoring.choose(target, kek, name)
        restoring.restore_rows(target, kek, name)
        blobs = BlobStore(folder / "blobs")
        files.configure(blobs, 1)
        return (*restoring.restore_blobs(target, kek, name, blobs), blobs)

    yield restore
    if db.obj is not before:
        db.close()
        db.initialize(before)
        database.connect()
    files.configure(kernel.blobs, kernel.config.storage.suite)
    keys.configure(kernel.ring)
