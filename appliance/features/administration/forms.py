"""What may be typed about places, offices and accounts."""

from wtforms import BooleanField, StringField, validators

from appliance.core.i18n import lazy_
from appliance.web.forms import Choice, Form, Menu, at_most, one_line, required

ROLES = {
    "principal": lazy_("Direction"),
    "admin": lazy_("Administration"),
    "dpo": lazy_("Délégué à la protection des données"),
    "teacher": lazy_("Enseignant"),
    "assistant": lazy_("Assistant"),
    "guardian": lazy_("Responsable"),
}


def text(label, most: int, needed: bool = True, **options) -> StringField:
    """A line of text of at most so many characters."""
    return StringField(
        label,
        filters=[one_line],
        validators=[required() if needed else validators.Optional(), at_most(most)],
        **options,
    )


class SchoolForm(Form):
    """A school's name and town."""

    name = text(lazy_("Nom de l’école"), 200)
    city = text(lazy_("Commune"), 100, needed=False)


class NewSchoolForm(SchoolForm):
    """A school that comes."""

    uai = StringField(
        lazy_("Numéro UAI"),
        filters=[one_line, lambda value: (value or "").upper()],
        validators=[
            validators.Optional(),
            validators.Regexp(r"[0-9]{7}[A-Z]\Z", message=lazy_("Sept chiffres et une lettre, par exemple 0750001A.")),
        ],
    )


class ClassroomForm(Form):
    """A class's name and level."""

    name = text(lazy_("Nom de la classe"), 100)
    level = text(lazy_("Niveau"), 50, needed=False, description=lazy_("Par exemple CM1."))


class NewClassroomForm(ClassroomForm):
    """A class that comes."""

    year = Menu(lazy_("Année scolaire"))


class IdentifierForm(Form):
    """Someone who has an account."""

    identifier = text(lazy_("Identifiant ou adresse électronique"), 254)
    role = Menu(lazy_("Fonction"))


class PersonForm(Form):
    """Someone who has none yet."""

    first_name = text(lazy_("Prénom"), 100)
    last_name = text(lazy_("Nom"), 100)
    identifier = text(
        lazy_("Identifiant"),
        254,
        description=lazy_("L’adresse électronique professionnelle, ou un nom choisi s’il n’y en a pas."),
    )
    role = Menu(lazy_("Fonction"))


class SchoolPlanForm(Form):
    """The plan of a school's classes."""

    plan = Choice(lazy_("Formule des classes"), validators=[validators.Optional()])


class ClassroomPlanForm(Form):
    """The plan of a class, and what its families may do."""

    plan = Choice(lazy_("Formule de la classe"), validators=[validators.Optional()])
    family_comfort = BooleanField(
        lazy_("Confort famille"),
        description=lazy_("Les responsables peuvent enregistrer les photos et les vidéos de la classe."),
    )
