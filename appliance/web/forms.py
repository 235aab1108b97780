"""What people type: kept on error, checked in words, protected against forgery."""

import unicodedata
from collections.abc import Callable

from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from wtforms import validators

from appliance.core.errors import DomainError, Refused
from appliance.core.i18n import lazy_
from appliance.core.richtext import clean_input

csrf = CSRFProtect()


class Form(FlaskForm):
    """A form of the appliance; `refuse` puts a rule's message beside the field that it concerns."""

    class Meta:
        def render_field(self, field, render_kw):
            """Mark fields in error for assistive technology."""
            if field.errors:
                render_kw = {"aria-invalid": "true", **(render_kw or {})}
            return super().render_field(field, render_kw)

    def refuse(self, error: DomainError) -> None:
        """Show a refusal where it belongs: on its field, or above the form."""
        field = getattr(self, error.field, None) if error.field else None
        target = field.errors if field is not None else self.form_errors
        if field is not None:
            field.errors = [*target, error.message]
        else:
            self.form_errors = [*target, error.message]

    def submit(self, action: Callable[[], object]) -> bool:
        """Validate, then act; True when done, False when the page must be shown again with what was typed."""
        if not self.validate_on_submit():
            return False
        try:
            self.result = action()
        except Refused as error:
            self.refuse(error)
            return False
        return True


def required(message=None):
    """The field cannot stay empty."""
    return validators.InputRequired(message or lazy_("Remplissez ce champ."))


def at_most(length: int):
    """No more than so many characters."""
    return validators.Length(max=length, message=lazy_("Ce texte est trop long : %(max)d caractères au plus."))


def one_line(value: str | None) -> str:
    """A filter for names and titles: NFC, one line, no control or direction-changing signs."""
    cleaned = clean_input(value or "", limit=None)
    return " ".join(unicodedata.normalize("NFC", cleaned).split())


def many_lines(value: str | None) -> str:
    """A filter for texts: NFC, plain line ends, no control or direction-changing signs."""
    return clean_input(value or "", limit=None)
