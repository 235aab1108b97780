"""What is typed on arrival: a code, a class key, who one is."""

import wtforms

from appliance.core.i18n import lazy_
from appliance.web.forms import Form, Menu, at_most, one_line, required

KINSHIPS = (
    ("", lazy_("Choisir…")),
    ("mother", lazy_("Mère")),
    ("father", lazy_("Père")),
    ("guardian", lazy_("Tuteur ou tutrice")),
    ("grandparent", lazy_("Grand-parent")),
    ("other", lazy_("Autre")),
)


class CodeForm(Form):
    """The code of a letter."""

    code = wtforms.StringField(lazy_("Code de la lettre"), filters=[one_line], validators=[required(), at_most(60)])


class JoinFields:
    """The class key and the child."""

    key = wtforms.StringField(
        lazy_("Clé de la classe"),
        filters=[one_line],
        validators=[required(), at_most(30)],
        description=lazy_("Les huit signes donnés par l’enseignant."),
    )
    child_name = wtforms.StringField(
        lazy_("Prénom et nom de l’enfant"), filters=[one_line], validators=[required(), at_most(200)]
    )
    kinship = Menu(
        lazy_("Vous êtes"),
        choices=KINSHIPS,
        validators=[required(lazy_("Choisissez dans la liste."))],
    )


class PersonFields:
    """Who opens an account; the identifier is made by the server, so that no answer tells who has one."""

    first_name = wtforms.StringField(lazy_("Prénom"), filters=[one_line], validators=[required(), at_most(100)])
    last_name = wtforms.StringField(lazy_("Nom"), filters=[one_line], validators=[required(), at_most(100)])
    email = wtforms.EmailField(
        lazy_("Adresse électronique"),
        filters=[one_line],
        validators=[at_most(254)],
        description=lazy_(
            "Elle sert à vous connecter et à retrouver votre mot de passe. "
            "Vous recevrez aussi un identifiant, qui suffit sans elle."
        ),
    )
    password = wtforms.PasswordField(
        lazy_("Mot de passe"),
        validators=[required(), at_most(1024)],
        description=lazy_("Au moins douze caractères. Plusieurs mots sans lien se retiennent bien."),
    )


class OpenAccountForm(Form, PersonFields):
    """A new account from an invitation."""


class JoinForm(Form, JoinFields):
    """Someone with an account asks to join."""


class JoinWithAccountForm(Form, JoinFields, PersonFields):
    """Someone without account asks to join and opens one."""
