"""An album as its pages show it: months in words, thumbnails of one size, films with their length."""

from types import SimpleNamespace

from babel import dates

from appliance.core import clock, i18n
from appliance.core.i18n import _, ngettext
from appliance.features.feed import api as feed


def months(access, found, current: str) -> list[SimpleNamespace]:
    """The months that can be chosen."""
    base = f"/classes/{access.classroom_public_id}/album"
    return [
        SimpleNamespace(
            name=each.name,
            label=month_label(each.name),
            url=f"{base}?mois={each.name}",
            current=each.name == current,
            detail=_count(each),
        )
        for each in found
    ]


def month_label(month: str) -> str:
    """“novembre 2026”, in the reader's language."""
    day = clock.today().replace(year=int(month[:4]), month=int(month[5:]), day=1)
    return dates.format_skeleton("yMMMM", day, locale=i18n.current())


def _count(month) -> str:
    photos = ngettext("%(num)s photo", "%(num)s photos", month.photos) if month.photos else ""
    videos = ngettext("%(num)s vidéo", "%(num)s vidéos", month.videos) if month.videos else ""
    return ", ".join(part for part in (photos, videos) if part)


def views(access, items) -> list[SimpleNamespace]:
    """The photos and films of a month as they follow each other: the latest day first, a day in the order of its
    posts."""
    ordered = sorted(items, key=lambda item: -clock.local(item.published_at).toordinal())
    return [_view(access, item, number, len(items)) for number, item in enumerate(ordered, 1)]


def days(access, items) -> list[SimpleNamespace]:
    """The same, by day."""
    found: dict = {}
    for each in views(access, items):
        found.setdefault(clock.local(each.published_at).date(), []).append(each)
    return [SimpleNamespace(day=day, items=shown) for day, shown in found.items()]


def _view(access, item, number: int, total: int) -> SimpleNamespace:
    """One photo or film: its thumbnail, its page, its file."""
    media, is_video = f"/medias/{item.public_id}", item.family == "video"
    length = feed.duration(item.duration_ms) if is_video else ""
    if is_video:
        label = _("Vidéo %(number)s sur %(total)s", number=number, total=total) + (f", {length}" if length else "")
    else:
        label = _("Photo %(number)s sur %(total)s", number=number, total=total)
    return SimpleNamespace(
        public_id=item.public_id,
        url=f"/classes/{access.classroom_public_id}/album/{item.public_id}",
        post_url=f"/publications/{item.post_public_id}",
        published_at=item.published_at,
        is_video=is_video,
        thumb=f"{media}/thumb" if item.width else None,
        large=f"{media}/large",
        src=f"{media}/video",
        mime="video/mp4",
        poster=f"{media}/poster" if item.width else None,
        keep=f"{media}/{'video' if is_video else 'large'}?telecharger=1",
        width=item.width or 4,
        height=item.height or 3,
        duration=length,
        label=label,
    )
