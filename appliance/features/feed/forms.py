"""What may be typed in the feed: kept when it is refused, with the reason beside it."""

from datetime import datetime

from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    MultipleFileField,
    StringField,
    TextAreaField,
)

from appliance.core import clock, ids
from appliance.core.errors import Refused
from appliance.core.i18n import _, lazy_
from appliance.features.feed.actions import Content
from appliance.web.forms import CivilDate, CivilTime, Form, many_lines


class Words(Field):
    """Several values of one name, as ticked boxes send them; the action knows which of them are of the class."""

    def process_formdata(self, valuelist):
        """What was sent, in order."""
        self.data = [value for value in valuelist if isinstance(value, str)]


class PostForm(Form):
    """The composer; files come beside it, several in the field `files`, or came before it: `uploads` holds their
    ids."""

    text = TextAreaField(lazy_("Votre message"), filters=[many_lines])
    audience = StringField(lazy_("Pour qui"), default="whole")
    groups = Words(lazy_("Groupes"))
    students = Words(lazy_("Enfants"))
    comments_closed = BooleanField(lazy_("Fermer les commentaires"))
    reactions_closed = BooleanField(lazy_("Fermer les réactions"))
    publish_on = CivilDate(lazy_("Date"))
    publish_time = CivilTime(lazy_("Heure"))
    files = MultipleFileField(lazy_("Photos et documents"))
    uploads = Words(lazy_("Fichiers envoyés"))
    removed = Words(lazy_("Retirer"))
    submission = HiddenField(default=ids.new_id)
    version = HiddenField()

    def content(self) -> Content:
        """What was typed, for the actions."""
        return Content(
            text=self.text.data or "",
            audience=self.audience.data or "",
            groups=tuple(self.groups.data or ()),
            students=tuple(self.students.data or ()),
            comments_open=not self.comments_closed.data,
            reactions_open=not self.reactions_closed.data,
        )

    def chosen_files(self) -> list:
        """The files that were chosen; an empty field sends one without a name."""
        return [each for each in self.files.data or () if getattr(each, "filename", "")]

    def number(self) -> int:
        """The version that was being corrected; 0 when the form was tampered with, which conflicts with all."""
        value = self.version.data or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else 0

    def publish_at(self):
        """The instant typed on the school's clocks; Refused when the date or the hour is missing."""
        if self.publish_on.data is None or self.publish_time.data is None:
            raise Refused(_("Indiquez la date et l’heure de publication."), field="publish_on")
        typed = datetime.combine(self.publish_on.data, self.publish_time.data)
        if not 2000 <= typed.year <= clock.today().year + 2:
            raise Refused(_("Cette date est trop lointaine. Vérifiez l’année."), field="publish_on")
        return clock.from_local(typed)


class CommentForm(Form):
    """A comment."""

    text = TextAreaField(lazy_("Votre commentaire"), filters=[many_lines])
    submission = HiddenField(default=ids.new_id)
