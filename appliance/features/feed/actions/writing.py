"""Posts come to be and change: drafted, published, scheduled, corrected; families see what a correction changed."""

import peewee

from appliance.core import clock
from appliance.core.errors import Conflict, Refused
from appliance.core.i18n import _
from appliance.core.ids import new_id
from appliance.core.richtext import clean_input
from appliance.features.feed.actions import files as attaching
from appliance.features.feed.actions.common import (
    DEFAULT_LIMITS,
    Content,
    count_written,
    get_writable,
    hold_post,
    journal,
    key_of,
    require_pace,
    require_readers,
)
from appliance.features.feed.actions.seen import put_tags
from appliance.features.feed.events import PostPublished
from appliance.features.feed.models import AUDIENCES, Post, PostTarget, PostVersion
from appliance.features.feed.queries import count_masked, list_groups, list_students, text_of
from appliance.features.feed.sealing import seal_text
from appliance.school import policy
from appliance.storage import database
from appliance.storage.database import transaction


def save_draft(actor, classroom: str, content: Content, **options) -> Post:
    """Keep a post that only the staff of the class sees."""
    return _create(actor, classroom, content, "draft", None, **options)


def publish(actor, classroom: str, content: Content, **options) -> Post:
    """Publish a post to its audience at once.

    `classroom` is a public id. Options: `files` (as a form brings them), `uploads` (ids of files that this
    person sent before), `submission` (the form's number: the same sent twice is one post), `limits`.
    """
    return _create(actor, classroom, content, "published", None, **options)


def schedule(actor, classroom: str, content: Content, publish_at, **options) -> Post:
    """Publish a post by itself at a later instant."""
    return _create(actor, classroom, content, "scheduled", publish_at, **options)


def _create(
    actor,
    classroom: str,
    content: Content,
    status: str,
    publish_at,
    *,
    files=(),
    uploads=(),
    submission=None,
    limits=DEFAULT_LIMITS,
) -> Post:
    access = policy.get_access(actor, classroom)
    policy.require(access.can_publish)
    names = [file.filename for file in files]
    submission = key_of(submission, classroom, status, content, publish_at, list(uploads), names)
    done = _find_submitted(actor, submission)
    if done is not None:
        return done
    text, targets = _check(access, content, limits, has_files=bool(files or uploads))
    _require_future(status, publish_at)
    require_pace(count_written(Post, actor), limits.posts_per_hour)
    with attaching.accepted(actor, access, files, uploads, limits) as found:
        attaching.require_room(access, [each.family for each in found.media], limits)
        try:
            with transaction():
                # Asked again under the writer's lock: the same form may have arrived twice at once.
                done = _find_submitted(actor, submission)
                if done is None:
                    media = found.take()
                    return _insert(actor, access, content, status, publish_at, submission, text, targets, media)
        except peewee.IntegrityError:
            done = _find_submitted(actor, submission)
            if done is None:
                raise
        attaching.discard(found.media)
        return done


def _insert(actor, access, content, status, publish_at, submission, text, targets, media) -> Post:
    public_id = new_id()
    post = Post.create(
        public_id=public_id,
        classroom=access.classroom_id,
        author=actor.account_id,
        sealed=seal_text(access, "post", public_id, text),
        status="draft",
        audience=content.audience,
        comments_open=content.comments_open,
        reactions_open=content.reactions_open,
        submission=submission,
    )
    _address(post.id, targets)
    attaching.attach(post.id, media)
    put_tags(actor, access, {each.public_id: each.id for each in media}, content.tags, seen_by="staff")
    journal(actor, access, "create", "post_drafted", object_id=public_id, seen_by="staff")
    _move(actor, access, post, text, status, publish_at)
    return post


def edit(
    actor,
    post: str,
    content: Content,
    *,
    version: int,
    act: str = "keep",
    publish_at=None,
    files=(),
    uploads=(),
    removed=(),
    limits=DEFAULT_LIMITS,
) -> Post:
    """Change a post; once it is published, a change of text or files is a new version that readers may compare.

    Addressed to more families than before, it starts anew: they don't learn what was written for the others alone.
    `version` is the one that was being corrected: Conflict when someone was faster. `act` moves a draft on: keep,
    draft, publish or schedule. `removed` names the media to take out and delete.
    """
    card, access = get_writable(actor, post)
    if card.post.status == "withdrawn":
        raise Refused(_("Cette publication est retirée. Remettez-la en ligne avant de la corriger."))
    removed = [each.public_id for each in card.files if each.public_id in removed]
    kept = [each for each in card.files if each.public_id not in removed]
    text, targets = _check(access, content, limits, has_files=bool(files or uploads or kept))
    status = {"publish": "published", "schedule": "scheduled", "draft": "draft"}.get(act, card.post.status)
    publish_at = card.post.publish_at if act == "keep" else publish_at
    if card.post.status != "published" and act == "schedule":
        _require_future(status, publish_at)
    with attaching.accepted(actor, access, files, uploads, limits) as found:
        with transaction():
            row = hold_post(card)
            if row.version != version or row.status != card.post.status:
                raise Conflict(_("Quelqu’un a changé cette publication entre-temps. Votre texte est gardé ci-dessous."))
            _update(actor, access, row, card, content, text, targets, found.take(kept), removed)
            if row.status != "published":
                _move(actor, access, row, text, status, publish_at)
    return row


def _update(actor, access, row: Post, card, content: Content, text: str, targets, media, removed) -> None:
    taken = attaching.detach(actor, row.id, removed)
    added = attaching.attach(row.id, media)
    seen_by = "class" if row.status == "published" else "staff"
    present = {each.public_id: each.media_id for each in card.files if each.public_id not in removed}
    put_tags(actor, access, present | {each.public_id: each.id for each in media}, content.tags, seen_by=seen_by)
    changed, wider = bool(added or taken or text != text_of(card)), _is_wider(row, content.audience, targets)
    row.audience, row.comments_open, row.reactions_open = (
        content.audience,
        content.comments_open,
        content.reactions_open,
    )
    row.version += 1  # whoever is correcting it at the same time is told so, whatever changed
    if changed:
        row.sealed = seal_text(access, "post", row.public_id, text)
    if row.status == "published" and wider:  # who reads it only now does not read what was written for the others
        PostVersion.delete().where(PostVersion.post == row.id).execute()
        row.edited_at = None
        _keep_version(actor, access, row, text, 0, 0)
    elif row.status == "published" and changed:
        row.edited_at = clock.now()
        _keep_version(actor, access, row, text, added, taken)
    row.save()
    _address(row.id, targets)
    journal(actor, access, "update", "post_edited", object_id=row.public_id, seen_by=seen_by)


def _is_wider(row: Post, audience: str, targets) -> bool:
    """Whether a correction addresses a post to groups or children to whom it was not."""
    if row.audience == "whole":
        return False
    before = {(each.group_id, each.student_id) for each in PostTarget.select().where(PostTarget.post == row.id)}
    return audience == "whole" or not {(each.get("group"), each.get("student")) for each in targets} <= before


def _move(actor, access, post: Post, text: str, status: str, publish_at) -> None:
    """Bring a draft where it was sent: out to the families, onto the schedule, or back among the drafts.

    While a photo shows a child without image rights and nobody has chosen what to do, it stays a draft.
    """
    require_readers(access, status, publish_at)
    if status in ("published", "scheduled") and count_masked(post.id):
        post.status, post.publish_at = "draft", publish_at if status == "scheduled" else None
        post.save()
        journal(actor, access, "update", "post_held", object_id=post.public_id, seen_by="staff", reason="image_rights")
        return
    if status == "published":
        make_public(actor, access, post, text)
        return
    if (status, publish_at) == (post.status, post.publish_at):
        return
    post.status, post.publish_at = status, publish_at if status == "scheduled" else None
    post.save()
    event = "post_scheduled" if status == "scheduled" else "post_unscheduled"
    journal(actor, access, "update", event, object_id=post.public_id, seen_by="staff")


def release(actor, post: str) -> Post:
    """Bring a draft that was held back where it was sent: onto the schedule while its hour is to come, else out."""
    card, access = get_writable(actor, post)
    with transaction():
        row = hold_post(card)
        if row.status == "draft":
            later = row.publish_at is not None and row.publish_at > clock.now()
            _move(actor, access, row, text_of(card), "scheduled" if later else "published", row.publish_at)
    return row


def make_public(actor, place, post: Post, text: str) -> bool:
    """Show a post to its audience, once: False when another process was faster."""
    now = clock.now()
    moved = (
        Post.update(status="published", published_at=now, publish_at=None)
        .where((Post.id == post.id) & Post.status.in_(("draft", "scheduled")))
        .execute()
    )
    if not moved:
        return False
    post.status, post.published_at, post.publish_at = "published", now, None
    _keep_version(actor, place, post, text, 0, 0)
    journal(actor, place, "update", "post_published", object_id=post.public_id, seen_by="class")
    database.emit(PostPublished(post.id, post.public_id, place.classroom_id))
    return True


def _keep_version(actor, place, post: Post, text: str, added: int, removed: int) -> None:
    PostVersion.create(
        post=post.id,
        number=post.version,
        sealed=seal_text(place, "post_version", f"{post.public_id}.{post.version}", text),
        added=added,
        removed=removed,
        editor=actor.account_id or post.author_id,
    )


def _find_submitted(actor, submission: str | None) -> Post | None:
    if submission is None:
        return None
    return Post.get_or_none((Post.author == actor.account_id) & (Post.submission == submission))


def _check(access, content: Content, limits, *, has_files: bool) -> tuple[str, list[dict]]:
    """The cleaned text and the rows of the audience; Refused says what is missing."""
    text = clean_input(content.text, limit=limits.post_chars, field="text")
    if not text and not has_files:
        raise Refused(_("Écrivez un texte ou joignez un fichier avant de publier."), field="text")
    if content.audience not in AUDIENCES:
        raise Refused(_("Choisissez à qui la publication s’adresse."), field="audience")
    if content.audience == "whole":
        return text, []
    column, wanted, known = (
        ("group", content.groups, list_groups(access))
        if content.audience == "groups"
        else ("student", content.students, list_students(access))
    )
    ids = {each.public_id: each.id for each in known}
    if not wanted or any(each not in ids for each in wanted):
        message = _("Choisissez au moins un groupe.") if column == "group" else _("Choisissez au moins un enfant.")
        raise Refused(message, field=column + "s")
    return text, [{column: ids[each]} for each in dict.fromkeys(wanted)]


def _address(post_id: int, targets: list[dict]) -> None:
    PostTarget.delete().where(PostTarget.post == post_id).execute()
    for target in targets:
        PostTarget.create(post=post_id, **target)


def _require_future(status: str, publish_at) -> None:
    if status != "scheduled":
        return
    if publish_at is None or publish_at <= clock.now():
        raise Refused(_("Choisissez une date et une heure à venir."), field="publish_on")


def delete_draft(actor, post: str) -> None:
    """Erase a draft or a scheduled post for good, with its files; what was once published is withdrawn instead."""
    card, access = get_writable(actor, post)
    with transaction():
        row = hold_post(card)
        if row.status not in ("draft", "scheduled"):
            raise Refused(_("Cette publication a déjà été vue\u202f: vous pouvez la retirer, pas l’effacer."))
        attaching.detach(actor, row.id, [each.public_id for each in card.files])
        Post.delete().where(Post.id == row.id).execute()
        journal(actor, access, "delete", "post_deleted", object_id=row.public_id, seen_by="staff")
