"""What every act on the feed goes through: may this person do it, how often, whose pages change."""

import functools
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from babel.dates import format_date
from peewee import fn

from appliance.core import clock, i18n
from appliance.core.config import Limits
from appliance.core.errors import NotFound, QuotaReached, Refused
from appliance.core.i18n import _
from appliance.features.feed import queries
from appliance.features.feed.models import Post
from appliance.school import policy
from appliance.services import audit
from appliance.storage import database
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Content:
    """What a person writes in a post; groups and pupils are named by their public ids.

    `tags` says who is seen on which file that was uploaded before: pupils by media.
    """

    text: str = ""
    audience: str = "whole"
    groups: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    comments_open: bool = True
    reactions_open: bool = True
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)


def journal(
    actor,
    place,
    operation: str,
    event: str,
    *,
    kind: str = "post",
    object_id: str,
    seen_by: str,
    reader: int | None = None,
    reason: str = "",
) -> None:
    """Record a write and make stale exactly the pages of those who see it.

    `place` has classroom_id, classroom_public_id and academy_public_id. `seen_by` is `class` (everybody), `staff`,
    `nobody` (a read), or `reader`: the staff and one person (the actor unless `reader` says who). No other guardian's
    page moves, so that nothing can be inferred from its tag.
    """
    stale: tuple[str, ...] = ()
    if seen_by in ("staff", "reader"):
        stale = (f"staff:{place.classroom_id}",)
    if seen_by == "reader":
        stale += (f"reader:{reader or actor.account_id}",)
    audit.record(
        actor,
        operation,
        event,
        kind=kind,
        object_id=object_id,
        classroom=place.classroom_public_id,
        classroom_id=place.classroom_id if seen_by == "class" else None,
        tenant=place.academy_public_id,
        role=role_in(actor, place.classroom_id),
        reason=reason,
        stale=stale,
    )


def role_in(actor, classroom_id: int) -> str:
    """The role under which this person acts in this class; empty for the appliance itself."""
    return (
        next((each.role for each in actor.classes if each.classroom_id == classroom_id), "") if actor.account_id else ""
    )


def get_writable(actor, post_public_id: str):
    """The card of a post and the class's access, for who may change it: teachers any post, assistants their own."""
    card = queries.get_card(actor, post_public_id)
    policy.require(card.may_change)
    return card, policy.get_access_by_id(actor, card.post.classroom_id)


def hold_post(card) -> Post:
    """The row of a card's post, held until the commit; NotFound when it was erased since, even if another post has
    its row id by now."""
    row = database.locked(Post.select().where(Post.public_id == card.post.public_id)).get_or_none()
    if row is None:
        raise NotFound()
    return row


def hold_post_here(card) -> Post:
    """The same; NotFound too when it went to another class since."""
    row = hold_post(card)
    if row.classroom_id != card.post.classroom_id:
        raise NotFound()
    return row


def require_readers(access, status: str, publish_at) -> None:
    """Families read a class until its year ends: nothing goes out that none of them could read."""
    if status == "published" and access.is_past:
        raise Refused(
            _(
                "L’année de cette classe est terminée\u202f: aucune famille ne la lirait. La publication reste dans "
                "les brouillons\u202f; vous pouvez la donner à une autre de vos classes."
            )
        )
    if status == "scheduled" and clock.local(publish_at).date() > access.year_ends_on:
        raise Refused(
            _(
                "L’année de cette classe se termine le %(day)s\u202f: après, aucune famille ne la lirait. Choisissez "
                "une date avant, ou publiez dans la classe de la nouvelle année.",
                day=format_date(access.year_ends_on, "long", locale=i18n.current()),
            ),
            field="publish_on",
        )


@functools.cache
def _written(table) -> Prepared:
    return Prepared(
        lambda: table.select(fn.COUNT(table.id).alias("number")).where(
            (table.author == P("author")) & (table.created_at > P("since"))
        )
    )


def count_written(table, actor) -> int:
    """How many rows of a table this person wrote within the last hour."""
    since = clock.now() - timedelta(hours=1)
    return _written(table).first(author=actor.account_id, since=to_micros(since)).number


def require_pace(written: int, per_hour: int) -> None:
    """QuotaReached when a person wrote as much within the last hour as one hour allows."""
    if written >= per_hour:
        raise QuotaReached(
            _(
                "Vous avez beaucoup écrit depuis une heure (%(number)s envois). "
                "Attendez un peu, puis recommencez\u202f: votre texte est gardé ci-dessous.",
                number=written,
            ),
            field="text",
        )


def key_of(submission: str | None, *sent) -> str | None:
    """What one sending of a form is known by, its number and what it said, or None for a form without number.

    The same twice is one sending; another text from a page that stayed open is another one, and isn't lost.
    """
    if not submission:
        return None
    if len(submission) > 32 or not (submission.isascii() and submission.isalnum()):
        raise Refused(_("Ce formulaire est abîmé. Rechargez la page, puis recommencez."))
    return hashlib.sha256(repr((submission, *sent)).encode()).hexdigest()[:32]
