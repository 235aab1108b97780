"""What a person may change of their account."""

import wtforms

from appliance.core import i18n
from appliance.core.i18n import lazy_
from appliance.web.forms import Choice, Form, Menu, at_most, one_line, required


class NameForm(Form):
    """One's own name."""

    first_name = wtforms.StringField(lazy_("Prénom"), filters=[one_line], validators=[required(), at_most(100)])
    last_name = wtforms.StringField(lazy_("Nom"), filters=[one_line], validators=[required(), at_most(100)])


class AppearanceForm(Form):
    """Language and colours."""

    language = Menu(
        lazy_("Langue"),
        choices=lambda: [(code, i18n.NAMES.get(code, code)) for code in i18n.languages()],
        validators=[required(lazy_("Choisissez dans la liste."))],
    )
    theme = Choice(
        lazy_("Apparence"),
        choices=[("", lazy_("Comme l’appareil")), ("light", lazy_("Claire")), ("dark", lazy_("Sombre"))],
    )


class EmailForm(Form):
    """The address that one may sign in with and that reset links go to."""

    email = wtforms.EmailField(
        lazy_("Adresse électronique"),
        filters=[one_line],
        validators=[at_most(254)],
        description=lazy_(
            "Elle sert à vous connecter et à retrouver votre mot de passe. Si vous la partagez avec quelqu’un, "
            "connectez-vous plutôt avec votre identifiant. Laissez vide pour la retirer."
        ),
    )
    present = wtforms.PasswordField(lazy_("Votre mot de passe actuel"), validators=[required(), at_most(1024)])


class PasswordForm(Form):
    """The present password and the new one."""

    present = wtforms.PasswordField(lazy_("Votre mot de passe actuel"), validators=[required(), at_most(1024)])
    new = wtforms.PasswordField(
        lazy_("Nouveau mot de passe"),
        validators=[required(), at_most(1024)],
        description=lazy_("Au moins douze caractères. Plusieurs mots sans lien se retiennent bien."),
    )
