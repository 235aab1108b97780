"""A letter to the administrators when a check becomes a problem, and one when it no longer is: about each problem one
a day at most, nothing of anyone in it, nothing while no relay is configured."""

import json
import logging
from datetime import timedelta

from appliance.core import clock, i18n
from appliance.core.errors import Unavailable
from appliance.core.i18n import _
from appliance.school.models import Account, Office
from appliance.services import mail
from appliance.services.health import words
from appliance.services.health.checks import PROBLEM, Check
from appliance.services.health.models import HealthState
from appliance.storage import database

QUIET = timedelta(days=1)
TOLD_ELSEWHERE = ("files",)  # whoever finds a damaged file writes at once
_log = logging.getLogger("preau.health")


def tell() -> int:
    """Write about what has become a problem and what no longer is; to how many people."""
    if not mail.is_possible():
        return 0
    told_long_ago = HealthState.told_at.is_null() | (HealthState.told_at <= clock.now() - QUIET)
    new = (HealthState.level == PROBLEM) & ~HealthState.told & HealthState.code.not_in(TOLD_ELSEWHERE)
    begun = list(HealthState.select().where(new & told_long_ago).order_by(HealthState.id))
    ended = list(HealthState.select().where((HealthState.level < PROBLEM) & HealthState.told).order_by(HealthState.id))
    if not begun and not ended:
        return 0
    reached = 0
    for account in list_readers():
        with i18n.speaking(account.language):
            try:
                mail.send(account.email, _subject(len(begun)), _letter(begun, ended))
            except Unavailable:  # the mail service logged it
                continue
            reached += 1
    if reached:
        with database.transaction():
            ids = [row.id for row in begun]
            HealthState.update(told=True, told_at=clock.now()).where(HealthState.id.in_(ids)).execute()
            HealthState.update(told=False).where(HealthState.id.in_([row.id for row in ended])).execute()
        _log.warning("administrators were told", extra={"problems": [row.code for row in begun]})
    return reached


def list_readers() -> list[Account]:
    """The open accounts that administer and whose address was confirmed, each once."""
    admins = Office.select(Office.account).where(Office.role == "admin")
    confirmed = (Account.email != "") & Account.email_confirmed_at.is_null(False)
    return list(
        Account.select().where(Account.id.in_(admins) & Account.disabled_at.is_null() & confirmed).order_by(Account.id)
    )


def _subject(problems: int) -> str:
    return _("Préau a besoin de vous") if problems else _("Préau va de nouveau bien")


def _letter(begun: list[HealthState], ended: list[HealthState]) -> str:
    parts = [_("Bonjour,")]
    if begun:
        parts.append(_("Le serveur a trouvé ce qui suit\u202f:"))
    for row in begun:
        check = _read(row)
        text, remedy = words.describe(check)
        parts.append(f"{words.title(check.code)}\u202f: {text}\n{remedy}")
    if ended:
        names = ", ".join(words.title(row.code) for row in ended)
        parts.append(_("Ceci n’est plus un problème\u202f: %(names)s.", names=names))
    parts.append(
        _(
            "La page Administration, «\u202fSanté du serveur\u202f», en dit plus. "
            "Un même problème vous est écrit une fois par jour au plus."
        )
    )
    return "\n\n".join(parts) + "\n"


def _read(row: HealthState) -> Check:
    return Check(row.code, row.level, row.wording, json.loads(row.facts))
