"""Cards as HTML: drawn once for all who may see the same thing, remembered under everything that they show.

A card holds no forgery token and nothing that isn't in its key: its buttons send the page's one form.
"""

from types import SimpleNamespace

import flask
from markupsafe import Markup

from appliance.core import richtext
from appliance.core.i18n import _, lazy_, ngettext
from appliance.features.feed import queries
from appliance.features.feed.queries.cards import Card
from appliance.features.feed.showing import files
from appliance.school.policy import tint
from appliance.web import caching

REACTIONS = {
    "thanks": (lazy_("Merci"), "heart"),
    "bravo": (lazy_("Bravo"), "star"),
    "smile": (lazy_("Sourire"), "smile"),
    "agreed": (lazy_("D’accord"), "thumb"),
}
FORM = "actes"  # the id of the page's one form


def draw(card: Card, *, full: bool = False, given: dict | None = None) -> Markup:
    """The card of a post; `full` is its own page, with all its photos and, for the staff, how often each reaction was
    `given`."""
    return Markup(_remember(card, full, given or {}))  # noqa: S704 - from a template


def draw_all(cards: list[Card]) -> Markup:
    """The cards of a list, in order."""
    return Markup("\n".join(_remember(card, False, {}) for card in cards))  # noqa: S704 - from a template


def _remember(card: Card, full: bool, given: dict) -> str:
    key = _key("card", card, full, tuple(sorted(given.items())))
    return caching.fragment(key, lambda: _draw(card, full, given))


def _key(kind: str, card: Card, *more) -> tuple:
    # The sealed text changes with the version and the wrapped keys say nothing more: without them the key is small.
    post = card.post._replace(sealed=None, wrapped_key=None, academy_wrapped_key=None)
    return (kind, card._replace(post=post), *more)


def _draw(card: Card, full: bool, given: dict) -> str:
    return flask.render_template("feed/_card.html", post=view(card, given), full=full, form=FORM)


def html_of(card: Card) -> Markup:
    """The formatted text of a post, the same for all its readers: opened and formatted once a version."""
    # By its public id: the row id of a post that was erased is given to the next one.
    key = ("text", richtext.RENDER_VERSION, card.post.public_id, card.post.version)
    return Markup(caching.fragment(key, lambda: str(richtext.render(queries.text_of(card)))))  # noqa: S704 - sanitised


def excerpt_of(card: Card) -> str:
    """The first words of a post, for a list that names it; empty when it holds files alone."""
    key = ("excerpt", richtext.RENDER_VERSION, card.post.public_id, card.post.version)
    return str(caching.fragment(key, lambda: richtext.excerpt(queries.text_of(card), 70)))


def glance(card: Card) -> SimpleNamespace:
    """A post as a list that names it shows it to the staff: its first words, its class, who has read."""
    post = card.post
    return SimpleNamespace(
        url=f"/publications/{post.public_id}",
        words=excerpt_of(card),
        published_at=post.published_at,
        classroom_name=post.classroom_name,
        reach=_reach(card),
    )


def view(card: Card, given: dict | None = None) -> SimpleNamespace:
    """What the card's template shows."""
    post, url = card.post, f"/publications/{card.post.public_id}"
    edited = post.edited_at is not None and post.status == "published"
    return SimpleNamespace(
        id=post.public_id,
        url=url,
        state=post.status,
        pinned=post.pinned_at is not None,
        author=person(post.author_first_name, post.author_last_name, post.author_public_id),
        published_at=post.published_at,
        scheduled_at=post.publish_at,
        modified_at=post.edited_at if edited else None,
        history_url=f"{url}/modifications" if edited else None,
        html=html_of(card),
        children=[child_view(child) for child in card.children],
        audience=_audience(card),
        **files(card),
        reach=_reach(card),
        reactions=[
            SimpleNamespace(
                code=code, label=label, icon=icon, mine=post.reaction == code, count=(given or {}).get(code, 0)
            )
            for code, (label, icon) in REACTIONS.items()
        ],
        reactions_open=post.reactions_open,
        reactions_given=post.reactions if card.is_staff else 0,
        comments=post.comments,
        comments_open=post.comments_open,
        is_staff=card.is_staff,
        may_change=card.may_change,
        is_read=card.is_read,
    )


def person(first_name: str | None, last_name: str | None, public_id: str | None) -> SimpleNamespace:
    """Someone as the avatar shows them; an account that is gone has no name any more."""
    first, last = first_name or "", last_name or ""
    name = f"{first} {last}".strip() or _("Compte supprimé")
    return SimpleNamespace(name=name, initials=(first[:1] + last[:1]).upper() or "–", tint=tint(public_id or ""))


def child_view(child) -> SimpleNamespace:
    """A child as the chip shows it."""
    initials = "".join(word[:1] for word in child.name.split()[:2]).upper()
    return SimpleNamespace(
        first_name=child.first_name, class_name=child.classroom_name, initials=initials, tint=tint(child.public_id)
    )


def remark(each) -> SimpleNamespace:
    """A comment as the page shows it."""
    first, _space, last = each.author.partition(" ")
    author = person(first, last, each.author_public_id)
    author.role_label = _("Équipe de la classe") if each.from_staff else ""
    return SimpleNamespace(
        id=each.public_id,
        author=author,
        at=each.created_at,
        html=richtext.render(each.text),
        private=each.is_private,
        is_own=each.is_own,
    )


def _audience(card: Card) -> str:
    if not card.is_staff or card.post.audience == "whole":
        return ""
    names = card.addressed[:3]
    if not names:  # its group was deleted
        return _("Plus adressée à personne")
    more = len(card.addressed) - len(names)
    text = ", ".join(names)
    if more > 0:
        text += " " + ngettext("et %(num)s autre", "et %(num)s autres", more)
    return _("Pour %(names)s", names=text)


def _reach(card: Card):
    if card.reach is None:
        return None
    read, total = card.reach
    text = ngettext(
        "%(num)s responsable sur %(total)s a lu", "%(num)s responsables sur %(total)s ont lu", read, total=total
    )
    return SimpleNamespace(read=read, total=total, text=text, url=f"/publications/{card.post.public_id}/lecteurs")
