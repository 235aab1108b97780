"""Letters that the school prints: one page a guardian, with a QR code and the same code in large type.

A page names its addressee and the addressee's own children, nobody else; opening the address for it is journaled.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from babel.dates import format_date
from reportlab.pdfgen.canvas import Canvas

from appliance.core import clock, i18n
from appliance.core.errors import Denied
from appliance.core.i18n import _, ngettext
from appliance.school.models import Classroom, Guardian
from appliance.services import audit
from appliance.services.people import invitations, resets
from appliance.services.people.children import open_contact
from appliance.services.people.paper import SLATE, Page
from appliance.storage.database import transaction

LEFT, RIGHT = 20, 190
WIDTH = RIGHT - LEFT
# Where a French DL envelope with a window shows the address, the sheet folded in three.
WINDOW_X, WINDOW_Y, WINDOW_WIDTH, WINDOW_LINES = 110, 52, 80, 6


@dataclass(frozen=True)
class Letter:
    """What one page says."""

    school: str
    city: str
    address: tuple[str, ...]
    title: str
    opening: tuple[str, ...]
    children: tuple[str, ...]
    steps: tuple[str, ...]
    code: str
    link: str
    closing: tuple[str, ...]


def write_letters(
    actor, access, invited: Iterable[tuple[Guardian, str]], *, public_url: str, language: str = i18n.SOURCE
) -> bytes:
    """The PDF of the codes that `invitations.invite_guardians` gave: one A4 page a guardian, in the same order."""
    return draw(compose_letters(actor, access, invited, public_url=public_url, language=language), language)


def compose_letters(
    actor, access, invited: Iterable[tuple[Guardian, str]], *, public_url: str, language: str = i18n.SOURCE
) -> list[Letter]:
    """What these pages say, ready to draw; each is in the journal from here on."""
    if not access.can_manage:
        raise Denied()
    with i18n.speaking(language), transaction():
        pages = []
        for guardian, code in invited:
            pages.append(_invitation(guardian, code, public_url))
            _record(actor, access, guardian, "invitation_letter_printed")
    return pages


def write_reset_letter(
    actor, access, guardian: Guardian, code: str, *, public_url: str, language: str = i18n.SOURCE
) -> bytes:
    """The PDF that gives a guardian the code for a new password."""
    if not access.can_manage:
        raise Denied()
    with i18n.speaking(language), transaction():
        page = _reset(guardian, code, public_url)
        _record(actor, access, guardian, "reset_letter_printed")
    return draw([page], language)


def write_colleague_letters(
    invited: Iterable[tuple[str, Classroom, str]], *, public_url: str, language: str = i18n.SOURCE
) -> bytes:
    """The PDF of the codes that `invitations.invite_colleague` gave: a page for each name, class and code."""
    with i18n.speaking(language):
        return draw([_colleague(name, room, code, public_url) for name, room, code in invited], language)


def _record(actor, access, guardian: Guardian, event: str) -> None:
    audit.record(
        actor, "disclose", event, kind="guardian", object_id=guardian.public_id, classroom=access.classroom_public_id
    )


def _address(guardian: Guardian) -> tuple[str, ...]:
    contact = open_contact(guardian)
    name = " ".join(part for part in (guardian.civility, guardian.name) if part)
    town = f"{contact.postal_code} {contact.city}".strip()
    lines = [name, *contact.address.splitlines(), town, contact.country if contact.country.upper() != "FRANCE" else ""]
    return tuple(line.strip() for line in lines if line.strip())


def _invitation(guardian: Guardian, code: str, public_url: str) -> Letter:
    children = invitations.list_places_of(guardian)
    return Letter(
        school=guardian.school.name,
        city=guardian.school.city,
        address=_address(guardian),
        title=_("Votre invitation au carnet de liaison"),
        opening=(
            _("Bonjour %(name)s,", name=guardian.name),
            ngettext(
                "L’école partage avec vous la vie de classe de votre enfant sur Préau, un carnet de liaison en ligne, "
                "gratuit et sans publicité.",
                "L’école partage avec vous la vie de classe de vos enfants sur Préau, un carnet de liaison en ligne, "
                "gratuit et sans publicité.",
                len(children),
            ),
        ),
        children=tuple(f"{student.name} · {room.name}" for student, room in children),
        steps=_steps(public_url, "/invitation"),
        code=code,
        link=f"{public_url}/invitation/{code}",
        closing=(
            _personal(invitations.life()),
            _(
                "Vous avez déjà un compte, pour un autre enfant ou une autre école\u202f? Utilisez le même\u202f: à "
                "l’étape suivante, choisissez «\u202fJ’ai déjà un compte\u202f»."
            ),
            _(
                "Sans téléphone ni ordinateur\u202f: dites-le à l’enseignant. Vous recevrez les mêmes informations "
                "sur papier."
            ),
        ),
    )


def _reset(guardian: Guardian, code: str, public_url: str) -> Letter:
    return Letter(
        school=guardian.school.name,
        city=guardian.school.city,
        address=_address(guardian),
        title=_("Votre nouveau mot de passe"),
        opening=(
            _("Bonjour %(name)s,", name=guardian.name),
            _("Voici de quoi choisir un nouveau mot de passe pour votre compte Préau."),
        ),
        children=(),
        steps=_steps(public_url, "/reinitialiser"),
        code=code,
        link=f"{public_url}/reinitialiser/{code}",
        closing=(
            _personal(resets.PAPER_LIFE),
            _("Vous n’avez rien demandé\u202f? Ne l’utilisez pas et prévenez l’école."),
        ),
    )


def _colleague(name: str, room: Classroom, code: str, public_url: str) -> Letter:
    return Letter(
        school=room.school.name,
        city=room.school.city,
        address=(name,),
        title=_("Votre invitation dans l’équipe de la classe"),
        opening=(
            _("Bonjour %(name)s,", name=name),
            _(
                "Voici de quoi entrer sur Préau, le carnet de liaison en ligne de l’école, dans l’équipe de cette "
                "classe\u202f:"
            ),
        ),
        children=(room.name,),
        steps=_steps(public_url, "/invitation"),
        code=code,
        link=f"{public_url}/invitation/{code}",
        closing=(
            _personal(invitations.life()),
            _(
                "Vous avez déjà un compte, pour une autre classe ou pour vos enfants\u202f? Utilisez le même\u202f: à "
                "l’étape suivante, choisissez «\u202fJ’ai déjà un compte\u202f»."
            ),
        ),
    )


def _steps(public_url: str, path: str) -> tuple[str, ...]:
    return (
        _("Avec un téléphone\u202f: visez ce carré avec l’appareil photo, puis suivez les étapes."),
        _(
            "Avec un ordinateur\u202f: ouvrez %(address)s et recopiez ce code\u202f:",
            address=_short(public_url, path),
        ),
    )


def _personal(life: timedelta) -> str:
    until = format_date(clock.local(clock.now() + life), "long", locale=i18n.current())
    return _(
        "Ce code est personnel\u202f: ne le donnez à personne. Il sert une seule fois, jusqu’au %(date)s.",
        date=until,
    )


def _short(public_url: str, path: str) -> str:
    """The address as people type it."""
    return public_url.removeprefix("https://").removeprefix("http://") + path


def draw(pages: Iterable[Letter], language: str = i18n.SOURCE) -> bytes:
    """The PDF of these letters, a page each."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(595.2756, 841.8898), pageCompression=1, lang=language)
    canvas.setTitle("Préau")
    canvas.setCreator("Préau")
    for letter in pages:
        _draw_page(Page(canvas), letter, language)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw_page(page: Page, letter: Letter, language: str) -> None:
    page.mark(LEFT, 12, 16)
    y = page.text(LEFT + 20, 19, letter.school, 90, size=14, bold=True, colour=SLATE, most=3)
    page.text(LEFT + 20, y, letter.city, 90, size=10, most=1)
    _draw_address(page, letter.address)
    page.rule(3, 99, 4)  # where to fold
    today = format_date(clock.today(), "long", locale=language)
    page.line(WINDOW_X, 92, f"{letter.city}, {today}" if letter.city else today, size=10)
    y = page.text(LEFT, 108, letter.title, WIDTH, size=18, bold=True, colour=SLATE, lead=1.25, most=2) + 3
    for paragraph in letter.opening:
        y = page.text(LEFT, y, paragraph, WIDTH, most=4) + 2
    shown = letter.children[:8]
    for child in shown:
        y = page.text(LEFT + 6, y, child, WIDTH - 6, bold=True, size=12, most=2)
    y = _draw_code(page, letter, y + 4)
    for paragraph in letter.closing:
        y = page.text(LEFT, y, paragraph, WIDTH, size=10.5, most=4) + 2


def _draw_address(page: Page, lines: tuple[str, ...]) -> None:
    y, used = WINDOW_Y, 0
    for line in lines:
        if used >= WINDOW_LINES:
            return
        before = y
        y = page.text(WINDOW_X, y, line, WINDOW_WIDTH, size=11, lead=1.25, most=min(2, WINDOW_LINES - used))
        used += max(1, round((y - before) / 4.85))


def _draw_code(page: Page, letter: Letter, y: float) -> float:
    side, x = 52, LEFT + 58
    page.rule(LEFT, y - 2, WIDTH)
    page.qr(LEFT, y, side, letter.link)
    at = page.text(x, y + 9, letter.steps[0], RIGHT - x, most=4) + 3
    for step in letter.steps[1:]:
        at = page.text(x, at, step, RIGHT - x, most=4)
    page.line(x, at + 7, letter.code, size=24, bold=True, colour=SLATE)
    below = max(y + side, at + 12)
    page.rule(LEFT, below + 1, WIDTH)
    return below + 9
