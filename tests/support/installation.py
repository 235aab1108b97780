"""A small installation for tests of the real server, and what only a process of its own may ask of it: this one's keys
and database are other ones.

    python -m tests.support.installation make CONFIG BLOBS     → {"token", "classroom"}
    python -m tests.support.installation facts CONFIG          → {"problems", "media": {id: {state, sha256, size…}}}
    python -m tests.support.installation settle CONFIG MEDIA   the source becomes the film that is watched
"""

import hashlib
import json
import secrets
import subprocess
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def ask(act: str, config: Path, *arguments: object, timeout: int = 300):
    """Run one act in a process of its own; gives what it tells."""
    command = [sys.executable, "-m", "tests.support.installation", act, str(config), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def make(path: Path, blobs: str = "blobs", reserve_mb: str = "0") -> dict:
    """A class and its teacher, signed in; no worker, so that what was sent stays as it came."""
    from appliance.cli import service
    from appliance.school.models import Account, NoticeAcceptance, School, SchoolYear, Session
    from appliance.school.notice import VERSION
    from appliance.school.policy import SYSTEM
    from appliance.services.people import places
    from appliance.storage import database
    from appliance.web import sessions

    service.install(
        path, "Commune", "École", storage={"blobs": blobs, "reserve_mb": int(reserve_mb)}, server={"workers": 0}
    )
    kernel = _open(path)
    with database.connection():
        classroom = places.create_classroom(SYSTEM, School.get(), SchoolYear.get(), "CM1 A")
        teacher = Account.create(identifier="t@demo.test", first_name="Sophie", last_name="Martin", password_hash="-")
        NoticeAcceptance.create(
            account=teacher, mode="acknowledge", version=VERSION, text_sha256="0" * 64, language="fr"
        )
        places.add_teacher(SYSTEM, teacher, classroom)
        token = secrets.token_urlsafe(32)
        Session.create(account=teacher, token_sha256=sessions.hash_token(token))
    return {"token": token, "classroom": classroom.public_id, "blobs": str(kernel.blobs.root)}


def facts(path: Path) -> dict:
    """What the database and the disk say, and whether they agree."""
    from appliance.services.media import care, files
    from appliance.services.media.models import Media
    from appliance.storage import database

    kernel = _open(path)
    with database.connection():
        media = {}
        for row in Media.select().where(Media.deleted_at.is_null()).order_by(Media.id):
            with closing(files.open_source(files.get_media(row.public_id))) as source:
                digest = hashlib.sha256()
                while piece := source.read(1 << 20):
                    digest.update(piece)
            found = {"state": row.state, "bytes": row.bytes, "sha256": digest.hexdigest(), "size": source.size}
            media[row.public_id] = {**found, "files": row.renditions.count()}
        return {
            "media": media,
            "problems": care.check(kernel.blobs, digests=True),
            "files": len(kernel.blobs.list_files()),
        }


def settle(path: Path, media: str) -> dict:
    """What a processing does at its end, with the source itself as the film."""
    from appliance.services.media import files, store
    from appliance.storage import database

    _open(path)
    with database.connection():
        row = files.get_media(media)
        writer = files.writer_for(row)
        with closing(files.open_source(row)) as source:
            writer.add("video", "video/mp4", iter(lambda: source.read(1 << 20), b""), 1280, 720)
        return {"settled": store.settle(row, writer, family="video", kind="mp4")}


def _open(path: Path):
    from appliance import app
    from appliance.core import config

    return app.open_kernel(config.load(path))


if __name__ == "__main__":
    act, config, *rest = sys.argv[1:]
    print(json.dumps({"make": make, "facts": facts, "settle": settle}[act](Path(config), *rest)))
