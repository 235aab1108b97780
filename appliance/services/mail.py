"""Mail through the school's relay, after the commit; nothing leaves while no relay is configured."""

import logging
import smtplib
from email.message import EmailMessage
from pathlib import Path

from appliance.core.config import Mail
from appliance.core.errors import Unavailable
from appliance.core.i18n import _

_log = logging.getLogger("preau.mail")
_settings = Mail()


def configure(settings: Mail) -> None:
    """Use this relay from here on."""
    global _settings
    _settings = settings


def is_possible() -> bool:
    """Whether a relay is configured."""
    return bool(_settings.host)


def send(to: str, subject: str, body: str) -> None:
    """Hand one letter to the relay; Unavailable when it does not take it. Address and text never reach the log."""
    if not is_possible():
        raise Unavailable(_("Ce serveur n’envoie pas de courriel. Demandez un code imprimé à l’école."))
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = _settings.sender, to, subject
    message.set_content(body)
    try:
        with _connect() as relay:
            if _settings.security == "starttls":
                relay.starttls()
            if _settings.username:
                relay.login(_settings.username, Path(_settings.password_file).read_text(encoding="utf-8").strip())
            relay.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        _log.error("mail not sent", extra={"error": type(error).__name__})
        raise Unavailable(_("Le courriel n’a pas pu partir. Réessayez dans quelques minutes.")) from error


def _connect() -> smtplib.SMTP:
    kind = smtplib.SMTP_SSL if _settings.security == "tls" else smtplib.SMTP
    return kind(_settings.host, _settings.port, timeout=_settings.timeout)
