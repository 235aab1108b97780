"""What is given to an import: a school and its files."""

from flask_wtf.file import FileField, FileRequired

from appliance.core.i18n import lazy_
from appliance.services.roster.keeping import ROLES
from appliance.services.roster.records import RosterFile
from appliance.web.forms import Form, Menu, required


class ImportForm(Form):
    """The school and the three files of ONDE; the teachers' file may be absent."""

    school = Menu(lazy_("École"), validators=[required()])
    pupils = FileField(
        lazy_("Fichier des élèves"), validators=[FileRequired(lazy_("Choisissez le fichier des élèves."))]
    )
    guardians = FileField(
        lazy_("Fichier des responsables"), validators=[FileRequired(lazy_("Choisissez le fichier des responsables."))]
    )
    teachers = FileField(lazy_("Fichier des enseignants (facultatif)"))

    def files(self, limit: int) -> dict[str, RosterFile]:
        """The files that were given, by role; one byte beyond the limit at most is read of each."""
        given = {role: self[role].data for role in ROLES if self[role].data}
        return {role: RosterFile(_name(each.filename), each.stream.read(limit + 1)) for role, each in given.items()}


class ConfirmForm(Form):
    """A button: nothing is typed, the proof against forgery is all."""


def _name(filename: str | None) -> str:
    """The name of a file as messages show it: its last part, of a bearable length."""
    return (filename or "").replace("\\", "/").rsplit("/", 1)[-1][:100] or "fichier.csv"
