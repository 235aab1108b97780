"""What the feed shows, in a number of queries that doesn't depend on the number of posts: rows, files, children, reach.

Texts stay sealed here: `text_of` opens one when its card is drawn, not when a remembered card is shown again.
"""

from typing import NamedTuple

from peewee import JOIN, Case, fn

from appliance.core.errors import NotFound
from appliance.features.feed.models import Comment, Post, PostTarget, Reaction
from appliance.features.feed.queries import files, reach
from appliance.features.feed.queries.visible import is_comment_visible, is_for_own, is_id, is_visible, reader
from appliance.features.feed.sealing import open_text
from appliance.school.models import Academy, Account, Classroom, Group, GroupStudent, School, Student
from appliance.storage.fields import to_micros
from appliance.storage.prepared import P, Prepared, many

PAGE = 20
START = (2, 2**62, "")


class Card(NamedTuple):
    """One post as one person sees it; `children` are the reader's own, `addressed` is for the staff alone."""

    post: tuple
    is_staff: bool
    may_change: bool
    children: tuple = ()
    addressed: tuple = ()
    files: tuple = ()
    reach: tuple | None = None

    def shown(self, family: str) -> tuple:
        """The files of a family that are there for the families to see, in order; `document` is also what is none of
        the others."""
        known = ("picture", "video", "audio")
        return tuple(
            each
            for each in self.files
            if each.is_shown and (each.family == family or (family == "document" and each.family not in known))
        )

    @property
    def pictures(self) -> tuple:
        """The photos that the families see, in order."""
        return self.shown("picture")

    @property
    def others(self) -> tuple:
        """What is still being prepared, was refused, or is masked: for the staff, but that something arrives."""
        return tuple(each for each in self.files if not each.is_shown)

    @property
    def is_read(self) -> bool:
        """Whether nothing waits for this reader: it was read, isn't out, or concerns no child of theirs."""
        return self.post.read_at is not None or self.post.status != "published" or not self.children


class Page(NamedTuple):
    """Some cards in order, and the cursor of what comes after them (None at the end)."""

    cards: list[Card]
    cursor: str | None


def _columns(post=Post):
    return (
        *(getattr(post, name) for name in (
            "id public_id sealed status audience version comments_open reactions_open "
            "created_at publish_at published_at edited_at withdrawn_at pinned_at"
        ).split()),
        post.classroom.alias("classroom_id"),
        post.author.alias("author_id"),
        Account.public_id.alias("author_public_id"),
        Account.first_name.alias("author_first_name"),
        Account.last_name.alias("author_last_name"),
        Classroom.public_id.alias("classroom_public_id"),
        Classroom.name.alias("classroom_name"),
        Classroom.wrapped_key,
        Academy.public_id.alias("academy_public_id"),
        Academy.wrapped_key.alias("academy_wrapped_key"),
        reach.read_at(post, P("account")).alias("read_at"),
        Reaction.select(Reaction.kind)
        .where((Reaction.post == post.id) & (Reaction.account == P("account")))
        .alias("reaction"),
        Comment.select(fn.COUNT(Comment.id))
        .where((Comment.post == post.id) & is_comment_visible(post))
        .alias("comments"),
        # A guardian isn't told how many others reacted.
        Reaction.select(fn.COUNT(Reaction.id))
        .where((Reaction.post == post.id) & post.classroom.in_(many("staffed")))
        .alias("reactions"),
        *reach.columns(post),
    )  # fmt: skip


def _rows(post=Post):
    return (
        post.select(*_columns(post))
        .join(Classroom, on=post.classroom == Classroom.id)
        .join(School, on=Classroom.school == School.id)
        .join(Academy, on=School.academy == Academy.id)
        .join(Account, JOIN.LEFT_OUTER, on=post.author == Account.id)
    )


def _pinned(post):
    return Case(None, [(post.pinned_at.is_null(), 0)], 1)


def listing(pinned_first: bool, size: int, rule=is_visible) -> Prepared:
    """Posts that the reader may see, the newest first (or the pinned ones), one more than `size`."""

    def order(post):
        newest = (post.published_at.desc(), post.public_id.desc())
        return (_pinned(post).desc(), *newest) if pinned_first else newest

    def build():
        inner, outer = Post.alias("inner_post"), Post.alias("listed")
        older = (inner.published_at < P("at")) | ((inner.published_at == P("at")) & (inner.public_id < P("last")))
        if pinned_first:
            older = (_pinned(inner) < P("place")) | ((_pinned(inner) == P("place")) & older)
        # The page is chosen by number first, so that what is counted for a post is counted for twenty of them only.
        shown = (
            inner.select(inner.id)
            .where((inner.status == "published") & inner.classroom.in_(many("classrooms")) & rule(inner) & older)
            .order_by(*order(inner))
            .limit(size + 1)
            .alias("shown")
        )
        return _rows(outer).join(shown, on=outer.id == shown.c.id).order_by(*order(outer))

    return Prepared(build)


_FEED = listing(True, PAGE)
_RECENT = listing(False, PAGE, is_for_own)
_ONE = Prepared(lambda: _rows().where((Post.public_id == P("post")) & is_visible()))
_SHELF = Prepared(
    lambda: (
        _rows()
        .where((Post.classroom == P("classroom")) & (Post.status != "published") & is_visible())
        .order_by(Post.publish_at, Post.created_at.desc(), Post.id.desc())
        .limit(200)
    )
)

# Whom a post names: for the staff all of it, for a guardian their own children and nobody else.
_TARGETS = Prepared(
    lambda: (
        PostTarget.select(
            PostTarget.post.alias("post_id"),
            Group.name.alias("group_name"),
            GroupStudent.student.alias("member_id"),
            Student.id.alias("student_id"),
            Student.first_name,
            Student.last_name,
            Student.usage_name,
        )
        .join(Post, on=PostTarget.post == Post.id)
        .join(Group, JOIN.LEFT_OUTER, on=PostTarget.group == Group.id)
        .join(
            GroupStudent,
            JOIN.LEFT_OUTER,
            on=(GroupStudent.group == Group.id) & GroupStudent.student.in_(many("own")),
        )
        .join(Student, JOIN.LEFT_OUTER, on=PostTarget.student == Student.id)
        .where(
            PostTarget.post.in_(many("posts"))
            & (
                Post.classroom.in_(many("staffed"))
                | PostTarget.student.in_(many("own"))
                | GroupStudent.student.in_(many("own"))
            )
        )
        .order_by(Group.name, Student.first_name, Student.last_name, PostTarget.id)
    )
)


def list_feed(actor, access, cursor: str | None = None) -> Page:
    """One page of a class's feed for this person: pinned first, then the newest."""
    return _list(_FEED, actor, [access.classroom_id], reader(actor, access), cursor)


def list_recent(actor, child: str = "", cursor: str | None = None) -> Page:
    """The newest posts that concern a child of this person (any, or the one with this public id), whatever the class
    and the school."""
    values = reader(actor, child=child)
    return _list(_RECENT, actor, values["attended"], values, cursor)


def list_shelf(actor, access) -> list[Card]:
    """What only the staff of the class sees: drafts, scheduled and withdrawn posts."""
    if not access.is_staff:
        raise NotFound()
    return _dress(actor, _SHELF.all(classroom=access.classroom_id, **reader(actor, access)))


def find_card(actor, public_id: str) -> Card | None:
    """One post as this person sees it, or None when it doesn't exist for them."""
    if not is_id(public_id):
        return None
    rows = _ONE.all(post=public_id, **reader(actor))
    return _dress(actor, rows)[0] if rows else None


def get_card(actor, public_id: str) -> Card:
    """The same; NotFound when it doesn't exist for them."""
    card = find_card(actor, public_id)
    if card is None:
        raise NotFound()
    return card


def text_of(card: Card) -> str:
    """The text of a post."""
    return open_text(card.post, "post", card.post.public_id, card.post.sealed)


def _list(query: Prepared, actor, classrooms: list[int], values: dict, cursor: str | None) -> Page:
    place, at, last = _parse_cursor(cursor)
    rows = query.all(classrooms=classrooms, place=place, at=at, last=last, **values)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    return Page(_dress(actor, rows), _cursor(rows[-1], query is _FEED) if more else None)


def _cursor(row, pinned_first: bool) -> str:
    place = int(pinned_first and row.pinned_at is not None)
    return f"{place}-{to_micros(row.published_at)}-{row.public_id}"


def _parse_cursor(cursor: str | None) -> tuple[int, int, str]:
    """Where a page begins; a cursor that nobody wrote is the beginning."""
    parts = (cursor or "").split("-")
    if (
        len(parts) != 3
        or parts[0] not in ("0", "1")
        or not (parts[1].isascii() and parts[1].isdigit())
        or len(parts[1]) > 17
    ):
        return START
    return int(parts[0]), int(parts[1]), parts[2] if is_id(parts[2]) else ""


def _dress(actor, rows: list) -> list[Card]:
    """Put files, children, audience and reach on the rows: two queries at most, none for an empty list
    (a third says because of whom something is masked)."""
    if not rows:
        return []
    ids, values = [row.id for row in rows], reader(actor)
    staffed = set(values["staffed"])
    attached = files.list_by_post(ids, {row.id for row in rows if row.classroom_id in staffed})
    named = [row.id for row in rows if row.audience != "whole"]
    targets = (
        _group(_TARGETS.all(posts=named, staffed=values["staffed"], own=values["own"]), "post_id") if named else {}
    )
    led = {each.classroom_id for each in actor.classes if each.leads}
    own = {}
    for child in actor.children:
        own.setdefault(child.classroom_id, []).append(child)
    cards = []
    for row in rows:
        mine, addressed = own.get(row.classroom_id, ()), ()
        if row.audience != "whole":
            named_here = targets.get(row.id, ())
            concerned = {each.student_id for each in named_here} | {each.member_id for each in named_here}
            mine = [child for child in mine if child.id in concerned]
            addressed = tuple(dict.fromkeys(_label(each) for each in named_here))
        is_staff = row.classroom_id in staffed
        may_change = row.classroom_id in led or (is_staff and row.author_id == actor.account_id)
        addressed = addressed if is_staff else ()
        reached = None
        if is_staff and row.reach_total and row.status in ("published", "withdrawn"):
            reached = reach.Reach(row.reach_read, row.reach_total)
        cards.append(Card(row, is_staff, may_change, tuple(mine), addressed, attached.get(row.id, ()), reached))
    return cards


def _label(target) -> str:
    return target.group_name or f"{target.first_name} {target.usage_name or target.last_name}".strip()


def _group(rows: list, name: str) -> dict:
    grouped: dict = {}
    for row in rows:
        grouped.setdefault(getattr(row, name), []).append(row)
    return grouped
