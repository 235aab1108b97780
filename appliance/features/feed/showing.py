"""The files of a post as its templates show them: sizes known before anything arrives, names and lengths in words.

What families may not see isn't in the card (queries/files.py); for the staff it is a line that says why and what to do.
"""

from itertools import islice
from types import SimpleNamespace

from appliance.core.i18n import _, file_size, ngettext
from appliance.features.feed.queries.files import ARRIVING
from appliance.features.feed.sealing import open_file_name

_ICONS = {"picture": "photo", "video": "video", "audio": "sound"}


def files(card) -> dict[str, list]:
    """Everything attached to a post, by the way it is shown."""
    return {
        "pictures": [picture(card, each, number) for number, each in enumerate(card.pictures, 1)],
        "videos": [video(card, each, number) for number, each in enumerate(card.shown("video"), 1)],
        "sounds": [sound(card, each, number) for number, each in enumerate(card.shown("audio"), 1)],
        "documents": [document(card, each, number) for number, each in enumerate(card.shown("document"), 1)],
        "others": [other(card, each) for each in card.others],
    }


def kept(card) -> list[SimpleNamespace]:
    """What a post has already, as its editor lists it: a name, and a picture where there is one."""
    return [
        SimpleNamespace(
            public_id=each.public_id,
            icon=_ICONS.get(each.family, "document"),
            name=_("Photo %(number)s", number=number)
            if each.family == "picture"
            else open_file_name(card.post, each) or _("Fichier %(number)s", number=number),
            src=thumb(each),
        )
        for number, each in enumerate(card.files, 1)
    ]


def thumb(file) -> str | None:
    """The address of the small picture of a file; None where it has none."""
    drawn = file.state == "ready" and (file.family == "picture" or file.drawn_width)
    return f"/medias/{file.public_id}/thumb" if drawn else None


def gathered(cards, *, photos: int = 6, documents: int = 4) -> SimpleNamespace:
    """Of the posts of a page, the newest photos and documents, to be found again without the way through the posts."""
    newest = sorted(cards, key=lambda card: (card.post.published_at, card.post.id), reverse=True)
    shown = (picture(card, each, number) for card in newest for number, each in enumerate(card.pictures, 1))
    papers = (document(card, each, number) for card in newest for number, each in enumerate(card.shown("document"), 1))
    return SimpleNamespace(photos=list(islice(shown, photos)), documents=list(islice(papers, documents)))


def picture(card, file, number: int) -> SimpleNamespace:
    """A photo as the mosaic shows it; its sizes are known before it arrives, so that nothing jumps."""
    media = f"/medias/{file.public_id}"
    width, height = file.width or 4, file.height or 3
    wide = min(width, 800) if width >= height else round(width * min(height, 800) / height)
    return SimpleNamespace(
        public_id=file.public_id,
        src=f"{media}/medium",
        srcset=f"{media}/thumb {max(1, round(wide * 0.4))}w, {media}/medium {wide}w",
        large=f"{media}/large",
        thumb=f"{media}/thumb",
        width=width,
        height=height,
        url=f"/publications/{card.post.public_id}/photos/{number}",
        alt=_("Photo %(number)s sur %(total)s", number=number, total=len(card.pictures)),
    )


def video(card, file, number: int) -> SimpleNamespace:
    """A film: nothing of it is fetched before it is asked for but its poster."""
    media, total = f"/medias/{file.public_id}", len(card.shown("video"))
    return SimpleNamespace(
        public_id=file.public_id,
        src=f"{media}/video",
        mime=file.mime or "video/mp4",
        poster=f"{media}/poster" if file.drawn_width else None,
        width=file.width or 16,
        height=file.height or 9,
        duration=duration(file.duration_ms),
        label=_label(_("Vidéo %(number)s sur %(total)s", number=number, total=total), file.duration_ms),
        may_keep=card.is_staff,
    )


def sound(card, file, number: int) -> SimpleNamespace:
    """A sound with the name that it was sent under."""
    name = open_file_name(card.post, file).rpartition(".")[0] or _("Son %(number)s", number=number)
    return SimpleNamespace(
        public_id=file.public_id,
        src=f"/medias/{file.public_id}/audio",
        mime=file.mime or "audio/mp4",
        name=name,
        duration=duration(file.duration_ms),
        label=_label(_("Son\u202f: %(name)s", name=name), file.duration_ms),
        may_keep=card.is_staff,
    )


def document(card, file, number: int) -> SimpleNamespace:
    """A document as its line shows it: its first page where it could be drawn, its pages and its weight."""
    name = open_file_name(card.post, file) or _("Document %(number)s", number=number)
    kind = name.rpartition(".")[2].upper() if "." in name else ""
    pages = ngettext("%(num)s page", "%(num)s pages", file.pages) if file.pages else ""
    detail = ", ".join(part for part in (kind, pages, file_size(file.size) if file.size else "") if part)
    media = f"/medias/{file.public_id}"
    preview = None
    if file.drawn_width and file.drawn_height:
        preview = SimpleNamespace(src=f"{media}/thumb", width=file.drawn_width, height=file.drawn_height)
    return SimpleNamespace(public_id=file.public_id, name=name, url=f"{media}/original", detail=detail, preview=preview)


def other(card, file) -> SimpleNamespace:
    """What is attached and not shown: to families it only arrives; the staff reads what it is, why, and what to do."""
    icon = _ICONS.get(file.family, "document")
    if not card.is_staff:
        return SimpleNamespace(kind="arriving", icon=icon, text=arrival(file.family), name="", help="", act=None)
    url, name = f"/publications/{card.post.public_id}", open_file_name(card.post, file)
    line = SimpleNamespace(public_id=file.public_id, icon=icon, name=name, text="", help="", act=None)
    if file.masked:
        who = ", ".join(file.masking)
        line.kind, line.icon, line.act = "masked", "eye-off", (_("Choisir"), f"{url}/qui-voit-on")
        line.text = _("Masquée pour les familles")
        line.help = ngettext(
            "%(who)s n’a pas de droit à l’image.", "%(who)s n’ont pas de droit à l’image.", len(file.masking), who=who
        )
    elif file.state in ARRIVING:
        line.kind, line.text = "processing", _("En préparation…")
        line.help = _("Les familles la verront dès qu’elle sera prête.") if file.family == "video" else ""
        line.state_url = f"/televersements/{file.public_id}/etat"
    else:
        line.kind, line.act = "refused", (_("Remplacer"), f"{url}/modifier") if card.may_change else None
        line.text = _("Mis de côté") if file.state == "quarantined" else _("Ce fichier n’a pas été accepté")
        line.help = reason(file)
    return line


def reason(file) -> str:
    """Why a file isn't shown, in words."""
    if file.state == "quarantined":
        return _(
            "L’antivirus l’a trouvé dangereux\u202f: personne ne peut l’ouvrir. Retirez-le et prévenez "
            "l’administrateur."
        )
    from appliance.services.media import processing

    return processing.describe(file.reason)


def arrival(family: str) -> str:
    """What a family reads in the place of a file that is still being prepared."""
    return {
        "picture": _("Une photo arrive…"),
        "video": _("Une vidéo arrive…"),
        "audio": _("Un son arrive…"),
    }.get(family, _("Un fichier arrive…"))


def duration(milliseconds: int | None) -> str:
    """“2:05”, as players write it; empty when it isn't known."""
    if milliseconds is None:
        return ""
    seconds = max(1, round(milliseconds / 1000))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _label(what: str, milliseconds: int | None) -> str:
    if milliseconds is None:
        return what
    minutes, seconds = divmod(max(1, round(milliseconds / 1000)), 60)
    length = ngettext("%(num)s seconde", "%(num)s secondes", seconds) if seconds or not minutes else ""
    if minutes:
        length = f"{ngettext('%(num)s minute', '%(num)s minutes', minutes)} {length}".strip()
    return f"{what}, {length}"
