"""The errors of the domain: each is answered in one place (web/errors.py) with one page and one status."""


class DomainError(Exception):
    """A rule said no. `message` is plain French for the person who asked; it never holds personal data of another."""

    status = 400
    default = "Cette demande n’a pas pu aboutir. Rien n’a été modifié."

    def __init__(self, message: object | None = None, *, field: str | None = None):
        super().__init__(message)
        self._message = message
        self.field = field

    @property
    def message(self) -> str:
        """The text to show; translated when it is shown, not when it is raised."""
        from appliance.core.i18n import _

        if self._message is not None:
            return str(self._message)
        return _(self.default) if isinstance(self.default, str) else str(self.default)  # a lazy text translates itself


class NotFound(DomainError):
    """The object does not exist, or this actor may not know that it does: the two are never told apart."""

    status = 404
    default = "Cette page n’existe pas, ou vous n’y avez pas accès."


class Denied(DomainError):
    """The actor is known and the object visible, but this act is not theirs."""

    status = 403
    default = "Votre compte ne permet pas de faire cela. Rien n’a été modifié."


class Refused(DomainError):
    """What was asked breaks a rule that the person can satisfy: the message says how."""

    status = 422


class QuotaReached(Refused):
    """A limit of the plan or of the configuration is reached."""

    status = 413
    default = "La limite est atteinte. Rien n’a été envoyé."


class Conflict(DomainError):
    """Someone else changed the same thing first; nothing was overwritten."""

    status = 409
    default = "Cette page a changé entre-temps. Rechargez-la avant de recommencer."


class Unavailable(DomainError):
    """The server cannot do it now and will later: try again."""

    status = 503
    default = "Beaucoup de monde se connecte en ce moment. Réessayez dans quelques secondes : rien n’est perdu."


class StorageFull(DomainError):
    """There is no room left on the disk; nothing was half-written."""

    status = 507
    default = "Il n’y a plus de place sur le serveur. Rien n’a été envoyé ; prévenez l’administrateur."


class ConfigError(Exception):
    """The configuration cannot be used; the message names the key, the line and the remedy."""
