"""The key ceremony: the master key on paper, whole or in shares, and the proof that the paper can be read, before the
key is used for anything."""

import hmac
import secrets
from pathlib import Path

from appliance.core.errors import ConfigError
from appliance.core.i18n import _
from appliance.crypto import shares
from appliance.crypto.keyfile import create_kek, format_kek, load_kek
from appliance.crypto.keyring import Kek, new_key

MOST = shares.MOST


def read_shares(text: str) -> tuple[int, int]:
    """(K, N) of "2/3"; (0, 0) for the whole key on one sheet; ConfigError."""
    need, _slash, total = text.replace(" ", "").partition("/")
    if not text.strip():
        return 0, 0
    if not (need.isascii() and need.isdigit() and total.isascii() and total.isdigit() and len(text) < 12):
        raise ConfigError(_("Écrivez par exemple 2/3\u202f: trois parts, dont deux suffisent."))
    if not 2 <= int(need) <= int(total) <= MOST:
        raise ConfigError(_("Il faut de 2 à %(most)s parts, et au moins 2 pour retrouver la clé.", most=MOST))
    return int(need), int(total)


class Ceremony:
    """One key, its sheets, and the groups of digits that are asked back of each."""

    def __init__(self, path: Path, where: str):
        self.path, self.where = path, where
        self.kek = load_kek(self.path) if self.path.exists() else Kek(new_key())
        self.need = self.total = 0
        self._lay_out()

    def split(self, need: int, total: int) -> None:
        """Put the key on so many shares instead (0, 0: on one sheet); what was printed before is not asked back."""
        self.need, self.total = need, total
        self._lay_out()

    def _lay_out(self) -> None:
        self.texts = shares.split(self.kek, self.need, self.total) if self.total else [format_kek(self.kek)]
        draw = secrets.SystemRandom()
        self.asked = [tuple(sorted(draw.sample(range(8), 2))) for _text in self.texts]

    def draw(self) -> bytes:
        """The PDF to print."""
        from appliance.services import sheet

        return sheet.draw(self.kek, self.where, self.texts if self.total else None)

    def questions(self) -> list[str]:
        """What is asked back, a sentence a sheet."""
        line = "data" if self.total else "key"
        found = []
        for number, (first, second) in enumerate(self.asked, 1):
            values = {"first": first + 1, "second": second + 1, "line": line, "number": number}
            found.append(
                _("Part %(number)s\u202f: groupes %(first)s et %(second)s de la ligne «\u202f%(line)s\u202f»", **values)
                if self.total
                else _("Groupes %(first)s et %(second)s de la ligne «\u202f%(line)s\u202f»", **values)
            )
        return found

    def check(self, number: int, typed: str) -> str:
        """What is wrong with the groups typed back from one sheet (counted from 0); nothing when they are right."""
        digits = "".join(typed.split()).lower()
        if len(digits) != 16:
            return _("Recopiez deux groupes de huit signes, chiffres et lettres de a à f.")
        if not hmac.compare_digest(digits.encode("utf-8", "replace"), self._expected(number).encode()):
            return _("Ce n’est pas ce que porte cette fiche. Comparez signe à signe, ou imprimez-la de nouveau.")
        return ""

    def _expected(self, number: int) -> str:
        line = next(each for each in self.texts[number].splitlines() if each.startswith(("key:", "data:")))
        groups = line.split()[1:]
        return "".join(groups[at] for at in self.asked[number])

    def keep(self) -> None:
        """Write the key where the service takes it from; one that is there already is the same."""
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_kek(self.path, self.kek)
