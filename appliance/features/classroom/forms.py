"""What may be typed about the people of a class."""

from datetime import date

from wtforms import BooleanField, SelectMultipleField, StringField, validators
from wtforms.widgets import CheckboxInput, ListWidget

from appliance.core import clock
from appliance.core.i18n import lazy_
from appliance.web.forms import Choice, Choices, CivilDate, Form, Menu, at_most, one_line, required

AUTHORITIES = (
    ("legal", lazy_("Autorité parentale\u202f: reçoit les publications, répond et signe")),
    ("contact", lazy_("Simple contact\u202f: l’école peut l’appeler, il ne voit rien ici")),
    ("withdrawn", lazy_("Autorité retirée par une décision\u202f: ne voit plus rien")),
)
PHOTO_RIGHTS = (
    ("yes", lazy_("Oui, les responsables sont d’accord")),
    ("no", lazy_("Non\u202f: aucune photo de cet élève")),
    ("unknown", lazy_("Pas encore de réponse\u202f: traité comme un non")),
)
KINSHIPS = (
    ("", lazy_("Non précisé")),
    ("mother", lazy_("Mère")),
    ("father", lazy_("Père")),
    ("guardian", lazy_("Tuteur ou tutrice")),
    ("grandparent", lazy_("Grand-parent")),
    ("step_parent", lazy_("Beau-parent")),
    ("foster", lazy_("Famille d’accueil")),
    ("sibling", lazy_("Frère ou sœur")),
    ("other", lazy_("Autre")),
)
ROLES = (
    ("teacher", lazy_("Enseignant\u202f: publie et gère la classe")),
    ("assistant", lazy_("Assistant (ATSEM, AESH)\u202f: publie et lit, ne gère pas la classe")),
)


def text(label, *, most: int = 100, needed: bool = False, **options) -> StringField:
    """A line of text of at most so many characters."""
    checks = [required()] if needed else [validators.Optional()]
    return StringField(label, filters=[one_line], validators=[*checks, at_most(most)], **options)


def past_date(_form, field) -> None:
    """A birth is neither in the future nor in another century."""
    if field.data is not None and not date(1900, 1, 1) <= field.data <= clock.today():
        raise validators.ValidationError(lazy_("Vérifiez l’année\u202f: cette date n’est pas possible."))


class PupilForm(Form):
    """A pupil's names and birth."""

    first_name = text(lazy_("Prénom"), needed=True)
    last_name = text(lazy_("Nom de famille"), needed=True)
    usage_name = text(lazy_("Nom d’usage"), description=lazy_("S’il est différent du nom de famille."))
    born_on = CivilDate(lazy_("Date de naissance"), validators=[validators.Optional(), past_date])


class NewPupilForm(PupilForm):
    """A pupil who comes."""

    photo_rights = Choice(lazy_("Photos de cet élève"), choices=PHOTO_RIGHTS, default="unknown")
    namesake = BooleanField(lazy_("C’est un autre enfant qui porte le même nom"))


class PhotoRightsForm(Form):
    """Whether pictures of a pupil may be published."""

    photo_rights = Choice(lazy_("Peut-on publier des photos de cet élève dans la classe\u202f?"), choices=PHOTO_RIGHTS)


class ComfortForm(Form):
    """What the guardians of one pupil may do more."""

    family_comfort = BooleanField(
        lazy_("Confort famille"),
        description=lazy_("Ses responsables peuvent enregistrer les photos et les vidéos de la classe."),
    )


class AdultForm(Form):
    """An adult's names and how the school reaches them; nothing but the names is asked."""

    civility = Menu(lazy_("Civilité"), choices=(("", ""), ("Mme", lazy_("Mme")), ("M.", lazy_("M."))), default="")
    first_name = text(lazy_("Prénom"), needed=True)
    last_name = text(lazy_("Nom"), needed=True)
    usage_name = text(lazy_("Nom d’usage"))
    kinship = Menu(lazy_("Lien avec l’élève"), choices=KINSHIPS, default="")
    phone_mobile = text(lazy_("Téléphone portable"), most=30)
    phone_home = text(lazy_("Téléphone fixe"), most=30)
    phone_work = text(lazy_("Téléphone au travail"), most=30)
    email = text(
        lazy_("Adresse électronique"),
        most=254,
        description=lazy_("Facultative\u202f: le code imprimé suffit pour s’inscrire."),
    )
    address = text(lazy_("Adresse"), most=300)
    postal_code = text(lazy_("Code postal"), most=20)
    city = text(lazy_("Ville"))


class NewAdultForm(AdultForm):
    """An adult who is not known yet."""

    authority = Choice(lazy_("Ce que cette personne peut faire"), choices=AUTHORITIES, default="legal")
    document_reference = text(
        lazy_("Référence du document"),
        most=200,
        description=lazy_("Obligatoire si l’autorité est retirée\u202f: jugement, ordonnance, numéro et date."),
    )
    namesake = BooleanField(lazy_("C’est une autre personne qui porte le même nom"))


class LinkForm(Form):
    """Someone whom the school knows already."""

    guardian = Menu(lazy_("Personne"), validators=[required(lazy_("Choisissez une personne dans la liste."))])
    kinship = Menu(lazy_("Lien avec l’élève"), choices=KINSHIPS, default="")
    authority = Choice(lazy_("Ce que cette personne peut faire"), choices=AUTHORITIES, default="legal")
    document_reference = text(lazy_("Référence du document"), most=200)


class AuthorityForm(Form):
    """What a link allows."""

    authority = Choice(lazy_("Ce que cette personne peut faire"), choices=AUTHORITIES)
    document_reference = text(
        lazy_("Référence du document"),
        most=200,
        description=lazy_("Obligatoire pour un retrait\u202f: jugement, ordonnance, numéro et date."),
    )


class GroupForm(Form):
    """A group and its pupils."""

    name = text(lazy_("Nom du groupe"), needed=True)
    pupils = Choices(lazy_("Élèves du groupe"))


class ColleagueForm(Form):
    """A colleague who has an account already."""

    identifier = text(lazy_("Identifiant ou adresse électronique du collègue"), most=254, needed=True)
    role = Choice(lazy_("Rôle dans la classe"), choices=ROLES, default="teacher")


class InviteColleagueForm(Form):
    """A colleague who gets a printed code."""

    invited_role = Choice(lazy_("Rôle dans la classe"), choices=ROLES, default="teacher")


class DecisionForm(Form):
    """The child whom a request is about."""

    student = Menu(lazy_("Élève"), validators=[required(lazy_("Choisissez l’enfant de cette personne."))])
    adult = Menu(lazy_("Cette personne est"), default="")
    confirmed = BooleanField(lazy_("J’ai vérifié que cette personne exerce l’autorité parentale sur cet élève"))


class LettersForm(Form):
    """Who gets a letter. Values that the page did not offer are refused by the action."""

    guardians = SelectMultipleField(
        lazy_("Responsables"), choices=(), validate_choice=False, widget=ListWidget(), option_widget=CheckboxInput()
    )
