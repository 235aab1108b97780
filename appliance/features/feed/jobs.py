"""What the feed does by itself: scheduled posts go out when due, once, however many nodes look; lost uploads go."""

import logging
from datetime import timedelta
from typing import NamedTuple

from peewee import fn

from appliance.core import clock
from appliance.features.feed.actions.common import journal
from appliance.features.feed.actions.writing import make_public
from appliance.features.feed.models import Attachment, Post
from appliance.features.feed.queries import count_masked
from appliance.features.feed.sealing import open_text
from appliance.school.models import Academy, Classroom, School
from appliance.school.policy import SYSTEM
from appliance.services.media import store
from appliance.services.media.models import Media, Upload
from appliance.storage.database import connection, locked, transaction
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared

_log = logging.getLogger("preau.feed")

_DUE = Prepared(
    lambda: (
        Post.select(
            Post.id,
            Post.public_id,
            Post.sealed,
            Classroom.id.alias("classroom_id"),
            Classroom.public_id.alias("classroom_public_id"),
            Classroom.wrapped_key,
            Academy.public_id.alias("academy_public_id"),
            Academy.wrapped_key.alias("academy_wrapped_key"),
        )
        .join(Classroom, on=Post.classroom == Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
        .where((Post.status == "scheduled") & (Post.publish_at <= P("now")) & Classroom.wrapped_key.is_null(False))
        .order_by(Post.publish_at, Post.id)
        .limit(100)
    )
)


class _Place(NamedTuple):
    classroom_id: int
    classroom_public_id: str
    academy_public_id: str


def publish_due_posts() -> int:
    """Publish the scheduled posts whose time has come, oldest first, each in its own transaction; how many."""
    published = 0
    with connection():
        for row in _DUE.all(now=to_micros(clock.now())):
            try:
                published += _publish(row)
            except Exception as error:  # one post that cannot be opened must not hold back the others
                _log.error(
                    "a scheduled post could not be published",
                    extra={"post": row.public_id, "error": type(error).__name__},
                )
    return published


def forget_unattached_media() -> int:
    """Delete media that no post took within a day: what a crash between the upload and the post left. How many."""
    attached = Attachment.select(Attachment.id).where(Attachment.media == Media.id)
    old = clock.now() - timedelta(days=1)
    with connection():
        lost = Media.select(Media.public_id).where(
            Media.deleted_at.is_null()
            & (Media.created_at < old)
            & (Media.state != "uploading")  # these expire by themselves
            & ~fn.EXISTS(attached)
        )
        ids = [row.public_id for row in lost.limit(100)]
        return sum(_forget(public_id) for public_id in ids)


def _forget(public_id: str) -> bool:
    """Unless a post has just taken it: whoever is about to is waited for."""
    with transaction():
        same = Media.select(Media.id).where(Media.public_id == public_id)
        list(locked(Upload.select(Upload.id).where(Upload.media.in_(same))))
        if Attachment.select().join(Media).where(Media.public_id == public_id).exists():
            return False
        store.delete(SYSTEM, public_id)
    return True


def _publish(row) -> bool:
    place = _Place(row.classroom_id, row.classroom_public_id, row.academy_public_id)
    with transaction():
        due = (Post.id == row.id) & (Post.status == "scheduled") & (Post.publish_at <= clock.now())
        # Locked, and still of the class whose keys are in `row`: it may be moved at this very moment.
        post = locked(Post.select().where(due & (Post.classroom == row.classroom_id))).get_or_none()
        if post is None:
            return False
        text = open_text(row._replace(sealed=post.sealed), "post", row.public_id, post.sealed)
        if count_masked(row.id):  # rights were withdrawn since: the text goes out, the photo waits for a choice
            journal(SYSTEM, place, "update", "image_rights_masked", object_id=row.public_id, seen_by="staff")
        return make_public(SYSTEM, place, post, text)
