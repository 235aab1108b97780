"""What is typed to sign in or to choose a new password."""

import wtforms

from appliance.core.i18n import lazy_
from appliance.web.forms import Form, at_most, one_line, required


class SignInForm(Form):
    """Identifier and password; `suite` is where to go on."""

    identifier = wtforms.StringField(
        lazy_("Identifiant ou adresse électronique"), filters=[one_line], validators=[required(), at_most(254)]
    )
    password = wtforms.PasswordField(lazy_("Mot de passe"), validators=[required(), at_most(1024)])
    suite = wtforms.HiddenField()


class ForgottenForm(Form):
    """Whose password is forgotten."""

    identifier = wtforms.StringField(
        lazy_("Identifiant ou adresse électronique"), filters=[one_line], validators=[required(), at_most(254)]
    )


class CodeForm(Form):
    """A code from paper."""

    code = wtforms.StringField(lazy_("Code"), filters=[one_line], validators=[required(), at_most(60)])


class NewPasswordForm(Form):
    """The code again, and the new password."""

    code = wtforms.HiddenField(filters=[one_line], validators=[at_most(60)])
    password = wtforms.PasswordField(lazy_("Nouveau mot de passe"), validators=[required(), at_most(1024)])
