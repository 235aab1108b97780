"""The recovery sheet: the master key on paper, as text and as a QR code, whole or split in shares; and read back from
either. Without it and without the machine, nothing opens again."""

import io

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from appliance.core import clock
from appliance.core.i18n import _
from appliance.crypto import shares
from appliance.crypto.keyfile import format_kek, parse_kek
from appliance.crypto.keyring import Kek
from appliance.services.people.paper import Page

_LEFT, _WIDTH = 25, 160


def draw(kek: Kek, where: str, texts: list[str] | None = None) -> bytes:
    """The PDF of the sheet: one page with the whole key, or one a share; `where` names the installation."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1)
    canvas.setTitle(_("Fiche de secours de Préau"))
    for number, text in enumerate(texts or [format_kek(kek)], 1):
        _draw_page(Page(canvas), where, text, number if texts else 0, len(texts or ()))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw_page(page: Page, where: str, text: str, number: int, total: int) -> None:
    page.mark(_LEFT, 22, 16)
    title = _("Part %(number)s de la fiche de secours", number=number) if number else _("Fiche de secours de Préau")
    page.line(_LEFT + 22, 29, title, size=20, bold=True)
    page.line(_LEFT + 22, 36, where, size=11)
    y = page.text(
        _LEFT, 52,
        _("Cette fiche ouvre toutes les données de l’installation. Rangez-la dans un coffre, loin de la machine. "
          "Ne la photographiez pas, ne l’envoyez pas par courrier électronique."),
        _WIDTH,
    )  # fmt: skip
    if number:
        need = text.split("need: ")[1].split(" ")[0]
        sentence = _("Il faut %(need)s parts sur %(total)s pour retrouver la clé.", need=need, total=total)
        y = page.text(_LEFT, y + 2, sentence, _WIDTH, bold=True)
    page.rule(_LEFT, y + 2, _WIDTH)
    y += 12
    for line in text.splitlines():
        for part in _fold(line):
            page.line(_LEFT, y, part, size=13, bold=line.startswith(("key", "data")))
            y += 8
    page.qr(_LEFT + 45, y + 4, 70, text)
    y = page.text(
        _LEFT, y + 84,
        _("Pour restaurer sur une machine neuve\u202f: installez Préau, tapez «\u202fpreau restore\u202f» et recopiez "
          "les lignes ci-dessus, ou lisez le code avec un lecteur hors ligne."),
        _WIDTH,
    )  # fmt: skip
    page.text(_LEFT, y + 4, _("Imprimée le %(day)s.", day=clock.today().isoformat()), _WIDTH, size=9)


def _fold(line: str) -> list[str]:
    """The long line of digits on two lines, so that it can be compared by eye."""
    words = line.split(" ")
    return [line] if len(words) < 7 else [" ".join(words[:5]), "      " + " ".join(words[5:])]


def read(text: str) -> Kek:
    """The key that was typed or scanned from a sheet: whole or in shares, lines folded as they are printed."""
    if shares.are_in(text):
        return shares.combine(text)
    lines: list[str] = []
    for line in (each.strip() for each in text.splitlines()):
        if line and ":" not in line and lines and lines[-1].startswith("key"):
            lines[-1] += f" {line}"
        elif line:
            lines.append(line)
    return parse_kek("\n".join(lines).encode("utf-8", "replace"), "recovery sheet")
