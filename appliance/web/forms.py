"""What people type: kept on error, checked in words, protected against forgery."""

from collections.abc import Callable

import flask
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import DateField, FileField, RadioField, SelectField, SelectMultipleField, TimeField, validators, widgets

from appliance.core.errors import DomainError, Refused
from appliance.core.i18n import lazy_
from appliance.core.richtext import normalise
from appliance.web.forgery import FieldProof, Protection

csrf = Protection()


class Form(FlaskForm):
    """A form of the appliance; `refuse` puts a rule's message beside the field that it concerns.

    After a `submit` that was not done, `status` is the one to answer with.
    """

    status = 200

    class Meta:
        csrf_class = FieldProof

        def wrap_formdata(self, form, formdata):
            """Read a form that was sent: files where files are expected, texts everywhere else, nothing of JSON."""
            request = flask.request
            if formdata is None or not form.is_submitted() or not (request.form or request.files):
                return None
            files = [
                pair for pair in request.files.items(multi=True) if isinstance(form._fields.get(pair[0]), FileField)
            ]
            return CombinedMultiDict((MultiDict(files), request.form))

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

    def submit(self, action: Callable[[], object], *, keep: tuple[type[DomainError], ...] = (Refused,)) -> bool:
        """Validate, then act; True when done, False when the page must be shown again with what was typed.

        Errors of the types in `keep` are shown on the form; the others become a page of their own.
        """
        if not self.validate_on_submit():
            self.status = 422
            return False
        try:
            self.result = action()
        except keep as error:
            self.refuse(error)
            self.status = error.status
            return False
        return True


def required(message=None):
    """The field cannot stay empty."""
    return validators.InputRequired(message or lazy_("Remplissez ce champ."))


def at_most(length: int):
    """No more than so many characters."""
    return validators.Length(max=length, message=lazy_("Ce texte est trop long\u202f: %(max)d caractères au plus."))


def one_line(value: str | None) -> str:
    """A filter for names and titles: NFC, one line, no control or direction-changing signs."""
    return " ".join(normalise(value or "").split())


def many_lines(value: str | None) -> str:
    """A filter for texts: NFC, plain line ends, no control or direction-changing signs."""
    return normalise(value or "").strip()


class CivilDate(DateField):
    """A date that may stay empty; what isn't one is refused in words."""

    def process_formdata(self, valuelist):
        """Read what the browser or the person wrote."""
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata([valuelist[0].strip()])
        except ValueError:
            raise ValueError(lazy_("Écrivez une date, par exemple 2017-03-24.")) from None


class CivilTime(TimeField):
    """An hour of the day that may stay empty; what isn't one is refused in words."""

    def process_formdata(self, valuelist):
        """Read what the browser or the person wrote."""
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata([valuelist[0].strip()])
        except ValueError:
            raise ValueError(lazy_("Écrivez une heure, par exemple 18:30.")) from None


class _Listed:
    def pre_validate(self, form):
        """Only what the page offered."""
        offered = {value for value, *_rest in self.iter_choices()}
        chosen = self.data if isinstance(self.data, list) else [self.data]
        if any(value not in offered for value in chosen):
            raise validators.ValidationError(lazy_("Choisissez dans la liste."))


class Choice(_Listed, RadioField):
    """One answer among a few, all visible."""


class Menu(_Listed, SelectField):
    """One answer among many."""


class Choices(_Listed, SelectMultipleField):
    """Any number of answers, as boxes to tick."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()
